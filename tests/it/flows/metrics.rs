//! `GET /metrics`: on its own listener, with what happened, without what must stay secret.

use std::net::SocketAddr;
use std::str::FromStr;

use doorward_tests::bootstrap::{ACME, ALICE, CLIENT_SECRET, PASSWORD, WEBAPP};
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::binary::free_port;
use doorward_tests::harness::wire::{Wire, request};
use doorward_tests::{App, Binary, Database, Home, raw};

async fn figures(address: SocketAddr) -> String {
    let mut wire = Wire::open(address).await.expect("metrics are served");
    let answer = wire.ask(&request("GET", "/metrics", None, None)).await.expect("they are answered");
    assert_eq!(answer.status(), 200);
    String::from_utf8(answer.body().to_vec()).expect("the format is UTF-8")
}

/// The value of a series, written as in the text.
#[track_caller]
fn value<Number: FromStr>(text: &str, series: &str) -> Number {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let line = line.unwrap_or_else(|| unreachable!("no {series} in\n{text}"));
    line.parse().unwrap_or_else(|_| unreachable!("{series} is {line}"))
}

/// How many series requests have made; those of transactions grow by what runs beside requests.
fn series(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with("doorward_http_")).count()
}

#[test]
fn metrics_say_what_happened_and_no_secrets() {
    for database in [Database::Sqlite, Database::Postgres] {
        let Some(home) = Home::furnished(database) else { continue };
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let home = home.set("server.metrics_listen", &address.to_string());
        block_on(async { watch(&home.serve().await, address).await });
    }
}

async fn watch(server: &Binary, address: SocketAddr) {
    let (access, refresh) = server.sign_in(WEBAPP, "alice").await;
    for _ in 0..3 {
        assert!(server.accepts(&access).await);
    }
    let wrong = App::credentials(WEBAPP, "alice", "Wrong-Horse-7");
    assert_eq!(server.post("/auth/login", None, &wrong).await.0, 401);
    assert_eq!(server.get("/auth/me", Some("nonsense")).await.0, 401);
    let log_out = serde_json::json!({ "refreshToken": refresh });
    assert_eq!(server.post("/logout", Some(&access), &log_out).await.0, 200);

    let text = figures(address).await;
    let me = |status| {
        format!("doorward_http_requests_total{{route=\"/auth/me\",method=\"GET\",status=\"{status}\"}}")
    };
    assert_eq!(value::<u32>(&text, &me(200)), 3);
    assert_eq!(value::<u32>(&text, &me(401)), 1);
    let duration = "doorward_http_request_duration_seconds_count{route=\"/auth/me\"}";
    assert_eq!(value::<u32>(&text, duration), 4);
    assert_eq!(value::<u32>(&text, "doorward_sign_ins_total{outcome=\"succeeded\"}"), 1);
    assert_eq!(value::<u32>(&text, "doorward_sign_ins_total{outcome=\"invalid_credentials\"}"), 1);
    assert_eq!(value::<u32>(&text, "doorward_password_hashes_total"), 2);
    assert_eq!(value::<u32>(&text, "doorward_password_hashes_running"), 0);
    let login = "doorward_transactions_total{transaction=\"login_token\",outcome=\"committed\"}";
    assert_eq!(value::<u32>(&text, login), 1);
    assert_eq!(value::<u32>(&text, "doorward_pool_wait_seconds_count{transaction=\"login_token\"}"), 1);
    let lag: f64 = value(&text, "doorward_revocation_lag_seconds");
    assert!((0.0..5.0).contains(&lag), "{lag}");
    assert_eq!(value::<u32>(&text, "doorward_revocations_held"), 1);
    let build = format!("doorward_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(value::<u32>(&text, &build), 1);
    let described = |name: &str| text.contains(&format!("# HELP {name} "));
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap_or_default();
        assert!(described(name), "{name} is not described");
    }

    for secret in [PASSWORD, CLIENT_SECRET, "Wrong-Horse-7", ALICE, ACME, "alice", WEBAPP, &access, &refresh]
    {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
    strangers_make_no_series(server, address).await;
    assert_eq!(server.get("/metrics", None).await.0, 404, "not on the public listener");
    assert_eq!(raw::status(address, "GET /auth/me HTTP/1.1\r\n", b"").await, Some(404));
}

/// Paths, methods and headers that clients invent are counted together.
async fn strangers_make_no_series(server: &Binary, address: SocketAddr) {
    let invent = async |number: usize| {
        assert_eq!(server.get(&format!("/invented/{number}?q={number}"), None).await.0, 404);
        let _ = raw::status(server.address, &format!("INVENT{number} /auth/me HTTP/1.1\r\n"), b"").await;
        let _ = raw::status(server.address, &format!("GET /auth/me/{number} HTTP/1.1\r\n"), b"").await;
    };
    invent(0).await;
    let before = figures(address).await;
    for number in 1..20 {
        invent(number).await;
    }
    let after = figures(address).await;
    assert_eq!(series(&before), series(&after), "{after}");
    assert!(!after.contains("invented") && !after.contains("INVENT"), "{after}");
}

#[test]
fn an_address_that_is_taken_is_told_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("a bound socket has an address").to_string();
    let home = Home::sqlite().set("server.metrics_listen", &address);
    let output = home.run(&["serve"]);
    let expected = format!("server.metrics_listen = \"{address}\" cannot be used");
    assert!(output.code == Some(1) && output.stderr.contains(&expected), "{output:?}");
}

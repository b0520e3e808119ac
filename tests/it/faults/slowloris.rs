//! Many clients that open connections and then take their time: the others notice little (T14).

use std::net::SocketAddr;
use std::time::Duration;

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::binary::free_port;
use doorward_tests::harness::nodes::{Times, stopwatch};
use doorward_tests::harness::wire::{Wire, request};
use doorward_tests::{Binary, Database, Home};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const HALF_OPEN: usize = 500;
/// Far beyond every timeout of the server: who is still connected then is held for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// What slow clients begin with, and then send a byte of at a time.
const BEGINNINGS: [&str; 4] = [
    "",
    "GET /auth/me HT",
    "GET /auth/me HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{",
];

/// Trickles bytes until the server closes; how long that took.
async fn trickle(address: SocketAddr, beginning: &str) -> Duration {
    let start = stopwatch();
    let Ok(mut stream) = TcpStream::connect(address).await else { return Duration::ZERO };
    let _ = stream.write_all(beginning.as_bytes()).await;
    let (mut reading, mut writing) = stream.split();
    let sending = async {
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            if !beginning.is_empty() && writing.write_all(b"x").await.is_err() {
                return;
            }
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = sending => {}
        _ = reading.read_to_end(&mut answer) => {}
        () = tokio::time::sleep(PATIENCE) => {}
    }
    start.elapsed()
}

/// Times of a few clients that behave.
async fn normal_times(server: &Binary, access: &str) -> Times {
    let me = request("GET", "/auth/me", Some(access), None);
    let client = async || {
        let mut times = Vec::new();
        let mut wire = Wire::open(server.address).await.expect("the server listens");
        for _ in 0..150 {
            let start = stopwatch();
            let answer = wire.ask(&me).await.expect("the server answers");
            assert_eq!(answer.status(), 200);
            times.push(start.elapsed());
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
        times
    };
    let (a, b, c) = futures_util::join!(client(), client(), client());
    Times::of([a, b, c].concat())
}

#[test]
fn half_open_connections_slow_nobody_down() {
    let home = Home::furnished(Database::Sqlite).expect("SQLite is never left out");
    let home = home.set("server.header_timeout", "4s").set("server.request_timeout", "8s");
    block_on(async {
        let server = home.serve().await;
        let (access, _) = server.sign_in(WEBAPP, "alice").await;
        let quiet = normal_times(&server, &access).await;
        let slow = BEGINNINGS.iter().cycle().take(HALF_OPEN);
        let slow = join_all(slow.map(|beginning| trickle(server.address, beginning)));
        let normal = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            normal_times(&server, &access).await
        };
        let (closed_after, busy) = futures_util::join!(slow, normal);
        quiet.print("without slow clients");
        busy.print("beside 500 slow clients");
        let closed_after = Times::of(closed_after);
        closed_after.print("slow clients cut off after");
        // The target is twice; on a machine that tests in parallel only a generous bound is not a matter of luck.
        let bound = (quiet.percentile(99) * 5).max(Duration::from_millis(150));
        assert!(busy.percentile(99) < bound, "{:?}", busy.percentile(99));
        assert!(closed_after.percentile(100) < Duration::from_secs(12), "a slow client is held for ever");
        assert!(closed_after.percentile(1) > Duration::from_secs(1), "they were never let in");
    });
}

#[test]
fn connections_beyond_the_cap_wait_for_their_turn() {
    let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let home = Home::furnished(Database::Sqlite)
        .expect("SQLite is never left out")
        .set("server.max_connections", "8")
        .set("server.header_timeout", "1s")
        .set("server.metrics_listen", &metrics.to_string());
    block_on(async {
        let server = home.serve().await;
        let slow = join_all((0..24).map(|_| trickle(server.address, BEGINNINGS[1])));
        let asking = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let mut metrics = Wire::open(metrics).await.expect("metrics are served beside the full listener");
            let text = metrics.ask(&request("GET", "/metrics", None, None)).await.expect("they are answered");
            let text = String::from_utf8_lossy(text.body()).into_owned();
            assert!(text.contains("\ndoorward_http_connections 8\n"), "{text}");
            assert!(text.contains("\ndoorward_http_connections_max 8\n"), "{text}");
            let start = stopwatch();
            let mut wire = Wire::open(server.address).await.expect("the kernel lets it in");
            let answer =
                wire.ask(&request("GET", "/ping", None, None)).await.expect("it is served in the end");
            assert_eq!(answer.status(), 200);
            start.elapsed()
        };
        let (_, waited) = futures_util::join!(slow, asking);
        assert!(waited > Duration::from_millis(500), "the cap let it in at once: {waited:?}");
        assert!(waited < Duration::from_secs(15), "{waited:?}");
    });
}

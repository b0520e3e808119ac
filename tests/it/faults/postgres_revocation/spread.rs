//! How soon the others hear.

use std::time::Duration;

use doorward_tests::harness::app::block_on;
use doorward_tests::harness::binary::free_port;
use doorward_tests::harness::nodes::{
    RECOVERY_BOUND, TAIL_BOUND, Times, count, logged, serve, sign_in, spread, stopwatch,
};
use doorward_tests::harness::redis::RedisServer;
use doorward_tests::{Database, Home};

use super::{home, home_with};

/// The promise is 100 ms for 99 of 100; a busy machine may take longer.
const NEWS_BOUND: Duration = Duration::from_secs(1);

#[test]
fn two_nodes_hear_by_redis() {
    hear_by_redis(2, 100);
}

#[test]
fn three_nodes_hear_by_redis() {
    hear_by_redis(3, 100);
}

fn hear_by_redis(nodes: usize, times: usize) {
    let redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let nodes = serve(&home, nodes).await;
        for node in &nodes {
            logged(node, "redis_connected", 1, RECOVERY_BOUND).await;
        }
        let mut measured = Vec::new();
        for _ in 0..times {
            measured.push(spread(&nodes, "alice", NEWS_BOUND).await);
        }
        let measured = Times::of(measured);
        measured.print(&format!("{} nodes with Redis", nodes.len()));
        assert!(measured.percentile(99) < NEWS_BOUND);
    });
}

#[test]
fn two_nodes_hear_without_redis() {
    hear_without_redis(2, 12);
}

#[test]
fn three_nodes_hear_without_redis() {
    hear_without_redis(3, 12);
}

fn hear_without_redis(nodes: usize, times: u32) {
    let Some(home) = home() else { return };
    block_on(async {
        let nodes = serve(&home, nodes).await;
        let mut measured = Vec::new();
        for number in 0..times {
            // The last measurement ended with a look at the table; this one begins anywhere between two looks.
            tokio::time::sleep(Duration::from_millis(u64::from(number) * 383 % 1000)).await;
            measured.push(spread(&nodes, "alice", TAIL_BOUND).await);
        }
        Times::of(measured).print(&format!("{} nodes without Redis", nodes.len()));
    });
}

#[test]
fn a_command_is_heard_by_redis() {
    const DEACTIVATE: &str = r#"
[[users]]
username = "bob"
memberships = [{ tenant = "acme", role = "Member", status = "inactive" }]
"#;
    let redis = RedisServer::start();
    // The tail alone would take ten seconds.
    let Some(home) = home_with(&redis) else { return };
    let home = home.set("revocation.max_staleness", "30s").set("revocation.poll", "20s");
    block_on(async {
        let nodes = serve(&home, 2).await;
        for node in &nodes {
            logged(node, "redis_connected", 1, RECOVERY_BOUND).await;
        }
        let pair = sign_in(&nodes[0], "bob").await;
        let start = stopwatch();
        let _ = home.apply(DEACTIVATE, &[]).ok();
        for node in &nodes {
            assert!(!node.accepts(&pair.access).await, "{}", node.log());
        }
        assert!(start.elapsed() < Duration::from_secs(10));
    });
}

#[test]
fn strangers_on_one_redis_do_not_hear_each_other() {
    let redis = RedisServer::start();
    let (Some(ours), Some(theirs)) = (home_with(&redis), home_with(&redis)) else { return };
    let theirs = theirs.set("tokens.issuer", "https://elsewhere.example.test");
    block_on(async {
        let (ours, theirs) = (ours.serve().await, theirs.serve().await);
        logged(&theirs, "redis_connected", 1, RECOVERY_BOUND).await;
        logged(&ours, "redis_connected", 1, RECOVERY_BOUND).await;
        assert_eq!(redis.command("PUBSUB NUMPAT"), ":0");
        assert_eq!(redis.command("PUBSUB CHANNELS"), "*2", "each has a channel of its own");
        assert_eq!(redis.command("DBSIZE"), ":0", "and nothing is kept");
    });
}

#[test]
fn news_travels_by_tls() {
    let Some(home) = home() else { return };
    let made =
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate can be made");
    let certificate = home.write("redis.pem", &made.cert.pem());
    let key = home.write("redis.key", &made.signing_key.serialize_pem());
    let other =
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate can be made");
    let other = home.write("other.pem", &other.cert.pem());
    let text = |path: &std::path::Path| path.to_str().expect("temporary paths are UTF-8").to_owned();
    let (port, certificate, key) = (free_port().to_string(), text(&certificate), text(&key));
    let _redis = RedisServer::start_with(&[
        "--tls-port",
        &port,
        "--tls-auth-clients",
        "no",
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &certificate,
    ]);
    let home = home.set("redis.url", &format!("rediss://127.0.0.1:{port}"));
    block_on(async {
        let home = home.with_variable("SSL_CERT_FILE", &certificate);
        let nodes = serve(&home, 2).await;
        for node in &nodes {
            logged(node, "redis_connected", 1, RECOVERY_BOUND).await;
        }
        assert!(spread(&nodes, "alice", NEWS_BOUND).await < NEWS_BOUND);
        // Nobody talks to a Redis whose certificate nobody vouches for.
        let home = home.with_variable("SSL_CERT_FILE", &text(&other));
        let node = home.serve().await;
        logged(&node, "redis_lost", 1, RECOVERY_BOUND).await;
        assert!(node.accepts(&sign_in(&node, "alice").await.access).await);
        assert_eq!(count(&node, "redis_connected"), 0);
    });
}

/// The rights that docs/operations.md advises.
const RIGHTS: &str =
    "ACL SETUSER doorward on >CANARY-0d5b7a resetchannels &doorward:* -@all +publish +subscribe";

#[test]
fn few_rights_suffice() {
    let redis = RedisServer::start();
    assert_eq!(redis.command(RIGHTS), "+OK");
    let Some(home) = home() else { return };
    let home = home.set("redis.url", &format!("redis://doorward:CANARY-0d5b7a@{}", redis.address));
    block_on(async {
        let nodes = serve(&home, 2).await;
        for node in &nodes {
            logged(node, "redis_connected", 1, RECOVERY_BOUND).await;
        }
        assert!(spread(&nodes, "alice", NEWS_BOUND).await < NEWS_BOUND);
    });
}

#[test]
fn a_password_is_needed_where_redis_wants_one() {
    let redis = RedisServer::start_with(&["--requirepass", "CANARY-0d5b7a-redis"]);
    let Some(home) = Home::furnished(Database::Postgres) else { return };
    let with = |password: &str| format!("redis://:{password}@{}", redis.address);
    block_on(async {
        let home = home.set("redis.url", &with("CANARY-0d5b7a-redis"));
        let right = home.serve().await;
        logged(&right, "redis_connected", 1, RECOVERY_BOUND).await;
        let home = home.set("redis.url", &with("CANARY-0d5b7a-wrong"));
        let wrong = home.serve().await;
        logged(&wrong, "redis_lost", 1, RECOVERY_BOUND).await;
        let nodes = [right, wrong];
        let _ = spread(&nodes, "alice", TAIL_BOUND).await;
        for node in &nodes {
            assert!(!node.log().contains("CANARY"), "{}", node.log());
        }
    });
}

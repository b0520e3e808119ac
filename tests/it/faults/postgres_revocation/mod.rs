//! Several real servers on one PostgreSQL, with and without Redis: what one revokes, no other accepts (D1, I2, I7).

mod redis_fails;
mod rounds;
mod shut_out;
mod spread;
mod sql_fails;

use doorward_tests::harness::nodes::{Pair, TAIL_BOUND, refused_everywhere, sign_in, sign_out};
use doorward_tests::harness::redis::RedisServer;
use doorward_tests::{Binary, Database, Home};

/// A furnished PostgreSQL database; `None` where PostgreSQL may be left out.
fn home() -> Option<Home> {
    Home::furnished(Database::Postgres)
}

/// As [`home`], with a Redis.
fn home_with(redis: &RedisServer) -> Option<Home> {
    Some(home()?.set("redis.url", &redis.url()))
}

/// Tokens that every node has learnt to be revoked.
async fn revoked_everywhere(nodes: &[Binary]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        for username in ["alice", "bob"] {
            let pair = sign_in(&nodes[(number + 1) % nodes.len()], username).await;
            sign_out(node, &pair).await;
            let _ = refused_everywhere(nodes, &pair.access, TAIL_BOUND).await;
            pairs.push(pair);
        }
    }
    pairs
}

/// None of the tokens is accepted by any node, nor can one be refreshed.
async fn still_refused(nodes: &[Binary], pairs: &[Pair]) {
    for node in nodes {
        for pair in pairs {
            let (status, answer) = node.get("/auth/me", Some(&pair.access)).await;
            assert_eq!(status, 401, "{answer}");
            assert_eq!(node.refresh(&pair.access, &pair.refresh).await.0, 401);
        }
    }
}

/// Sign-in, token check, refresh and readiness work on every node.
async fn service_goes_on(nodes: &[Binary]) {
    for node in nodes {
        let pair = sign_in(node, "alice").await;
        assert!(node.accepts(&pair.access).await);
        assert_eq!(node.refresh(&pair.access, &pair.refresh).await.0, 200);
        assert_eq!(node.get("/health/ready", None).await.0, 200);
    }
}

//! The database is out of reach of a node, commits late, or has much to tell a node that starts.

use std::net::SocketAddr;
use std::time::Duration;

use doorward_tests::harness::app::block_on;
use doorward_tests::harness::binary::free_port;
use doorward_tests::harness::nodes::{
    RECOVERY_BOUND, TAIL_BOUND, logged, refused_everywhere, serve, sign_in, sign_out, stopwatch,
};
use doorward_tests::harness::proxy::Proxy;
use doorward_tests::harness::redis::RedisServer;
use doorward_tests::{Binary, jwt};
use sqlx::{Connection as _, PgConnection};

use super::{home, home_with};

const STALENESS: Duration = Duration::from_secs(5);

async fn me(node: &Binary, access: &str) -> u16 {
    node.get("/auth/me", Some(access)).await.0
}

/// From `STALENESS` on, the node says 503 to both; before, it never says 200 to what it can know to be revoked.
async fn trusts_nothing_when_stale(node: &Binary, alive: &str, since: std::time::Instant) {
    while me(node, alive).await == 200 {
        // The last look began up to a second before the wire was held.
        assert!(since.elapsed() < STALENESS + Duration::from_millis(500), "{}", node.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(since.elapsed() > STALENESS / 2, "it gave up too early: {:?}", since.elapsed());
    assert_eq!(me(node, alive).await, 503);
    let ready = tokio::time::timeout(Duration::from_secs(8), node.get("/health/ready", None)).await;
    assert_eq!(ready.expect("readiness is answered").0, 503);
}

#[test]
fn a_node_that_has_lost_both_answers_503() {
    let redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let near = home.serve().await;
        let (to_sql, url) = Proxy::before_postgres(&home.place.url).await;
        let to_redis =
            Proxy::start(doorward_tests::harness::proxy::Target::Tcp(redis.address.to_string())).await;
        let home = home.set("database.url", &url).set("redis.url", &format!("redis://{}", to_redis.address));
        let far = home.serve().await;
        let (revoked, alive) = (sign_in(&near, "bob").await, sign_in(&near, "alice").await);
        assert!(far.accepts(&revoked.access).await && far.accepts(&alive.access).await);
        to_sql.freeze();
        to_redis.freeze();
        let start = stopwatch();
        sign_out(&near, &revoked).await;
        trusts_nothing_when_stale(&far, &alive.access, start).await;
        assert_eq!(me(&far, &revoked.access).await, 503);
        assert_eq!(me(&near, &alive.access).await, 200, "the other node is not concerned");
        // Redis alone makes nobody trust anything.
        to_redis.thaw();
        logged(&far, "redis_recovered", 1, RECOVERY_BOUND).await;
        assert_eq!(me(&far, &alive.access).await, 503);
        to_sql.thaw();
        let start = stopwatch();
        loop {
            match (me(&far, &revoked.access).await, me(&far, &alive.access).await) {
                (401 | 503, 503) => assert!(start.elapsed() < RECOVERY_BOUND, "{}", far.log()),
                (401 | 503, 200) => break,
                other => unreachable!("it trusts before it knows: {other:?}"),
            }
        }
        assert_eq!(me(&far, &revoked.access).await, 401);
    });
}

#[test]
fn a_node_without_its_database_hears_by_redis() {
    let redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let near = home.serve().await;
        let (to_sql, url) = Proxy::before_postgres(&home.place.url).await;
        // The database goes when its home does.
        let home = home.set("database.url", &url);
        let far = home.serve().await;
        logged(&far, "redis_connected", 1, RECOVERY_BOUND).await;
        logged(&near, "redis_connected", 1, RECOVERY_BOUND).await;
        let (revoked, alive) = (sign_in(&near, "bob").await, sign_in(&near, "alice").await);
        assert!(far.accepts(&revoked.access).await);
        to_sql.freeze();
        let start = stopwatch();
        sign_out(&near, &revoked).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!((me(&far, &revoked.access).await, me(&far, &alive.access).await), (401, 200));
        trusts_nothing_when_stale(&far, &alive.access, start).await;
    });
}

#[test]
fn a_row_committed_out_of_order_is_not_missed() {
    let Some(home) = home() else { return };
    block_on(async {
        let nodes = serve(&home, 2).await;
        let late = sign_in(&nodes[0], "alice").await;
        let session = jwt::claims(&late.access)["sid"].as_str().expect("a session").to_owned();
        let mut connection = PgConnection::connect(&home.place.url).await.expect("the database answers");
        let mut transaction = connection.begin().await.expect("it begins");
        let insert = "INSERT INTO revocations (kind, subject, epoch, until, created_at)
            VALUES ('session', CAST($1 AS uuid), NULL, now() + interval '1 hour', now())";
        sqlx::query(insert).bind(session).execute(&mut *transaction).await.expect("the row is written");
        // Later rows are committed and read by the tail meanwhile.
        for _ in 0..3 {
            let pair = sign_in(&nodes[0], "bob").await;
            sign_out(&nodes[0], &pair).await;
            let _ = refused_everywhere(&nodes, &pair.access, TAIL_BOUND).await;
        }
        assert!(nodes[1].accepts(&late.access).await);
        transaction.commit().await.expect("it commits");
        let _ = refused_everywhere(&nodes, &late.access, TAIL_BOUND).await;
    });
}

/// More than any real table, so that reading them takes a while.
const MANY: &str = "INSERT INTO revocations (kind, subject, epoch, until, created_at)
    SELECT 'session', gen_random_uuid(), NULL, now() + interval '1 hour', now() FROM generate_series(1, 200000)";

#[test]
fn a_starting_node_loads_before_it_answers() {
    let Some(home) = home() else { return };
    block_on(async {
        let first = home.serve().await;
        let (revoked, alive) = (sign_in(&first, "bob").await, sign_in(&first, "alice").await);
        sign_out(&first, &revoked).await;
        let mut connection = PgConnection::connect(&home.place.url).await.expect("the database answers");
        sqlx::raw_sql(MANY).execute(&mut connection).await.expect("rows are written");
        for _ in 0..3 {
            let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
            let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client can be built");
            let url = format!("http://{address}/auth/me");
            let asking = async {
                loop {
                    if let Ok(reply) = http.get(&url).bearer_auth(&revoked.access).send().await {
                        return reply.status().as_u16();
                    }
                    // Refused until it can answer: who asks without a pause takes the time it needs.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            // The very first answer already is the right one.
            let (status, mut node) = futures_util::join!(asking, home.serve_at(address));
            assert_eq!(status, 401, "{}", node.log());
            assert_eq!(me(&node, &alive.access).await, 200);
            node.kill();
        }
    });
}

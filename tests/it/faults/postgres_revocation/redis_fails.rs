//! Redis is emptied, killed, paused, cut off, made a replica, full, or no Redis at all. SQL carries on.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use doorward_tests::Binary;
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::binary::free_port;
use doorward_tests::harness::nodes::{
    RECOVERY_BOUND, TAIL_BOUND, Times, count, logged, refused_everywhere, serve, sign_in, sign_out, spread,
    stopwatch,
};
use doorward_tests::harness::proxy::{Proxy, Target};
use doorward_tests::harness::redis::RedisServer;

use super::{home, home_with, revoked_everywhere, service_goes_on, still_refused};

async fn all_logged(nodes: &[Binary], event: &str, times: usize) {
    for node in nodes {
        logged(node, event, times, RECOVERY_BOUND).await;
    }
}

/// Revoked on one node, refused by all in time; and nobody who signs out waits for a Redis that is not there.
async fn news_travels(nodes: &[Binary], what: &str) {
    let mut times = Vec::new();
    for _ in 0..3 {
        times.push(spread(nodes, "alice", TAIL_BOUND).await);
    }
    Times::of(times).print(what);
    let pair = sign_in(&nodes[0], "alice").await;
    let start = stopwatch();
    sign_out(&nodes[0], &pair).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{what}: signing out took {:?}", start.elapsed());
}

#[test]
fn emptied() {
    let redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let nodes = serve(&home, 2).await;
        let pairs = revoked_everywhere(&nodes).await;
        for command in ["FLUSHALL", "SCRIPT FLUSH", "CONFIG RESETSTAT"] {
            assert_eq!(redis.command(command), "+OK");
        }
        still_refused(&nodes, &pairs).await;
        news_travels(&nodes, "emptied Redis").await;
        assert_eq!(count(&nodes[0], "redis_lost"), 0);
    });
}

#[test]
fn killed_and_started_empty() {
    let mut redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let nodes = serve(&home, 3).await;
        all_logged(&nodes, "redis_connected", 1).await;
        let mut pairs = revoked_everywhere(&nodes).await;
        redis.kill();
        still_refused(&nodes, &pairs).await;
        all_logged(&nodes, "redis_lost", 1).await;
        service_goes_on(&nodes).await;
        news_travels(&nodes, "killed Redis").await;
        pairs.extend(revoked_everywhere(&nodes).await);
        redis.launch();
        let start = stopwatch();
        all_logged(&nodes, "redis_recovered", 1).await;
        Times::of(vec![start.elapsed()]).print("back after a restart of Redis");
        still_refused(&nodes, &pairs).await;
        news_travels(&nodes, "restarted Redis").await;
        for node in &nodes {
            assert_eq!((count(node, "redis_lost"), count(node, "redis_recovered")), (1, 1), "{}", node.log());
        }
    });
}

#[test]
fn absent_at_the_start() {
    let mut redis = RedisServer::stopped(SocketAddr::from(([127, 0, 0, 1], free_port())));
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let nodes = serve(&home, 2).await;
        service_goes_on(&nodes).await;
        let pairs = revoked_everywhere(&nodes).await;
        redis.launch();
        all_logged(&nodes, "redis_recovered", 1).await;
        still_refused(&nodes, &pairs).await;
        news_travels(&nodes, "late Redis").await;
    });
}

#[test]
fn paused() {
    let redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let nodes = serve(&home, 2).await;
        all_logged(&nodes, "redis_connected", 1).await;
        let pairs = revoked_everywhere(&nodes).await;
        redis.pause();
        // Before the nodes know, and after.
        news_travels(&nodes, "Redis paused a moment ago").await;
        all_logged(&nodes, "redis_lost", 1).await;
        still_refused(&nodes, &pairs).await;
        service_goes_on(&nodes).await;
        news_travels(&nodes, "paused Redis").await;
        let pair = sign_in(&nodes[0], "alice").await;
        sign_out(&nodes[0], &pair).await;
        redis.resume();
        let start = stopwatch();
        all_logged(&nodes, "redis_recovered", 1).await;
        Times::of(vec![start.elapsed()]).print("back after a pause of Redis");
        let _ = refused_everywhere(&nodes, &pair.access, TAIL_BOUND).await;
        news_travels(&nodes, "resumed Redis").await;
    });
}

#[test]
fn cut_off_from_one_node() {
    let redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let near = home.serve().await;
        let proxy = Proxy::start(Target::Tcp(redis.address.to_string())).await;
        let home = home.set("redis.url", &format!("redis://{}", proxy.address));
        let nodes = [near, home.serve().await];
        all_logged(&nodes, "redis_connected", 1).await;
        proxy.freeze();
        news_travels(&nodes, "Redis just cut off").await;
        logged(&nodes[1], "redis_lost", 1, RECOVERY_BOUND).await;
        news_travels(&nodes, "Redis cut off").await;
        service_goes_on(&nodes).await;
        proxy.thaw();
        logged(&nodes[1], "redis_recovered", 1, RECOVERY_BOUND).await;
        news_travels(&nodes, "Redis reached again").await;
        assert_eq!(count(&nodes[0], "redis_lost"), 0);
    });
}

#[test]
fn a_read_only_replica() {
    let redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let nodes = serve(&home, 2).await;
        let pairs = revoked_everywhere(&nodes).await;
        // Of a master that nobody finds.
        assert_eq!(redis.command("REPLICAOF 127.0.0.1 1"), "+OK");
        assert!(redis.command("SET key value").starts_with("-READONLY"));
        still_refused(&nodes, &pairs).await;
        service_goes_on(&nodes).await;
        news_travels(&nodes, "replica").await;
        assert_eq!(redis.command("REPLICAOF NO ONE"), "+OK");
        news_travels(&nodes, "master again").await;
    });
}

#[test]
fn out_of_memory() {
    let redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let nodes = serve(&home, 2).await;
        assert_eq!(redis.command("CONFIG SET maxmemory-policy noeviction"), "+OK");
        assert_eq!(redis.command("CONFIG SET maxmemory 1"), "+OK");
        assert!(redis.command("SET key value").starts_with("-OOM"));
        service_goes_on(&nodes).await;
        news_travels(&nodes, "full Redis").await;
    });
}

/// Answers every connection with the same bytes until it is dropped.
struct Babbler {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Babbler {
    fn start(words: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let thread = std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                std::thread::spawn(move || {
                    let mut heard = [0; 4096];
                    while stream.write_all(words).is_ok()
                        && stream.read(&mut heard).is_ok_and(|read| read > 0)
                    {}
                });
            }
        });
        Self { address, is_over, thread: Some(thread) }
    }
}

impl Drop for Babbler {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = std::net::TcpStream::connect(self.address);
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

#[test]
fn no_redis_at_all() {
    let junk: [&[u8]; 6] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0\xff\xfe garbage \x80\r\n\r\n$$$***",
        b"+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
        b"*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$5\r\n\x01junk\r\n",
        b"$9999999999999\r\n",
        // Answers that never end: lists in lists.
        b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
    ];
    let Some(mut home) = home() else { return };
    block_on(async {
        for words in junk {
            let babbler = Babbler::start(words);
            let address = babbler.address;
            home = home.set("redis.url", &format!("redis://{address}"));
            let nodes = serve(&home, 2).await;
            all_logged(&nodes, "redis_lost", 1).await;
            service_goes_on(&nodes).await;
            let pairs = revoked_everywhere(&nodes).await;
            drop(babbler);
            let mut redis = RedisServer::stopped(address);
            redis.launch();
            all_logged(&nodes, "redis_recovered", 1).await;
            still_refused(&nodes, &pairs).await;
            news_travels(&nodes, "a Redis in place of a babbler").await;
            for node in &nodes {
                assert!(!node.log().contains("panicked"), "{}", node.log());
            }
        }
    });
}

//! Against a real Redis, whose URL is in `DOORWARD_TEST_REDIS_URL`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use doorward_core::domain::ids::Id;
use doorward_core::domain::revocation::{Epochs, Revoked};
use doorward_core::testkit::revocation_conformance::{MAX_STALENESS, revocations_conform};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::*;

const URL: &str = "DOORWARD_TEST_REDIS_URL";

fn url() -> Secret<String> {
    #[expect(clippy::disallowed_methods, reason = "the tests have no configuration but their environment")]
    let url = std::env::var(URL);
    Secret::new(
        url.unwrap_or_else(|_| panic!("{URL} is not set: this test needs a Redis; ./dev test starts one")),
    )
}

/// A channel that no other test uses.
fn realm() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

#[derive(Default)]
struct HandClock(Mutex<Duration>);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000).unwrap().plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id<T: Id>(number: u128) -> T {
    T::from_uuid(Uuid::from_u128(number))
}

fn probe(session: u128) -> TokenProbe {
    TokenProbe {
        token: id(1),
        session: id(session),
        user: id(3),
        membership: id(4),
        tenant: id(5),
        client: id(6),
        epochs: Epochs::default(),
    }
}

fn ended(session: u128) -> Revocation {
    let until = HandClock::default().now().plus(Duration::from_hours(1));
    Revocation { what: Revoked::Session(id(session)), until }
}

/// A node, and how often it connected.
struct Node {
    store: RedisRevocations,
    connections: Arc<AtomicU32>,
    stop: CancellationToken,
    courier: tokio::task::JoinHandle<()>,
}

impl Node {
    fn start(url: &Secret<String>, realm: &str) -> Self {
        let clock = Arc::new(HandClock::default());
        let (store, courier) = RedisRevocations::new(url, realm, clock, MAX_STALENESS).unwrap();
        let connections = Arc::new(AtomicU32::new(0));
        let stop = CancellationToken::new();
        let counter = connections.clone();
        let connected = move || {
            counter.fetch_add(1, Ordering::SeqCst);
        };
        #[expect(clippy::disallowed_methods, reason = "a test has no task tracker")]
        let courier = tokio::spawn(courier.run(stop.clone(), connected));
        Self { store, connections, stop, courier }
    }

    async fn connected(url: &Secret<String>, realm: &str) -> Self {
        let node = Self::start(url, realm);
        eventually(|| node.connections.load(Ordering::SeqCst) > 0).await;
        node
    }

    /// Loads an empty view; without it no question is answered.
    fn loaded(self) -> Self {
        self.store.absorb(&[], HandClock::default().now(), Duration::ZERO);
        self
    }

    fn refuses(&self, session: u128) -> bool {
        self.store.is_revoked(&probe(session), HandClock::default().now()).unwrap()
    }
}

async fn eventually(question: impl Fn() -> bool) {
    let asking = async {
        while !question() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(10), asking).await.expect("it happens within ten seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_with_redis() {
    let url = url();
    let handle = tokio::runtime::Handle::current();
    revocations_conform(|clock| {
        let (store, courier) = RedisRevocations::new(&url, &realm(), clock, MAX_STALENESS).unwrap();
        handle.spawn(courier.run(CancellationToken::new(), || {}));
        Box::new(store)
    })
    .await
    .unwrap();
}

#[test]
fn it_conforms_where_nobody_answers() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = Secret::from("redis://127.0.0.1:1");
    runtime
        .block_on(revocations_conform(|clock| {
            let (store, courier) = RedisRevocations::new(&url, "nobody", clock, MAX_STALENESS).unwrap();
            runtime.handle().spawn(courier.run(CancellationToken::new(), || {}));
            Box::new(store)
        }))
        .unwrap();
}

#[tokio::test]
async fn news_reaches_the_others_with_redis_and_refreshes_nothing() {
    let (url, realm) = (url(), realm());
    let here = Node::connected(&url, &realm).await.loaded();
    let there = Node::connected(&url, &realm).await.loaded();
    let elsewhere = Node::connected(&url, "another realm").await.loaded();
    let unloaded = Node::connected(&url, &realm).await;
    for session in 1..=500 {
        here.store.announce(&[ended(session)]).await;
        assert!(here.refuses(session), "at once on the same node");
    }
    eventually(|| there.refuses(500)).await;
    assert!((1..=500).all(|session| there.refuses(session)));
    assert!(!there.refuses(501) && !elsewhere.refuses(1));
    assert!(!unloaded.store.is_fresh());
    let many: Vec<_> = (1000..3000).map(ended).collect();
    there.store.announce(&many).await;
    eventually(|| here.refuses(2999)).await;
    assert!((1000..3000).all(|session| here.refuses(session)));
}

#[tokio::test]
async fn garbage_is_ignored_with_redis() {
    let (url, realm) = (url(), realm());
    let here = Node::connected(&url, &realm).await.loaded();
    let there = Node::connected(&url, &realm).await.loaded();
    let mut mouth = Dialler::new(&url, &realm).unwrap().dial_mouth().await.unwrap();
    let mut cut = news::write(&[ended(7)]).next().unwrap();
    cut.pop();
    mouth.say(&[Vec::new(), b"garbage".to_vec(), vec![2], vec![0xff; 70_000], cut]).await.unwrap();
    here.store.announce(&[ended(8)]).await;
    eventually(|| there.refuses(8)).await;
    assert!(!there.refuses(7));
    assert_eq!(there.connections.load(Ordering::SeqCst), 1, "garbage costs no connection");
}

#[tokio::test]
async fn what_a_stopping_node_announced_is_said_with_redis() {
    let (url, realm) = (url(), realm());
    let here = Node::connected(&url, &realm).await;
    let there = Node::connected(&url, &realm).await.loaded();
    for session in 1..=100 {
        here.store.announce(&[ended(session)]).await;
    }
    here.stop.cancel();
    timeout(Duration::from_secs(2), here.courier).await.expect("it ends").unwrap();
    eventually(|| (1..=100).all(|session| there.refuses(session))).await;
}

#[tokio::test]
async fn a_command_delivers_with_redis_before_it_ends() {
    let (url, realm) = (url(), realm());
    let there = Node::connected(&url, &realm).await.loaded();
    let (command, courier) =
        RedisRevocations::new(&url, &realm, Arc::new(HandClock::default()), MAX_STALENESS).unwrap();
    let many: Vec<_> = (0..50_000).map(ended).collect();
    command.announce(&many).await;
    courier.deliver().await;
    eventually(|| there.refuses(49_999)).await;
    let (silent, courier) = RedisRevocations::new(
        &Secret::from("redis://127.0.0.1:1"),
        &realm,
        Arc::new(HandClock::default()),
        MAX_STALENESS,
    )
    .unwrap();
    silent.announce(&many).await;
    timeout(Duration::from_secs(2), courier.deliver()).await.expect("it gives up");
}

#[tokio::test]
async fn announcing_waits_for_nobody() {
    // Accepts and never says a word.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Secret::new(format!("redis://{}", listener.local_addr().unwrap()));
    let node = Node::start(&url, "mute").loaded();
    let announcing = async {
        for session in 1..=10_000 {
            node.store.announce(&[ended(session)]).await;
        }
    };
    timeout(Duration::from_secs(2), announcing).await.expect("it does not wait for Redis");
    assert!(node.refuses(1) && node.refuses(10_000));
    assert_eq!(node.connections.load(Ordering::SeqCst), 0);
    node.stop.cancel();
    timeout(Duration::from_secs(1), node.courier).await.expect("it stops at once").unwrap();
}

#[test]
fn urls_are_judged_and_never_shown() {
    for wrong in ["", "http://x", "hunter2", "rediss://:hunter2@x/#insecure", "redis://:hunter2@x/notanumber"]
    {
        let Err(error) =
            RedisRevocations::new(&Secret::from(wrong), "x", Arc::new(HandClock::default()), MAX_STALENESS)
        else {
            panic!("{wrong} is accepted");
        };
        assert!(!error.to_string().contains("hunter2"));
    }
}

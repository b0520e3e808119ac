//! `./dev faults slow`: what 500 clients of `slowhttptest` do to the times of those who behave (T14).

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use doorward_tests::bootstrap::{PASSWORD, WEBAPP};
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::binary::free_port;
use doorward_tests::harness::nodes::{Times, stopwatch};
use doorward_tests::harness::wire::{Wire, request};
use doorward_tests::{App, Binary, Database, Home};

const SLOW_CLIENTS: u32 = 500;
const ROUNDS: usize = 2;
/// Longer than `server.header_timeout`, so that the moment when all are cut off is measured too.
const WINDOW: Duration = Duration::from_secs(12);
/// Until all slow clients are there, or gone.
const ARRIVAL: Duration = Duration::from_secs(2);
/// For that on a busy machine, where they come last.
const LATE_ARRIVAL: Duration = Duration::from_secs(8);
/// Below, it is the machine's scheduler that is measured.
const FLOOR: Duration = Duration::from_millis(5);

/// What slowhttptest does, its options, and the path it asks for.
const ATTACKS: [(&str, &str, &str); 3] = [
    ("headers that never end", "-H", "/auth/me"),
    ("bodies that never end", "-B", "/auth/login-token"),
    ("answers hardly read", "-X", "/openapi.json"),
];

/// A request that is measured: its name, its bytes, how many ask at a time, and their pause.
struct Probe {
    name: &'static str,
    request: Vec<u8>,
    clients: usize,
    pause: Duration,
}

impl Probe {
    async fn all(server: &Binary) -> [Self; 2] {
        let (access, _) = server.sign_in(WEBAPP, "alice").await;
        let me = request("GET", "/auth/me", Some(&access), None);
        let credentials = App::credentials(WEBAPP, "alice", PASSWORD);
        let login = request("POST", "/auth/login-token", None, Some(&credentials));
        [
            Self { name: "/auth/me", request: me, clients: 2, pause: Duration::from_millis(4) },
            Self { name: "/auth/login-token", request: login, clients: 1, pause: Duration::from_millis(20) },
        ]
    }

    /// The times of one window.
    async fn measure(&self, server: &Binary) -> Vec<Duration> {
        let clients = (0..self.clients).map(|_| self.ask_again_and_again(server));
        futures_util::future::join_all(clients).await.concat()
    }

    async fn ask_again_and_again(&self, server: &Binary) -> Vec<Duration> {
        let begun = stopwatch();
        let mut times = Vec::new();
        let mut wire = Wire::open(server.address).await.expect("the server listens");
        while begun.elapsed() < WINDOW {
            let start = stopwatch();
            let answer = wire.ask(&self.request).await.expect("the server answers");
            times.push(start.elapsed());
            assert_eq!(answer.status(), 200, "{}", self.name);
            tokio::time::sleep(self.pause).await;
        }
        times
    }
}

/// Runs until dropped, after everything else on this machine: real attackers are on other machines.
struct Attack(Child);

impl Attack {
    async fn begin(server: &Binary, (_, mode, path): (&str, &str, &str)) -> Self {
        let count = SLOW_CLIENTS.to_string();
        let url = format!("http://{}{path}", server.address);
        let child = Command::new("nice")
            .args([
                "-n",
                "39",
                "slowhttptest",
                mode,
                "-c",
                &count,
                "-r",
                &count,
                "-i",
                "5",
                "-l",
                "60",
                "-p",
                "5",
            ])
            .args(["-f", "application/json", "-w", "1", "-y", "1", "-n", "5", "-z", "1", "-u", &url])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("slowhttptest is installed");
        tokio::time::sleep(ARRIVAL).await;
        Self(child)
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn connections(metrics: SocketAddr) -> u32 {
    let mut wire = Wire::open(metrics).await.expect("metrics are served");
    let text = wire.ask(&request("GET", "/metrics", None, None)).await.expect("they are answered");
    let text = String::from_utf8_lossy(text.body()).into_owned();
    let count = text.lines().find_map(|line| line.strip_prefix("doorward_http_connections "));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// Waits until nearly all slow clients are connected.
async fn all_there(metrics: SocketAddr) {
    let begun = stopwatch();
    let mut count = connections(metrics).await;
    while count <= SLOW_CLIENTS * 8 / 10 {
        assert!(begun.elapsed() < LATE_ARRIVAL, "only {count} connections");
        tokio::time::sleep(Duration::from_millis(100)).await;
        count = connections(metrics).await;
    }
}

#[test]
#[ignore = "takes five minutes and a quiet machine: ./dev faults slow"]
fn slow_clients_do_not_double_the_times_of_others() {
    let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()));
    // Hashes as dear as in production.
    let home = Home::empty(Database::Sqlite)
        .expect("SQLite is never left out")
        .set("passwords.memory", "")
        .set("passwords.iterations", "")
        .set("server.metrics_listen", &metrics.to_string());
    let _ = home.apply(&doorward_tests::bootstrap::world(), &[]).ok();
    block_on(async {
        let server = home.serve().await;
        let mut is_good = true;
        for probe in Probe::all(&server).await {
            for attack in ATTACKS {
                is_good &= compare(&server, metrics, &probe, attack).await;
            }
        }
        assert!(!server.log().contains("endpoint_panicked"), "{}", server.log());
        assert!(is_good, "slow clients more than double the p99");
    });
}

/// Quiet and attacked windows in turn; whether the p99 is no more than twice that of the quiet ones.
async fn compare(server: &Binary, metrics: SocketAddr, probe: &Probe, attack: (&str, &str, &str)) -> bool {
    let (mut quiet, mut attacked) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        quiet.extend(probe.measure(server).await);
        let running = Attack::begin(server, attack).await;
        all_there(metrics).await;
        attacked.extend(probe.measure(server).await);
        drop(running);
        // The server sees its connections closed.
        tokio::time::sleep(ARRIVAL).await;
    }
    let (quiet, attacked) = (Times::of(quiet), Times::of(attacked));
    let [before, during] = [quiet.percentile(99), attacked.percentile(99)];
    let ratio = during.as_secs_f64() / before.as_secs_f64();
    quiet.print(&format!("{} alone", probe.name));
    attacked.print(&format!("{} beside {SLOW_CLIENTS} clients with {}", probe.name, attack.0));
    eprintln!("{}, {}: p99 {before:?} -> {during:?}, ratio {ratio:.2}", probe.name, attack.0);
    during <= (before * 2).max(FLOOR)
}

//! `./dev faults enumeration`: whether the time of a reply tells that there is an account (P2, T7).

use std::fmt::Write as _;
use std::time::Duration;

use doorward_tests::bootstrap::{PASSWORD, WEBAPP, world};
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::nodes::{Times, stopwatch};
use doorward_tests::harness::verification::{client, with};
use doorward_tests::harness::wire::{Wire, request};
use doorward_tests::{App, Binary, Database, Home};
use serde_json::{Value, json};

/// As many accounts, and as many names that nobody has.
const NAMES: usize = 24;
/// Medians may differ by this part.
const BOUND: f64 = 0.05;
/// Below, it is the machine that is measured.
const FLOOR: Duration = Duration::from_micros(50);

/// A request whose time must not depend on the name in it.
struct Probe {
    path: &'static str,
    body: fn(&str) -> Value,
    status: u16,
    pairs: usize,
}

const PROBES: [Probe; 6] = [
    Probe { path: "/auth/login", body: wrong_password, status: 401, pairs: 300 },
    Probe { path: "/auth/login-token", body: wrong_password, status: 401, pairs: 300 },
    Probe {
        path: "/auth/forget-password",
        body: |name| with(client(WEBAPP), "username", name),
        status: 204,
        pairs: 1000,
    },
    Probe {
        path: "/auth/send-otp",
        body: |name| with(client(WEBAPP), "key", name),
        status: 204,
        pairs: 1000,
    },
    Probe {
        path: "/auth/verify-otp",
        body: |name| json!({ "key": name, "otp": "abcdef" }),
        status: 401,
        pairs: 1000,
    },
    Probe {
        path: "/auth/sign-up/create-token",
        body: |name| json!({ "email": format!("{name}@example.com") }),
        status: 204,
        pairs: 1000,
    },
];

fn wrong_password(name: &str) -> Value {
    App::credentials(WEBAPP, name, "Wrong-Horse-7")
}

fn accounts() -> String {
    (0..NAMES).fold(String::new(), |mut text, number| {
        let written = write!(
            text,
            "[[users]]\nusername = \"user-{number:02}\"\nemail = \"user-{number:02}@example.com\"\n\
             password = \"{PASSWORD}\"\nclients = [\"webapp\"]\ndefault_tenant = \"acme\"\n\
             memberships = [{{ tenant = \"acme\", role = \"Member\" }}]\n"
        );
        written.expect("text grows");
        text
    })
}

impl Probe {
    async fn time(&self, wire: &mut Wire, name: &str) -> Duration {
        let request = request("POST", self.path, None, Some(&(self.body)(name)));
        let start = stopwatch();
        let answer = wire.ask(&request).await.expect("the server answers");
        let time = start.elapsed();
        assert_eq!(answer.status(), self.status, "{}: {}", self.path, String::from_utf8_lossy(answer.body()));
        time
    }

    /// In turns, each first as often as the other: whatever else happens concerns both.
    async fn compare(&self, server: &Binary) -> bool {
        let mut wire = Wire::open(server.address).await.expect("the server listens");
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for pair in 0..self.pairs {
            let (somebody, nobody) =
                (format!("user-{:02}", pair % NAMES), format!("none-{:02}", pair % NAMES));
            if pair % 2 == 0 {
                known.push(self.time(&mut wire, &somebody).await);
                unknown.push(self.time(&mut wire, &nobody).await);
            } else {
                unknown.push(self.time(&mut wire, &nobody).await);
                known.push(self.time(&mut wire, &somebody).await);
            }
        }
        self.judge(known, unknown)
    }

    fn judge(&self, known: Vec<Duration>, unknown: Vec<Duration>) -> bool {
        let [known, unknown] = [known, unknown].map(|times| Times::of(times).percentile(50));
        let apart = known.abs_diff(unknown);
        let part = apart.as_secs_f64() / known.max(unknown).as_secs_f64();
        let path = self.path;
        eprintln!(
            "{path}: median {known:?} for accounts, {unknown:?} for nobody, difference {:.1} %",
            part * 100.0
        );
        part <= BOUND || apart <= FLOOR
    }
}

#[test]
#[ignore = "takes two minutes and a quiet machine: ./dev faults enumeration"]
fn p2_names_that_nobody_has_take_as_long() {
    // Hashes as dear as in production.
    let home = Home::empty(Database::Sqlite)
        .expect("SQLite is never left out")
        .set("passwords.memory", "")
        .set("passwords.iterations", "")
        .set("native.sign_up_tenant", "acme");
    let _ = home.apply(&format!("{}{}", world(), accounts()), &[]).ok();
    block_on(async {
        let server = home.serve().await;
        let mut is_good = true;
        for probe in PROBES {
            is_good &= probe.compare(&server).await;
        }
        assert!(is_good, "the time of a reply tells whether there is an account");
    });
}

//! Two processes on one database: of everything that counts once, one use in fifty wins (I1, T10).

use doorward_core::domain::time::Timestamp;
use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD, WEBAPP};
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::authenticator::Authenticator;
use doorward_tests::harness::nodes;
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, LAX, STRICT, people};
use doorward_tests::harness::verification::{answer_to_challenge, client, with};
use doorward_tests::{App, Binary, Database, Home};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const USES: usize = 50;

/// Two servers that share a database, and the outbox of both.
struct Pair {
    home: Home,
    nodes: Vec<Binary>,
}

/// Where something is asked.
struct Ask<'a> {
    method: Method,
    path: &'a str,
    bearer: Option<&'a str>,
}

impl<'a> Ask<'a> {
    fn post(path: &'a str) -> Self {
        Self { method: Method::POST, path, bearer: None }
    }
}

impl Pair {
    async fn start() -> Option<Self> {
        let home = Home::furnished(Database::Postgres)?.set("native.sign_up_tenant", "acme");
        let _ = home.apply(&people(), &[]).ok();
        let nodes = nodes::serve(&home, 2).await;
        Some(Self { home, nodes })
    }

    async fn send(&self, node: usize, ask: &Ask<'_>, body: &Value) -> (u16, Value) {
        let mut request = self.nodes[node % 2].request(ask.method.clone(), ask.path).json(body);
        if let Some(bearer) = ask.bearer {
            request = request.bearer_auth(bearer);
        }
        let reply = request.send().await.expect("the server answers");
        let status = reply.status().as_u16();
        (status, reply.json().await.unwrap_or_default())
    }

    async fn ok(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(0, &Ask::post(path), body).await;
        assert!([200, 204].contains(&status), "{path}: {answer}");
        answer
    }

    /// All at once, on both; exactly one is answered with `wanted`, the others with 401.
    async fn race(&self, what: &str, wanted: u16, ask: &Ask<'_>, bodies: &[Value]) {
        let uses = bodies.iter().enumerate().map(|(node, body)| self.send(node, ask, body));
        let statuses: Vec<u16> = join_all(uses).await.into_iter().map(|(status, _)| status).collect();
        let winners = statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!(winners, 1, "{what}: {statuses:?}");
        assert!(statuses.iter().all(|status| [wanted, 401, 429].contains(status)), "{what}: {statuses:?}");
    }

    async fn post_race(&self, what: &str, path: &str, bodies: &[Value]) {
        self.race(what, 200, &Ask::post(path), bodies).await;
    }

    /// Pending codes of so many sign-ins through a client.
    async fn pending(&self, client_id: &str, count: usize) -> Vec<String> {
        let login = App::credentials(client_id, ERIN, PASSWORD);
        let ask = Ask::post("/auth/login");
        let logins = (0..count).map(|node| self.send(node, &ask, &login));
        let answers = join_all(logins).await;
        answers.iter().map(|(_, body)| body["code"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

#[test]
fn of_fifty_uses_on_two_nodes_one_wins() {
    block_on(async {
        let Some(pair) = Pair::start().await else { return };
        a_one_time_code(&pair).await;
        let authenticator = an_authenticator(&pair).await;
        drop(authenticator);
        a_sign_up(&pair).await;
        a_reset(&pair).await;
        pair.home.place.assert_whole().await;
    });
}

async fn a_one_time_code(pair: &Pair) {
    let _ = pair.ok("/auth/send-otp", &with(client(WEBAPP), "key", ERIN)).await;
    let otp = pair.home.outbox().take(ERIN_MAIL, "one-time-passcode").await.code();
    pair.post_race("a code alone", "/auth/verify-otp", &vec![json!({ "key": ERIN, "otp": otp }); USES]).await;

    let pending = pair.pending(STRICT, 1).await.remove(0);
    let otp = pair.home.outbox().take(ERIN_MAIL, "one-time-passcode").await.code();
    let body = answer_to_challenge(ERIN, &otp, STRICT, &pending);
    pair.post_race("a second factor", "/auth/verify-otp", &vec![body; USES]).await;
}

/// Enrols, and uses a step and a recovery code up.
async fn an_authenticator(pair: &Pair) -> Authenticator {
    let code = pair.pending(LAX, 1).await.remove(0);
    let image = pair.ok("/auth/create-qr-code", &json!({ "code": code, "clientId": LAX })).await;
    let authenticator = Authenticator::scan(image["qrCode"].as_str().expect("a data URI"));
    let step = machine_time().unix_seconds().div_euclid(30);
    let confirm = answer_to_challenge(ERIN, &authenticator.code_of_step(step - 1), LAX, &code);
    let confirmed = pair.ok("/auth/verify-otp", &confirm).await;
    let recovery = confirmed["recoveryCodes"][0].as_str().expect("a recovery code").to_owned();

    // The next step is accepted until it is over.
    for (what, otp) in [("a time step", authenticator.code_of_step(step + 1)), ("a recovery code", recovery)]
    {
        let pending = pair.pending(STRICT, USES).await;
        let bodies: Vec<Value> =
            pending.iter().map(|pending| answer_to_challenge(ERIN, &otp, STRICT, pending)).collect();
        pair.post_race(what, "/auth/verify-otp", &bodies).await;
    }
    authenticator
}

async fn a_sign_up(pair: &Pair) {
    let _ = pair.ok("/auth/sign-up/create-token", &json!({ "email": "new@example.com" })).await;
    let token = pair.home.outbox().take("new@example.com", "registration").await.token();
    let body = json!({ "email": "new@example.com", "password": PASSWORD });
    let bodies = vec![body; USES];
    let ask = Ask { bearer: Some(&token), ..Ask::post("/auth/sign-up/create-user") };
    pair.race("a sign-up", 200, &ask, &bodies).await;
}

async fn a_reset(pair: &Pair) {
    let _ = pair.ok("/auth/forget-password", &with(client(WEBAPP), "username", ERIN)).await;
    let token = pair.home.outbox().take(ERIN_MAIL, "forgot-password").await.token();
    let body = with(with(client(WEBAPP), "token", token.as_str()), "password", NEW_PASSWORD);
    let ask = Ask { method: Method::PATCH, ..Ask::post("/auth/reset-password") };
    pair.race("a reset", 204, &ask, &vec![body; USES]).await;
}

/// Real processes have no other clock.
#[expect(clippy::disallowed_methods, reason = "real processes go by the machine's clock")]
fn machine_time() -> Timestamp {
    Timestamp::new(chrono::Utc::now())
}

//! The OpenID kinds against a certified provider, whose protocol is not ours.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use doorward_core::domain::time::Timestamp;
use doorward_core::ports::provider::ProviderKind;
use doorward_core::testkit::clock::FixedClock;
use doorward_dev_idp::DevIdp;
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::browser::Browser;
use doorward_tests::harness::certified::{CLIENT_ID, CLIENT_SECRET, Certified};
use doorward_tests::harness::federation::{HTTPS, callback_path, render};
use doorward_tests::{App, Database, Options, Tokens, run_with};

macro_rules! certified {
    ($($name:ident $kind:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            signs_in(ProviderKind::$kind);
        })+
    };
}

certified![google Google, azure Azure, cognito Cognito, keycloak Keycloak, apple Apple, oidc Oidc];

/// The provider goes by the machine's clock, so the server has to.
#[expect(clippy::disallowed_methods, reason = "the provider goes by the machine's clock")]
fn clock() -> Arc<FixedClock> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let now = i64::try_from(now.as_secs()).ok().and_then(Timestamp::from_unix_seconds);
    Arc::new(FixedClock::new(now.expect("a moment of this century")))
}

fn section(kind: ProviderKind, port: u16, apple_key: &str) -> BTreeMap<String, String> {
    let base = format!("http://127.0.0.1:{port}");
    let mut section = BTreeMap::from([("allow_loopback".to_owned(), "true".to_owned())]);
    let mut set = |key: &str, value: &str| section.insert(key.to_owned(), format!("'{value}'"));
    for (key, value) in [
        ("kind", kind.as_str()),
        ("client_id", CLIENT_ID),
        ("sign_up", "create"),
        ("sign_up_tenant", "acme"),
        ("sign_up_role", "Member"),
    ] {
        set(key, value);
    }
    if kind != ProviderKind::Apple {
        set("client_secret", CLIENT_SECRET);
    }
    match kind {
        ProviderKind::Azure => {
            set("issuer", &format!("{base}/{{tenantid}}/v2.0"));
            set("tenant", "common");
        }
        ProviderKind::Cognito => {
            set("issuer", &format!("{base}/eu-west-1_Doorward1"));
            set("domain", &format!("http://127.0.0.2:{port}"));
        }
        ProviderKind::Keycloak => {
            set("host", &base);
            set("realm", "acme");
        }
        ProviderKind::Apple => {
            set("issuer", &base);
            set("team_id", "TEAMID1234");
            set("key_id", "KEYID12345");
            section.insert("private_key".to_owned(), format!("'''\n{apple_key}'''"));
        }
        _ => {
            set("issuer", &base);
        }
    }
    section
}

fn signs_in(kind: ProviderKind) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let key = DevIdp::apple_private_key().expect("the key can be made");
    let key_file = directory.path().join("key.p8");
    std::fs::write(&key_file, &key).expect("a file can be written");
    let callback = format!("{HTTPS}{}", callback_path(kind));
    let Some(provider) = Certified::start(kind, &callback, &key_file) else { return };
    let options = Options::default().set("server.public_url", HTTPS).with_clock(clock());
    let options = options.with_file(&render(kind.as_str(), &section(kind, provider.port, &key)));
    run_with(Database::Sqlite, options, async |app: &App| {
        let mut names = Vec::new();
        for _ in 0..2 {
            let code = Browser::new(app, HTTPS).sign_in(kind).await.code();
            let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
            names.push(app.me(&tokens.access).await.ok()["username"].clone());
            let tokens = Tokens::of(&app.refresh(&tokens).await);
            let _ = app.log_out(&tokens).await.ok();
        }
        assert_eq!(names[0], names[1], "the account is found again");
        assert_eq!(super::links(app).await, 2, "that of the world, and one more");
    });
}

//! `doorward import sourceloop`, and tokens of the old service (contract §2, §5).

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::binary::CANARY;
use doorward_tests::harness::database::Place;
use doorward_tests::{Database, Home};
use serde_json::{Value, json};

const SCHEMA_14: &str = include_str!("../../import/schema_14.sql");
const SCHEMA_19: &str = include_str!("../../import/schema_19.sql");
const DATA: &str = include_str!("../../import/data.sql");
const PASSWORD: &str = "Correct-Horse-7-Battery";
const SECRET: &str = "CANARY-old-client-secret-of-webapp";
const ACME: &str = "11111111-1111-4111-8111-111111111111";
const ALICE: &str = "bbbbbbbb-0000-4000-8000-000000000001";
const ALICE_AT_ACME: &str = "cccccccc-0000-4000-8000-000000000001";
const OLD_ISSUER: &str = "sourceloop";

/// Tables that an import writes.
const ROWS: &str = "SELECT (SELECT COUNT(*) FROM tenants) + 100 * (SELECT COUNT(*) FROM roles)
    + 10000 * (SELECT COUNT(*) FROM clients) + 1000000 * (SELECT COUNT(*) FROM users)
    + 100000000 * (SELECT COUNT(*) FROM memberships) + 10000000000 * (SELECT COUNT(*) FROM login_activity)
    + 1000000000000 * (SELECT COUNT(*) FROM user_clients)";
const TABLES: &str = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')";
/// Reading leaves no trace: neither rows nor tables came or went.
const OLD_ROWS: &str = "SELECT (SELECT COUNT(*) FROM main.users) + 100 * (SELECT COUNT(*) FROM main.user_tenants)
    + 10000 * (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema'))";

/// The old service's database; `None` where PostgreSQL may be left out.
async fn old_service(with_19: bool) -> Option<Place> {
    let place = Database::Postgres.empty()?;
    place.execute(SCHEMA_14).await;
    if with_19 {
        place.execute(SCHEMA_19).await;
    }
    place.execute(DATA).await;
    Some(place)
}

fn import<'a>(old: &'a Place, more: &[&'a str]) -> Vec<&'a str> {
    [&["import", "sourceloop", "--from", &old.url], more].concat()
}

fn new_home(database: Database) -> Option<Home> {
    Some(Home::empty(database)?.set("database.auto_migrate", "true"))
}

async fn sign_in(server: &doorward_tests::harness::binary::Binary, username: &str) -> (u16, Value) {
    let body = json!({
        "client_id": "webapp", "client_secret": SECRET, "username": username, "password": PASSWORD,
    });
    server.post("/auth/login-token", None, &body).await
}

#[test]
fn a_dry_run_says_what_an_import_then_does_and_a_second_import_does_nothing() {
    for (with_19, database) in [
        (false, Database::Sqlite),
        (true, Database::Sqlite),
        (false, Database::Postgres),
        (true, Database::Postgres),
    ] {
        block_on(async {
            let Some(old) = old_service(with_19).await else { return };
            let Some(home) = new_home(database) else { return };
            let before = old.figure(OLD_ROWS).await;
            let looked = home.run(&import(&old, &["--dry-run"]));
            let (report, closing) = looked.ok().split_once("dry run").expect("it says that it is one");
            assert_eq!(closing, ": nothing was changed\n");
            match database {
                Database::Sqlite => assert!(!home.place.sqlite_file().exists(), "a dry run makes no file"),
                Database::Postgres => {
                    assert_eq!(home.place.figure(TABLES).await, 0, "a dry run makes no table");
                }
            }

            let done = home.run(&import(&old, &[]));
            assert_eq!(done.ok(), report);
            assert_report(report);
            let rows = home.place.figure(ROWS).await;

            let again = home.run(&import(&old, &[]));
            assert!(again.ok().contains("users: 0 new, 9 unchanged, 1 left out\n"), "{again:?}");
            assert!(
                !again.ok().lines().any(|line| line.contains(": ") && line.contains("1 new")),
                "{again:?}"
            );
            assert_eq!(home.place.figure(ROWS).await, rows);
            assert_eq!(old.figure(OLD_ROWS).await, before);

            for text in [&looked, &done, &again] {
                assert!(
                    !text.stdout.contains(CANARY_START) && !text.stderr.contains(CANARY_START),
                    "{text:?}"
                );
            }
            let stored = home.place.dump().await;
            let canary = CANARY_START.as_bytes();
            assert!(
                !stored.windows(canary.len()).any(|bytes| bytes == canary),
                "a secret is stored in clear"
            );
        });
    }
}

/// What every secret of data.sql begins with.
const CANARY_START: &str = "CANARY-";

fn assert_report(report: &str) {
    assert!(CANARY.starts_with(CANARY_START));
    for line in [
        "tenants: 2 new, 0 unchanged, 0 left out",
        "roles: 3 new, 1 unchanged, 0 left out",
        "clients: 4 new, 0 unchanged, 1 left out",
        "users: 9 new, 0 unchanged, 1 left out",
        "memberships: 8 new, 0 unchanged, 2 left out",
        "identities: 1 new, 0 unchanged, 0 left out",
        "login activity: 2 new, 0 unchanged, 0 left out",
        "passwords with bcrypt$10: 6",
        "new users who are locked out: 6",
    ] {
        assert!(report.lines().any(|found| found == line), "{line:?} is missing in\n{report}");
    }
    for (words, examples) in [
        ("status 0", "beta"),
        ("in any spelling", "Alice (bbbbbbbb-0000-4000-8000-000000000002)"),
        ("same client_id", "webapp (number 4)"),
        ("javascript", "spa"),
        ("redirect URIs are insecure", "http://intranet.example/cb"),
        ("no known kind", "carol"),
        ("not configured", "frank"),
        ("no membership", "dave"),
        ("through no client", "dave"),
        ("until they are activated", "grace"),
        ("their tenant is inactive", "erin, heidi"),
        ("second factor", "alice"),
    ] {
        let line = report.lines().find(|line| line.contains(words) && line.contains(examples));
        assert!(line.is_some(), "{words:?} with {examples:?} is missing in\n{report}");
    }
}

#[test]
fn the_same_people_sign_in_with_the_same_passwords() {
    block_on(async {
        let Some(old) = old_service(true).await else { return };
        let home = new_home(Database::Sqlite).expect("SQLite is never left out");
        let _ = home.run(&import(&old, &["--activate-tenants"])).ok();
        let server = home.serve().await;
        let (access, _) = doorward_tests::harness::binary::pair(&sign_in(&server, "alice").await);
        let (_, me) = server.get("/auth/me", Some(&access)).await;
        for (claim, value) in [
            ("id", json!(ALICE)),
            ("tenantId", json!(ACME)),
            ("userTenantId", json!(ALICE_AT_ACME)),
            ("role", json!("SuperAdmin")),
            ("permissions", json!(["ViewLoginActivity", "SpecialPerm"])),
            ("status", json!(1)),
            ("userPreferences", json!({ "locale": "de" })),
            ("dob", json!("1990-05-17T00:00:00.000Z")),
            ("lastLogin", json!("2025-06-01T12:00:00.123Z")),
            ("phone", json!("+15550000001")),
        ] {
            assert_eq!(me[claim], value, "{claim} in {me}");
        }
        let (status, activity) = server.get("/login-activity", Some(&access)).await;
        assert_eq!(status, 200);
        let row = activity.as_array().and_then(|rows| {
            rows.iter().find(|row| row["id"] == "dddddddd-0000-4000-8000-000000000001").cloned()
        });
        let row = row.expect("the old row is there");
        assert_eq!(row["ipAddress"], r#"{"iv":"00","encryptedData":"33","authTag":"44"}"#);
        assert_eq!(row["loginTime"], "2025-06-01T12:00:00.000Z");

        // With capitals there, in any spelling here; in an inactive tenant there, in an active one here.
        for username in ["bob", "BOB", "heidi"] {
            assert_eq!(sign_in(&server, username).await.0, 200, "{username}");
        }
        for (username, status) in
            [("carol", 401), ("dave", 401), ("erin", 401), ("frank", 401), ("grace", 400), ("nobody", 401)]
        {
            assert_eq!(sign_in(&server, username).await.0, status, "{username}");
        }
        let wrong = json!({
            "client_id": "webapp", "client_secret": "CANARY-another-secret", "username": "alice", "password": PASSWORD,
        });
        assert_eq!(server.post("/auth/login-token", None, &wrong).await.0, 401, "the older client counts");
        // Whoever signed in has a hash of ours now; the import leaves it alone.
        let _ = home.run(&import(&old, &[])).ok();
        assert_eq!(sign_in(&server, "alice").await.0, 200);
    });
}

#[test]
fn clients_can_be_imported_in_other_ways() {
    block_on(async {
        let Some(old) = old_service(true).await else { return };
        for (option, spas, algorithm) in [
            ("--public-clients", 2, "ES256"),
            ("--hs256-clients", 1, "HS256"),
            ("--algorithm=RS256", 1, "RS256"),
        ] {
            let home = new_home(Database::Sqlite).expect("SQLite is never left out");
            let report = home.run(&import(&old, &[option, "--without-activity"]));
            assert!(!report.ok().contains("login activity"), "{report:?}");
            let figure = home.place.figure("SELECT COUNT(*) FROM clients WHERE client_type = 'spa'").await;
            assert_eq!(figure, spas, "{option}");
            let server = home.serve().await;
            let (access, _) = doorward_tests::harness::binary::pair(&sign_in(&server, "alice").await);
            assert_eq!(doorward_tests::jwt::parts(&access).0["alg"], algorithm);
            assert!(server.accepts(&access).await);
            if algorithm == "HS256" {
                let key = jsonwebtoken::DecodingKey::from_secret(b"CANARY-old-signing-secret-of-webapp");
                let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
                validation.validate_aud = false;
                assert!(jsonwebtoken::decode::<Value>(&access, &key, &validation).is_ok());
                assert!(
                    report.stdout.contains("less than 32 bytes: 3 (backoffice, spa, lost)"),
                    "{report:?}"
                );
            }
            // Without its secret only a public client is let in.
            let body = json!({ "client_id": "webapp", "username": "alice", "password": PASSWORD });
            let expected = if spas == 2 { 200 } else { 401 };
            assert_eq!(server.post("/auth/login-token", None, &body).await.0, expected, "{option}");
        }
    });
}

#[test]
fn what_cannot_be_read_is_told_in_one_line() {
    block_on(async {
        let home = new_home(Database::Sqlite).expect("SQLite is never left out");
        for (url, words) in [
            ("mysql://u:CANARY-pw@h/d", "expected postgres://"),
            ("postgres://u:CANARY-pw@127.0.0.1:1/d", "cannot be read"),
        ] {
            let output = home.run(&["import", "sourceloop", "--from", url]);
            let line = output.complaint();
            assert!(line.contains(words) && !line.contains(CANARY_START), "{line}");
        }
        let file = home.write("address", "postgres://u:CANARY-pw@127.0.0.1:1/d\n");
        let output = home.run(&["import", "sourceloop", "--from-file", file.to_str().expect("UTF-8")]);
        assert!(output.complaint().contains("cannot be read"), "{output:?}");
        assert!(!home.place.sqlite_file().exists());

        let Some(other) = Database::Postgres.empty() else { return };
        let output = home.run(&import(&other, &[]));
        assert!(output.complaint().contains("no table main.auth_clients"), "{output:?}");
        let output = home.run(&import(&other, &["--schema", "x'; DROP"]));
        assert!(output.complaint().contains("no table"), "{output:?}");
    });
}

/// A fresh RSA key of 2048 bits as PKCS#8 PEM.
fn rsa_pem() -> String {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
    let der: Pkcs8V1Der<'_> = key.as_der().expect("it can be written");
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
}

/// An access token as the old service's release 14 wrote it.
fn old_token(pem: &str, issued_ago: i64, more: &Value) -> String {
    let now = chrono::DateTime::<chrono::Utc>::from(test_now()).timestamp();
    let mut claims = json!({
        "id": ALICE, "firstName": "Alice", "lastName": "Test", "middleName": null, "username": "alice",
        "email": "alice@example.com", "phone": null, "lastLogin": null, "dob": null, "gender": null,
        "defaultTenantId": ACME, "permissions": ["ViewLoginActivity"], "role": "SuperAdmin",
        "userPreferences": { "locale": "en" }, "tenantId": ACME, "userTenantId": ALICE_AT_ACME, "status": 1,
        "iat": now - issued_ago, "exp": now - issued_ago + 900, "iss": OLD_ISSUER,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).expect("the key is good");
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    jsonwebtoken::encode(&header, &claims, &key).expect("it can be signed")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server under test is another process with the system's clock"
)]
fn test_now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

#[test]
fn tokens_of_the_old_service_count_until_they_expire_or_something_happens() {
    block_on(async {
        let Some(old) = old_service(false).await else { return };
        let home = new_home(Database::Sqlite).expect("SQLite is never left out");
        let pem = rsa_pem();
        let key = home.write("old.pem", &pem);
        let _ = home.run(&["keys", "import", key.to_str().expect("UTF-8")]).ok();
        let _ = home.run(&import(&old, &[])).ok();
        let token = old_token(&pem, 10, &json!({}));
        let server = home.serve().await;
        assert!(!server.accepts(&token).await, "only when the settings say so");
        drop(server);

        let home = home.set("tokens.legacy_issuer", OLD_ISSUER);
        let server = home.serve().await;
        let (status, me) = server.get("/auth/me", Some(&token)).await;
        assert_eq!((status, &me["username"]), (200, &json!("alice")), "{me}");
        assert_eq!(server.get("/login-activity", Some(&token)).await.0, 200);
        for (what, bad) in [
            ("expired", old_token(&pem, 900, &json!({}))),
            ("another issuer", old_token(&pem, 0, &json!({ "iss": "another" }))),
            ("a code", old_token(&pem, 0, &json!({ "aud": "webapp" }))),
            ("another key", old_token(&rsa_pem(), 0, &json!({}))),
            ("somebody unknown", old_token(&pem, 0, &json!({ "id": ACME }))),
            ("a membership that was not imported", old_token(&pem, 0, &json!({ "userTenantId": ACME }))),
        ] {
            assert!(!server.accepts(&bad).await, "{what}");
        }
        let refresh = server.refresh(&token, &"a".repeat(64)).await;
        assert_eq!(refresh.0, 401, "refresh tokens stayed behind");

        // Signing out with it ends this token and no other.
        let other = old_token(&pem, 100, &json!({}));
        let body = json!({ "refreshToken": "a".repeat(64) });
        assert_eq!(server.post("/logout", Some(&token), &body).await.0, 200);
        let (status, error) = server.get("/auth/me", Some(&token)).await;
        assert_eq!((status, &error["error"]["message"]["message"]), (401, &json!("TokenRevoked")));
        assert!(server.accepts(&other).await);

        // A new password ends them all, at once, and after a restart.
        let file = format!("[[users]]\nusername = \"alice\"\npassword = \"{PASSWORD}-2\"\n");
        let _ = home.apply(&file, &["--reset-secrets"]).ok();
        assert!(!server.accepts(&other).await);
        drop(server);
        assert!(!home.serve().await.accepts(&other).await);
    });
}

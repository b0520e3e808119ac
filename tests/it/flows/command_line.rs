//! `doorward` at the command line (design §7).

use doorward_tests::bootstrap::{WEBAPP, world};
use doorward_tests::harness::app::block_on;
use doorward_tests::{Database, Home, jwt};
use serde_json::Value;

#[test]
fn a_good_configuration_can_be_used() {
    let home = Home::sqlite();
    assert_eq!(home.run(&["config", "check"]).ok(), "The configuration can be used.\n");
    assert!(home.run(&["config", "reference"]).ok().contains("max_staleness"));
}

#[test]
fn no_file_at_all_means_the_embedded_mode() {
    let mut home = Home::sqlite();
    for key in ["server.listen", "security.master_key", "database.url", "tokens.issuer"] {
        home = home.set(key, "");
    }
    let _ = home.run(&["config", "check"]).ok();
    assert!(home.apply(&world(), &[]).ok().contains("created tenant"));
    let data = home.directory().join("data");
    assert!(data.join("doorward.db").exists());
    let key = std::fs::metadata(data.join("master.key")).expect("a key was made");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }
    assert!(key.len() > 40);
    std::fs::remove_file(data.join("master.key")).expect("it can be removed");
    let complaint = home.apply(&world(), &[]);
    assert!(complaint.complaint().contains("master.key"), "{complaint:?}");
}

#[test]
fn a_wrong_configuration_is_told_in_one_line() {
    for (file, words) in [
        ("[server]\nlisten = \"nonsense\"", ["server.listen", "nonsense", "expected"]),
        ("[server]\nlissten = \"127.0.0.1:1\"", ["server.lissten", "unknown key", "expected"]),
        ("[sever]\nlisten = \"127.0.0.1:1\"", ["sever", "unknown section", "expected"]),
        ("[tokens]\nrefresh_grace = 10", ["tokens.refresh_grace", "10", "expected"]),
        ("[native]\nmfa = \"sometimes\"", ["native.mfa", "sometimes", "expected"]),
        ("[native]\notp_ttl = \"11m\"", ["native.otp_ttl", "11m", "10m"]),
        ("[database]\nurl = \"mysql://u:CANARY-pw@h/d\"", ["database.url", "expected", "postgres://"]),
        ("[server\n", ["wrong.toml", "line 1", "TOML"]),
    ] {
        let home = Home::sqlite().set("server.listen", "").set("database.url", "");
        let path = home.write("wrong.toml", file);
        for arguments in [vec!["config", "check"], vec!["serve"], vec!["migrate"]] {
            let mut all = vec!["--config", path.to_str().expect("UTF-8")];
            all.extend(arguments);
            let output = home.run(&all);
            let line = output.complaint();
            for word in words {
                assert!(line.contains(word), "{word:?} in {line}");
            }
            assert!(!line.contains("CANARY"), "{line}");
        }
    }
}

#[test]
fn a_provider_that_cannot_work_is_told_in_one_line() {
    let home = Home::sqlite().set("providers.google.client_secret", "CANARY-secret");
    for arguments in [["config", "check"].as_slice(), &["serve"]] {
        let output = home.run(arguments);
        let line = output.complaint();
        assert!(line.contains("[providers.google] needs `client_id`") && !line.contains("CANARY"), "{line}");
    }
}

#[test]
fn a_wrong_variable_is_told_in_one_line() {
    let home = Home::sqlite().set("tokens.algorithm", "none");
    let output = home.run(&["config", "check"]);
    assert!(output.complaint().contains("DOORWARD__TOKENS__ALGORITHM"), "{output:?}");
    let home = Home::sqlite().set("tokens.colour", "red");
    assert!(home.run(&["config", "check"]).complaint().contains("tokens.colour"));
}

#[test]
fn a_missing_file_is_told() {
    let home = Home::sqlite();
    let _ = home.run(&["migrate"]).ok();
    assert!(home.run(&["--config", "absent.toml", "config", "check"]).complaint().contains("absent.toml"));
    assert!(home.run(&["apply", "absent.toml"]).complaint().contains("absent.toml"));
    assert!(home.run(&["keys", "import", "absent.pem"]).complaint().contains("absent.pem"));
}

#[test]
fn a_key_file_that_is_missing_leaves_nothing_behind() {
    let home = Home::sqlite();
    assert!(home.run(&["keys", "import", "absent.pem"]).complaint().contains("absent.pem"));
    assert!(!home.place.sqlite_file().exists());
}

#[test]
fn another_master_key_is_told_once() {
    let home = Home::furnished(Database::Sqlite).expect("SQLite");
    let home = home.set("security.master_key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    for arguments in [["keys", "list"].as_slice(), &["serve"]] {
        let output = home.run(arguments);
        let line = output.complaint();
        assert!(line.contains("is security.master_key the master key"), "{line}");
        assert_eq!(line.matches("cannot unseal").count(), 1, "{line}");
    }
}

fn applying_twice_changes_nothing(database: Database) {
    let Some(home) = Home::empty(database) else { return };
    let home = home.set("database.auto_migrate", "true");
    let first = home.apply(&world(), &[]);
    assert!(first.ok().contains("created tenant") && !first.stdout.contains("unchanged"), "{first:?}");
    for secret in [doorward_tests::bootstrap::PASSWORD, doorward_tests::bootstrap::CLIENT_SECRET] {
        assert!(!first.stdout.contains(secret) && !first.stderr.contains(secret));
    }
    let second = home.apply(&world(), &[]);
    let changed = |line: &&str| line.starts_with("created") || line.starts_with("updated");
    assert_eq!(second.ok().lines().filter(changed).collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(second.stdout.contains("unchanged"));

    let other = world().replace("Testington", "Otherman");
    let dry = home.apply(&other, &["--dry-run"]);
    let updated: Vec<&str> = dry.ok().lines().filter(changed).collect();
    assert!(updated.len() == 1 && updated[0].contains("alice"), "{dry:?}");
    assert!(dry.stdout.contains("dry run"));
    assert_eq!(home.apply(&world(), &[]).ok().lines().find(changed), None, "the dry run changed nothing");
    assert_eq!(home.apply(&other, &[]).ok().lines().filter(changed).count(), 1);
}

mod applying_twice_changes_nothing {
    use doorward_tests::Database;

    #[test]
    fn sqlite() {
        super::applying_twice_changes_nothing(Database::Sqlite);
    }

    #[test]
    fn postgres() {
        super::applying_twice_changes_nothing(Database::Postgres);
    }
}

#[test]
fn a_wrong_entry_applies_nothing() {
    let home = Home::sqlite();
    let _ = home.run(&["migrate"]).ok();
    for (text, words) in [
        ("[[tenants]]\nkey = \"new\"\n[[users]]\nusername = \"a\"\nclients = [\"nope\"]", "nope"),
        ("[[tenants]]\nkey = \"new\"\n[[roles]]\nname = \"x\"\ntenant = \"nope\"", "nope"),
        ("[[tenants]]\nkey = \"new\"\nstatus = \"gone\"", "gone"),
        ("[[tenants]]\nkey = \"new\"\n[[unknowns]]\na = 1", "unknowns"),
    ] {
        let output = home.apply(text, &[]);
        assert!(output.complaint().contains(words), "{output:?}");
    }
    assert!(home.apply("[[tenants]]\nkey = \"new\"", &[]).ok().contains("created"));
}

#[test]
fn migrations_are_planned_then_made() {
    let home = Home::sqlite();
    let plan = home.run(&["migrate", "--plan"]);
    assert!(plan.ok().contains("0001") && plan.stdout.contains("CREATE TABLE"));
    assert!(home.run(&["migrate", "--plan"]).ok().contains("0001"), "a plan changes nothing");
    assert!(home.run(&["migrate"]).ok().contains("0001"));
    assert_eq!(home.run(&["migrate"]).ok(), "The schema is up to date.\n");
    assert_eq!(home.run(&["migrate", "--plan"]).ok(), "The schema is up to date.\n");
}

#[test]
fn an_operator_migrates_postgres() {
    let Some(home) = Home::empty(Database::Postgres) else { return };
    let output = home.apply(&world(), &[]);
    assert!(output.complaint().contains("doorward migrate"), "{output:?}");
    assert!(home.run(&["serve"]).complaint().contains("doorward migrate"));
    assert!(home.run(&["migrate"]).ok().contains("0001"));
    assert!(home.apply(&world(), &[]).ok().contains("created"));
    block_on(async { assert_eq!(home.serve().await.get("/ping", None).await.0, 200) });
}

fn a_newer_database_is_refused(database: Database) {
    let Some(home) = Home::empty(database) else { return };
    let _ = home.run(&["migrate"]).ok();
    block_on(home.place.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1"));
    for arguments in [vec!["serve"], vec!["migrate"], vec!["keys", "list"]] {
        let output = home.run(&arguments);
        assert!(output.complaint().contains("newer"), "{arguments:?} {output:?}");
    }
}

mod a_newer_database_is_refused {
    use doorward_tests::Database;

    #[test]
    fn sqlite() {
        super::a_newer_database_is_refused(Database::Sqlite);
    }

    #[test]
    fn postgres() {
        super::a_newer_database_is_refused(Database::Postgres);
    }
}

#[test]
fn keys_are_listed_and_rotated() {
    let home = Home::furnished(Database::Sqlite).expect("SQLite");
    let listed = home.run(&["keys", "list"]);
    assert!(listed.ok().contains("ES256") && listed.stdout.contains("current"), "{listed:?}");
    assert!(home.run(&["keys", "rotate"]).ok().contains("ES256 key "));
    assert!(home.run(&["keys", "rotate", "--algorithm", "EdDSA"]).ok().contains("EdDSA key "));
    assert_ne!(home.run(&["keys", "rotate", "--algorithm", "HS256"]).code, Some(0));
    let listed = home.run(&["keys", "list"]);
    assert!(listed.ok().contains("EdDSA") && listed.stdout.contains("next"), "{listed:?}");
}

#[test]
fn an_imported_key_keeps_old_tokens_valid() {
    let home = Home::furnished(Database::Sqlite).expect("SQLite");
    let pem = openssl_free_key();
    let path = home.write("old.pem", &pem);
    let path = path.to_str().expect("UTF-8");
    assert!(home.run(&["keys", "import", path]).ok().contains("RS256 key "));
    assert!(home.run(&["keys", "import", path]).complaint().contains("known already"));
    let nonsense = home.write("nonsense.pem", "no key");
    let _ = home.run(&["keys", "import", nonsense.to_str().expect("UTF-8")]).complaint();
    block_on(async {
        let server = home.serve().await;
        let (access, _) = server.sign_in("rs256", "alice").await;
        assert_eq!(jwt::parts(&access).0["alg"], "RS256");
        assert!(server.accepts(&access).await);
        let (_, keys) = server.get("/.well-known/jwks.json", None).await;
        let kid = &jwt::parts(&access).0["kid"];
        let known = keys["keys"].as_array().is_some_and(|keys| keys.iter().any(|key| &key["kid"] == kid));
        assert!(known, "{keys}");
    });
}

/// J12
#[test]
fn a_weak_key_is_not_imported() {
    let home = Home::furnished(Database::Sqlite).expect("SQLite");
    let path = home.write("weak.pem", include_str!("keys/weak_rsa_1024.pem"));
    let output = home.run(&["keys", "import", path.to_str().expect("UTF-8")]);
    assert!(output.complaint().contains("2048"), "{output:?}");
}

/// A fresh RSA key of 2048 bits as PKCS#8 PEM.
fn openssl_free_key() -> String {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use base64::Engine as _;
    let pair =
        aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key can be made");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("it can be written");
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

#[test]
fn the_document_is_printed_without_a_database() {
    let home = Home::sqlite();
    let document: Value =
        serde_json::from_str(home.run(&["openapi", "native"]).ok()).expect("the document is JSON");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
    assert!(document["paths"]["/auth/login"]["post"]["operationId"].is_string());
    let document: Value =
        serde_json::from_str(home.run(&["openapi", "oauth2"]).ok()).expect("the document is JSON");
    assert!(document["paths"]["/oauth2/token"]["post"]["operationId"].is_string());
    assert!(home.run(&["openapi", "manage"]).complaint().contains("not available yet"));
    assert!(!home.place.sqlite_file().exists());
}

#[test]
fn a_taken_port_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let home = Home::furnished(Database::Sqlite).expect("SQLite").set("server.listen", &address);
    let output = home.run(&["serve"]);
    assert!(output.complaint().contains(&address), "{output:?}");
}

#[test]
fn the_client_of_the_world_works_on_the_binary() {
    let home = Home::furnished(Database::Sqlite).expect("SQLite");
    block_on(async {
        let server = home.serve().await;
        let (access, refresh) = server.sign_in(WEBAPP, "alice").await;
        assert!(server.accepts(&access).await);
        assert_eq!(server.refresh(&access, &refresh).await.0, 200);
    });
}

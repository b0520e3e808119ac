//! Every way a configuration is given, and what is said when it is wrong.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use super::*;

mod native;

const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let path = folder.path().join("doorward.toml");
    fs::write(&path, file).expect("the file can be written");
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::load(Some(&path), &environment)
        .map_err(|error| error.to_string().replace(&path.display().to_string(), "doorward.toml"))
}

fn complaint(file: &str, environment: &[(&str, &str)]) -> String {
    load(file, environment).expect_err("this configuration is wrong")
}

#[test]
fn an_empty_file_means_the_embedded_defaults() {
    let settings = load("", &[]).expect("defaults are usable");
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.public_url(), "http://127.0.0.1:8080");
    assert_eq!(settings.issuer(), "http://127.0.0.1:8080");
    assert_eq!(settings.server.body_limit.bytes(), 1 << 20);
    assert_eq!(settings.tokens.access_token_ttl, Duration::from_mins(15));
    assert_eq!(
        settings.passwords.policy(),
        doorward_core::domain::password_policy::PasswordPolicy::default()
    );
    assert!(settings.auto_migrate());
    assert!(settings.server.trusted_proxies.is_empty());
    assert!(settings.server.cors_origins[0].is_any());
    assert!(settings.security.master_key.is_none());
    assert_eq!(settings.data_directory(), Path::new("data"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\nbody_limit = \"2MiB\"";
    let environment = [
        ("DOORWARD__SERVER__LISTEN", "0.0.0.0:2"),
        ("DOORWARD__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("DOORWARD__DATABASE__MAX_CONNECTIONS", "3"),
        ("DOORWARD__SERVER__PUBLIC_URL", "https://auth.example.com/"),
        ("PATH", "/bin"),
    ];
    let settings = load(file, &environment).expect("usable");
    assert_eq!(settings.server.listen.port(), 2);
    assert_eq!(settings.server.body_limit.bytes(), 2 << 20);
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    assert_eq!(settings.database.max_connections.get(), 3);
    assert_eq!(settings.issuer(), "https://auth.example.com");
}

#[test]
fn secrets_can_come_from_files() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let path = folder.path().join("key");
    fs::write(&path, format!("{KEY}\n")).expect("the file can be written");
    let path = path.display().to_string();
    let settings = load("", &[("DOORWARD__SECURITY__MASTER_KEY_FILE", &path)]).expect("usable");
    let key = settings.security.master_key.expect("given");
    assert!(key.to_base64().expose().starts_with("AQ"));

    let twice =
        [("DOORWARD__SECURITY__MASTER_KEY", KEY), ("DOORWARD__SECURITY__MASTER_KEY_FILE", path.as_str())];
    assert!(complaint("", &twice).contains("given twice"));
    let absent = complaint("", &[("DOORWARD__DATABASE__URL_FILE", "/nonexistent/url")]);
    assert!(
        absent.contains("database.url") && absent.contains("/nonexistent/url cannot be read"),
        "{absent}"
    );
    let no_secret = complaint("", &[("DOORWARD__SERVER__LISTEN_FILE", "/x")]);
    assert!(no_secret.contains("server.listen_file") && no_secret.contains("unknown key"), "{no_secret}");
}

#[test]
fn wrong_values_are_told_in_one_precise_line() {
    assert_eq!(
        complaint("[server]\nlisten = \"nonsense\"", &[]),
        "configuration error: server.listen = \"nonsense\" (doorward.toml): \
         expected an address such as \"127.0.0.1:8080\""
    );
    assert_eq!(
        complaint("", &[("DOORWARD__LOG__LEVEL", "loud")]),
        "configuration error: log.level = \"loud\" (environment variable DOORWARD__LOG__LEVEL): \
         expected \"error\", \"warn\", \"info\", \"debug\" or \"trace\""
    );
    assert_eq!(
        complaint("[database]\nmax_connections = 0", &[]),
        "configuration error: database.max_connections = 0 (doorward.toml): expected a whole number, 1 or more"
    );
    assert_eq!(
        complaint("[tokens]\naccess_token_ttl = 900", &[]),
        "configuration error: tokens.access_token_ttl = 900 (doorward.toml): expected a duration: \
         a whole number with a unit, such as \"500ms\", \"30s\", \"15m\", \"12h\" or \"30d\""
    );
    assert_eq!(
        complaint("[server]\nlisten = \"127.0.0.1:1\"\nlisten = \"x\"", &[]),
        "configuration error: doorward.toml, line 3: not valid TOML: duplicate key"
    );
}

#[test]
fn every_wrong_value_names_its_key() {
    let cases = [
        ("[server]\npublic_url = \"auth.example.com\"", "server.public_url = \"auth.example.com\""),
        ("[server]\npublic_url = \"https://a/?x=1\"", "server.public_url"),
        ("[server]\ntrusted_proxies = [\"10.0.0.0/40\"]", "server.trusted_proxies = [\"10.0.0.0/40\"]"),
        ("[server]\ncors_origins = [\"*\", \"https://a\"]", "server.cors_origins"),
        ("[server]\ncors_origins = \"*\"", "server.cors_origins"),
        ("[server]\nbody_limit = 1024", "server.body_limit = 1024"),
        ("[server]\nrequest_timeout = \"0s\"", "server.request_timeout = \"0s\""),
        ("[database]\nauto_migrate = \"yes\"", "database.auto_migrate = \"yes\""),
        ("[revocation]\npoll = \"10s\"", "revocation.poll = \"10s\""),
        ("[tokens]\nalgorithm = \"HS256\"", "tokens.algorithm = \"HS256\""),
        ("[tokens]\nalgorithm = \"none\"", "tokens.algorithm = \"none\""),
        ("[tokens]\nissuer = \"\"", "tokens.issuer = \"\""),
        ("[tokens]\nauth_code_ttl = \"11m\"", "tokens.auth_code_ttl = \"11m\""),
        ("[tokens]\nrefresh_grace = \"1h\"", "tokens.refresh_grace = \"1h\""),
        ("[passwords]\niterations = 0", "passwords.iterations = 0"),
        ("[passwords]\nmin_length = -1", "passwords.min_length = -1"),
        ("[passwords]\nlanes = 16\nmemory = \"64KiB\"", "passwords.memory = \"64KiB\""),
        ("[oauth2]\nsubject = \"email\"", "oauth2.subject = \"email\""),
        ("[oauth2]\nsession_idle = \"8d\"", "oauth2.session_idle = \"8d\""),
        ("[oauth2]\nsession_idle = \"10s\"", "oauth2.session_idle = \"10s\""),
        ("[oauth2]\nsession_lifetime = \"1h\"", "oauth2.session_idle"),
        ("[oauth2]\nsession_lifetime = \"401d\"", "oauth2.session_lifetime = \"401d\""),
        ("[log]\nformat = \"xml\"", "log.format = \"xml\""),
        ("[server]\nlisen = \"x\"", "server.lisen (doorward.toml): unknown key; expected one of listen,"),
        ("[sever]", "sever (doorward.toml): unknown section; expected one of server,"),
        ("server = 5", "server (doorward.toml): expected a section"),
        ("listen = \"127.0.0.1:8080\"", "listen (doorward.toml): unknown section"),
    ];
    for (file, start) in cases {
        let line = complaint(file, &[]);
        assert!(line.starts_with(&format!("configuration error: {start}")), "{line}");
        assert!(line.contains("expected ") && !line.contains('\n'), "{line}");
    }
}

#[test]
fn providers_come_from_file_and_environment() {
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    let path = folder.path().join("key.p8");
    let pem = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----";
    fs::write(&path, format!("{pem}\n")).expect("the file can be written");
    let path = path.display().to_string();
    let file = "[providers.google]\nclient_id = \"a\"\nscopes = [\"openid\"]\nlink = \"verified_email\"\n\
                [providers.my-idp]\nkind = \"oidc\"\nsign_up = \"create\"\nsign_up_tenant = \"acme\"\nsign_up_role = \"Member\"";
    let environment = [
        ("DOORWARD__PROVIDERS__GOOGLE__CLIENT_SECRET", "hunter2"),
        ("DOORWARD__PROVIDERS__GOOGLE__CLIENT_ID", "b"),
        ("DOORWARD__PROVIDERS__MY_OTHER_IDP__KIND", "apple"),
        ("DOORWARD__PROVIDERS__MY_OTHER_IDP__PRIVATE_KEY_FILE", path.as_str()),
        ("DOORWARD__PROVIDERS__MY_OTHER_IDP__AUDIENCES", "one, two"),
    ];
    let settings = load(file, &environment).expect("usable");
    let ids: Vec<&str> = settings.providers.keys().map(String::as_str).collect();
    assert_eq!(ids, ["google", "my-idp", "my_other_idp"]);
    let google = &settings.providers["google"];
    assert_eq!(google.kind.map(doorward_core::ports::provider::ProviderKind::as_str), Some("google"));
    assert_eq!(google.client_id.as_deref(), Some("b"));
    assert_eq!(google.client_secret.as_ref().map(|secret| secret.expose().as_str()), Some("hunter2"));
    assert_eq!(google.scopes.as_deref(), Some(["openid".to_owned()].as_slice()));
    assert_eq!(google.sign_up, SignUpWord::Deny);
    assert_eq!(settings.providers["my-idp"].sign_up_role.as_deref(), Some("Member"));
    let other = &settings.providers["my_other_idp"];
    assert_eq!(other.private_key.as_ref().map(|key| key.0.expose().as_str()), Some(pem));
    assert_eq!(other.audiences, ["one", "two"]);
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert!(load("", &[]).expect("usable").providers.is_empty());
}

#[test]
fn wrong_providers_are_told_in_one_line() {
    let cases = [
        ("[providers]\nkind = \"oidc\"", "providers.kind (doorward.toml): expected a section"),
        ("providers = 1", "providers (doorward.toml): expected sections"),
        ("[providers.Google]", "providers.Google (doorward.toml): expected an id of"),
        ("[providers.\"a.b\"]", "providers.a.b (doorward.toml): expected an id of"),
        ("[providers.a__b]", "providers.a__b (doorward.toml): expected an id of"),
        (
            "[providers.google]\nclient_di = \"x\"",
            "providers.google.client_di (doorward.toml): unknown key; expected",
        ),
        (
            "[providers.google]\nkind = \"azure\"",
            "providers.google.kind = \"azure\" (doorward.toml): expected \"google\"",
        ),
        (
            "[providers.x]\nkind = \"gogle\"",
            "providers.x.kind = \"gogle\" (doorward.toml): expected one of google,",
        ),
        ("[providers.x]", "providers.x.kind (not set): expected one of google,"),
        (
            "[providers.google]\nsign_up = \"create\"",
            "providers.google.sign_up_tenant (not set): expected the key",
        ),
        (
            "[providers.google]\nsign_up = \"create\"\nsign_up_tenant = \"a\"",
            "providers.google.sign_up_role (not set): expected",
        ),
        (
            "[providers.google]\nlink = \"email\"",
            "providers.google.link = \"email\" (doorward.toml): expected \"never\"",
        ),
        (
            "[providers.google]\ntimeout = \"6s\"",
            "providers.google.timeout = \"6s\" (doorward.toml): expected a duration",
        ),
        (
            "[providers.google]\nclient_secret = 5551234",
            "providers.google.client_secret = [secret] (doorward.toml): expected",
        ),
    ];
    for (file, start) in cases {
        let line = complaint(file, &[]);
        assert!(line.starts_with(&format!("configuration error: {start}")), "{line}");
        assert!(!line.contains('\n') && !line.contains("5551234"), "{line}");
    }
    for (name, key) in [
        ("DOORWARD__PROVIDERS__GOOGLE__CLIENT_SECRT", "providers.google.client_secrt"),
        ("DOORWARD__PROVIDERS__GOOGLE", "providers.google"),
        ("DOORWARD__PROVIDERS", "providers."),
        ("DOORWARD__PROVIDERS__GOOGLE__CLIENT_ID_FILE", "providers.google.client_id_file"),
    ] {
        let line = complaint("", &[(name, "hunter2")]);
        assert!(line.starts_with(&format!("configuration error: {key}")) && line.contains(name), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[test]
fn unknown_variables_are_refused() {
    for name in ["DOORWARD__SERVER__LISEN", "DOORWARD__SERVER", "DOORWARD__", "DOORWARD__SERVER__LISTEN__X"] {
        let line = complaint("", &[(name, "hunter2")]);
        assert!(line.contains(name) && line.contains("unknown") && !line.contains("hunter2"), "{line}");
    }
}

#[test]
fn secrets_are_never_shown() {
    let cases: [(&str, &[(&str, &str)]); 6] = [
        ("[security]\nmaster_key = \"hunter2\"", &[]),
        ("[security]\nmaster_key = 5551234", &[]),
        ("[redis]\nurl = \"http://:hunter2@x\"", &[]),
        ("[database]\nurl = \"mysql://user:hunter2@host/db\"", &[]),
        ("", &[("DOORWARD__DATABASE__URL", "mysql://user:hunter2@host/db")]),
        ("[security]\nmaster_key = \"hunter2", &[]),
    ];
    for (file, environment) in cases {
        let line = complaint(file, environment);
        assert!(!line.contains("hunter2") && !line.contains("5551234") && !line.contains('\n'), "{line}");
    }
    let given = [
        ("DOORWARD__SECURITY__MASTER_KEY", KEY),
        ("DOORWARD__DATABASE__URL", "postgres://doorward:hunter2@db/doorward"),
        ("DOORWARD__REDIS__URL", "rediss://doorward:hunter2@cache"),
    ];
    let settings = load("", &given).expect("usable");
    assert!(!settings.auto_migrate());
    let debug = format!("{settings:?}");
    assert!(!debug.contains("hunter2") && !debug.contains(KEY), "{debug}");
}

#[test]
fn a_named_file_must_exist() {
    let error = Settings::load(Some(Path::new("/nonexistent/x.toml")), &BTreeMap::new());
    let line = error.expect_err("there is no such file").to_string();
    assert!(line.starts_with("configuration error: /nonexistent/x.toml: cannot be read: "), "{line}");
}

#[test]
fn the_reference_has_every_key_and_every_default_is_usable() {
    let text = reference::render();
    assert!(
        text.contains("## `[providers.<id>]`")
            && text.contains("`DOORWARD__PROVIDERS__<ID>__CLIENT_SECRET_FILE`")
    );
    for section in SECTIONS {
        assert!(text.contains(&format!("## `[{}]`", section.name)));
        for key in section.keys {
            assert!(text.contains(&format!("| `{}` |", key.name)), "{}", key.name);
        }
    }
}

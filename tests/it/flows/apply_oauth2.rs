//! What `doorward apply` makes of clients, pages and profiles of the OAuth 2.0 dialect.

use doorward_tests::{Database, Home};

const KEY: &str = "pYgk2kxVdLTm3NTdR6PLTsCMFSDcbqj5FiIk8sKJvtM";

fn declared() -> String {
    format!(
        r#"
[[tenants]]
key = "acme"
[tenants.pages]
sign_in_title = "Welcome"

[[roles]]
name = "Member"

[[clients]]
client_id = "web"
client_secret = "a secret of more than twenty characters"
first_party = true
require_pkce = false
id_token_algorithm = "ES256"
id_token_ttl = "10m"
resources = ["urn:acme:api"]
backchannel_logout_uri = "https://app.acme.test/logout"
backchannel_logout_session_required = true
sign_in_title = "Web"

[[clients]]
client_id = "signer"
type = "m2m"
auth_method = "private_key_jwt"
jwks = {{ keys = [{{ kty = "OKP", crv = "Ed25519", x = "{KEY}" }}] }}

[[clients]]
client_id = "app"
type = "spa"
auth_method = "none"

[[users]]
username = "alice"
nickname = "Ali"
photo_url = "https://example.com/a.png"
timezone = "Europe/Paris"
address = {{ locality = "Paris", country = "France" }}
memberships = [{{ tenant = "acme", role = "Member" }}]
"#
    )
}

fn changed(lines: &str) -> Vec<&str> {
    lines.lines().filter(|line| line.starts_with("created") || line.starts_with("updated")).collect()
}

fn each_key_is_kept_and_each_change_is_told(database: Database) {
    let Some(home) = Home::empty(database) else { return };
    let home = home.set("database.auto_migrate", "true");
    let first = home.apply(&declared(), &[]);
    assert_eq!(changed(first.ok()).len(), 6, "{first:?}");
    assert!(!first.stdout.contains("warning"), "{first:?}");
    let mut text = declared();
    for (old, new, entry) in [
        ("\"Welcome\"", "\"Hello\"", "tenant acme"),
        ("first_party = true", "first_party = false", "client web"),
        ("require_pkce = false", "require_pkce = true", "client web"),
        ("\"ES256\"", "\"EdDSA\"", "client web"),
        ("\"10m\"", "\"11m\"", "client web"),
        ("urn:acme:api", "urn:acme:other", "client web"),
        ("/logout", "/signed-out", "client web"),
        ("session_required = true", "session_required = false", "client web"),
        ("\"Web\"", "\"Web app\"", "client web"),
        ("\"Ed25519\",", "\"Ed25519\", kid = \"1\",", "client signer"),
        ("\"Ali\"", "\"Lissy\"", "user alice"),
        ("a.png", "b.png", "user alice"),
        ("Europe/Paris", "Europe/Vienna", "user alice"),
        ("locality = \"Paris\", ", "", "user alice"),
    ] {
        let other = text.replace(old, new);
        assert_ne!(other, text, "{old}");
        text = other;
        let updated = format!("updated {entry}");
        let output = home.apply(&text, &[]);
        assert_eq!(changed(output.ok()), [updated.as_str()], "{old} {output:?}");
    }
    assert_eq!(changed(home.apply(&text, &[]).ok()), Vec::<&str>::new());
    let dry = home.apply(&declared(), &["--dry-run"]);
    assert_eq!(
        changed(dry.ok()),
        ["updated tenant acme", "updated client web", "updated client signer", "updated user alice"]
    );
    assert_eq!(changed(home.apply(&text, &[]).ok()), Vec::<&str>::new(), "a dry run writes nothing");
    let silent =
        "[[tenants]]\nkey = \"acme\"\n[[clients]]\nclient_id = \"web\"\n[[users]]\nusername = \"alice\"";
    assert_eq!(changed(home.apply(silent, &[]).ok()), Vec::<&str>::new(), "what is not said stays");
}

mod each_key_is_kept_and_each_change_is_told {
    use doorward_tests::Database;

    #[test]
    fn sqlite() {
        super::each_key_is_kept_and_each_change_is_told(Database::Sqlite);
    }

    #[test]
    fn postgres() {
        super::each_key_is_kept_and_each_change_is_told(Database::Postgres);
    }
}

/// What stands in the database already counts as well as what stands in the file.
#[test]
fn clients_that_make_no_sense_are_refused_by_name() {
    let home = Home::sqlite();
    let _ = home.apply(&declared(), &[]).ok();
    let new = |keys: &str| format!("[[clients]]\nclient_id = \"new\"\n{keys}");
    let old = |client: &str, keys: &str| format!("[[clients]]\nclient_id = \"{client}\"\n{keys}");
    let secret = "client_secret = \"a secret of more than twenty characters\"\n";
    for (text, place) in [
        (new(&format!("{secret}auth_method = \"none\"")), "clients[0].auth_method"),
        (new("type = \"spa\"\nauth_method = \"client_secret_basic\""), "clients[0].auth_method"),
        (new("type = \"spa\"\nauth_method = \"private_key_jwt\""), "clients[0].auth_method"),
        (new("type = \"spa\"\nrequire_pkce = false"), "clients[0].require_pkce"),
        (new("type = \"spa\"\ngrants = [\"authorization_code\", \"password\"]"), "clients[0].grants"),
        (new("type = \"spa\"\ngrants = [\"client_credentials\"]"), "clients[0].grants"),
        (new("type = \"m2m\"\nauth_method = \"private_key_jwt\""), "clients[0].jwks"),
        (new("auth_method = \"client_secret_post\""), "clients[0].client_secret"),
        (old("web", "auth_method = \"none\""), "clients[0].auth_method"),
        (old("web", "auth_method = \"private_key_jwt\""), "clients[0].jwks"),
        (old("web", "type = \"spa\""), "clients[0].require_pkce"),
        (old("signer", "auth_method = \"client_secret_basic\""), "clients[0].client_secret"),
        (old("app", "grants = [\"password\"]"), "clients[0].grants"),
        (old("app", "type = \"web\""), "clients[0].auth_method"),
    ] {
        let output = home.apply(&text, &[]);
        assert!(output.complaint().contains(place), "{text}\n{output:?}");
    }
    assert_eq!(changed(home.apply(&declared(), &[]).ok()), Vec::<&str>::new(), "nothing was written");
}

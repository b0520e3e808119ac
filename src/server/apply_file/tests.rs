//! What the `apply` file can say, and what is said when it is wrong.

use std::time::Duration;

use doorward_core::domain::client::ClientType;
use doorward_core::domain::membership::MembershipStatus;

use doorward_core::usecase::apply::PasswordSpec;

use super::*;

mod oauth2;

const FULL: &str = r#"
[[tenants]]
key = "acme"
name = "Acme"
id = "0191e7c2-5c1e-7b2a-9d3f-2f6a1c0b4e5d"
status = "active"

[[roles]]
name = "SuperAdmin"
tenant = "acme"
permissions = ["ViewLoginActivity", "user.read"]

[[roles]]
name = "SuperAdmin"

[[clients]]
client_id = "webapp"
client_secret = "websecret"
name = "Web app"
type = "web"
tenant = "acme"
redirect_uris = ["http://127.0.0.1:4200/cb", "myapp://callback"]
logout_redirect_uris = []
grants = ["authorization_code", "refresh_token", "client_credentials", "password"]
scopes = ["openid"]
access_token_ttl = "15m"
refresh_token_ttl = "1d"
auth_code_ttl = "3m"
algorithm = "HS256"
hs256_secret = "shared by old services, 32 bytes"
enabled = true

[[clients]]
client_id = "spa"
type = "spa"
redirect_uris = []

[[users]]
username = "Alice"
email = "alice@example.com"
email_verified = true
phone = "+15550000001"
first_name = "Alice"
middle_name = "B"
last_name = "Test"
gender = "F"
dob = "1990-05-17"
id = "0191e7c2-5c1e-7b2a-9d3f-2f6a1c0b4e5e"
password = "x"
clients = ["webapp", "known-to-the-database"]
default_tenant = "elsewhere"
deleted = false
  [[users.memberships]]
  tenant = "acme"
  role = "SuperAdmin"
  status = "password_change_needed"
  allow = ["SpecialPerm"]
  deny = ["CreateUser"]
  locale = "en"
  [[users.memberships]]
  tenant = "other"
  role = "Reader"
  status = 12
  [[users.identities]]
  provider = "google"
  subject = "1234"

[[users]]
username = "bob"
dob = 1990-05-17
password_hash = "$2b$10$abcdefghijklmnopqrstuuJ1Q3yq2l3D5wQ0rJm1x1f4bXv5t7WcG"
"#;

fn complaint(text: &str) -> String {
    parse(text, "x.toml").expect_err("this file is wrong").to_string()
}

#[test]
fn everything_of_the_stable_interface_is_read() {
    let file = parse(FULL, "x.toml").expect("usable");
    assert_eq!((file.tenants.len(), file.roles.len(), file.clients.len(), file.users.len()), (1, 2, 2, 2));
    assert_eq!(file.roles[1].tenant, None);
    let web = &file.clients[0];
    assert_eq!(web.access_token_ttl, Some(Duration::from_mins(15)));
    assert_eq!(web.redirect_uris.as_ref().map(Vec::len), Some(2));
    assert_eq!(file.clients[1].client_type, Some(ClientType::Spa));
    assert_eq!(file.clients[1].redirect_uris, Some(vec![]));
    let alice = &file.users[0];
    assert_eq!(alice.username, "Alice");
    assert_eq!(alice.memberships[0].status, Some(MembershipStatus::PASSWORD_CHANGE_NEEDED));
    assert_eq!(alice.memberships[1].status.map(MembershipStatus::code), Some(12));
    assert_eq!(alice.dob, file.users[1].dob);
    assert!(matches!(file.users[1].password, Some(PasswordSpec::Hash(_))));
    let debug = format!("{file:?}");
    assert!(!debug.contains("websecret") && !debug.contains("$2b$"), "{debug}");
}

#[test]
fn an_empty_file_asks_for_nothing() {
    let file = parse("", "x.toml").expect("usable");
    assert!(file.tenants.is_empty());
}

#[test]
fn what_is_wrong_is_told_in_one_precise_line() {
    let user = "[[users]]\nusername = \"a\"\n";
    assert_eq!(
        complaint(&format!("{user}[[users.memberships]]\ntenant = \"t\"\nstatus = \"gone\"")),
        "apply file error: users[0].memberships[0].status = \"gone\" (x.toml): expected \"registered\", \
         \"active\", \"inactive\", \"password_change_needed\", \"rejected\" or a number from 0 to 12"
    );
    assert_eq!(
        complaint("[[tenants]]\nname = \"Acme\""),
        "apply file error: tenants[0].key (x.toml): missing; expected text, not empty and without control characters"
    );
    assert_eq!(
        complaint("[[tenants]]\nkey = \"acme\"\ncolour = \"red\""),
        "apply file error: tenants[0].colour (x.toml): unknown key; expected one of key, name, id, status, pages"
    );
    assert_eq!(
        complaint("[[tenants]]\nkey = "),
        "apply file error: x.toml, line 2: not valid TOML: string values must be quoted, expected literal string"
    );
}

#[test]
fn every_wrong_entry_names_its_key() {
    let cases = [
        ("[tenants]\nkey = \"a\"", "tenants (x.toml): expected tables, each under a line [[tenants]]"),
        ("tenants = [\"acme\"]", "tenants[0] (x.toml): expected tables, each under a line [[tenants]]"),
        ("[[tenant]]\nkey = \"a\"", "tenant (x.toml): unknown key"),
        ("[[tenants]]\nkey = 5", "tenants[0].key = 5"),
        ("[[tenants]]\nkey = \"a\\u0000\"", "tenants[0].key = \"a\\0\""),
        ("[[tenants]]\nkey = \"a\"\nid = \"x\"", "tenants[0].id = \"x\""),
        ("[[tenants]]\nkey = \"a\"\nstatus = \"on\"", "tenants[0].status = \"on\""),
        (
            "[[tenants]]\nkey = \"a\"\n[[tenants]]\nkey = \"a\"",
            "tenants[1].key (x.toml): stands in the file already",
        ),
        ("[[clients]]\nclient_id = \"a\"\ntype = \"app\"", "clients[0].type = \"app\""),
        ("[[clients]]\nclient_id = \"a\"\ngrants = [\"implicit\"]", "clients[0].grants = [\"implicit\"]"),
        ("[[clients]]\nclient_id = \"a\"\nredirect_uris = [\"cb\"]", "clients[0].redirect_uris = [\"cb\"]"),
        ("[[clients]]\nclient_id = \"a\"\nredirect_uris = [\"javascript:x\"]", "clients[0].redirect_uris"),
        ("[[clients]]\nclient_id = \"a\"\naccess_token_ttl = 900", "clients[0].access_token_ttl = 900"),
        ("[[clients]]\nclient_id = \"a\"\nauth_code_ttl = \"0s\"", "clients[0].auth_code_ttl = \"0s\""),
        ("[[clients]]\nclient_id = \"a\"\nalgorithm = \"none\"", "clients[0].algorithm = \"none\""),
        ("[[users]]\nusername = \"A\"\n[[users]]\nusername = \"a\"", "users[1].username (x.toml): stands"),
        ("[[users]]\nusername = \"a\"\nemail = \"nobody\"", "users[0].email = \"nobody\""),
        ("[[users]]\nusername = \"a\"\ndob = \"17.5.1990\"", "users[0].dob = \"17.5.1990\""),
        ("[[users]]\nusername = \"a\"\ndob = \"1990-02-30\"", "users[0].dob = \"1990-02-30\""),
        ("[[users]]\nusername = \"a\"\ngender = \"female\"", "users[0].gender = \"female\""),
        ("[[users]]\nusername = \"a\"\ndeleted = \"no\"", "users[0].deleted = \"no\""),
        (
            "[[users]]\nusername = \"a\"\n[[users.memberships]]\nrole = \"x\"",
            "users[0].memberships[0].tenant",
        ),
        (
            "[[users]]\nusername = \"a\"\n[[users.memberships]]\ntenant = \"t\"\nstatus = 13",
            "users[0].memberships[0].status = 13",
        ),
        (
            "[[users]]\nusername = \"a\"\n[[users.identities]]\nprovider = \"google\"",
            "users[0].identities[0].subject",
        ),
    ];
    for (text, start) in cases {
        let line = complaint(text);
        assert!(line.starts_with(&format!("apply file error: {start}")), "{line}");
        assert!(line.contains("expected ") && !line.contains('\n'), "{line}");
    }
}

#[test]
fn secrets_are_never_shown() {
    let cases = [
        "[[users]]\nusername = \"a\"\npassword = 5551234",
        "[[users]]\nusername = \"a\"\npassword_hash = \"hunter2\"",
        "[[users]]\nusername = \"a\"\npassword = \"hunter2\"\npassword_hash = \
         \"$2b$10$abcdefghijklmnopqrstuuJ1Q3yq2l3D5wQ0rJm1x1f4bXv5t7WcG\"",
        "[[users]]\nusername = \"a\"\npassword = \"hunter2\nx",
        "[[clients]]\nclient_id = \"a\"\ntype = \"spa\"\nclient_secret = \"hunter2\"",
        "[[clients]]\nclient_id = \"a\"\nclient_secret = [\"hunter2\"]",
        "[[clients]]\nclient_id = \"a\"\nhs256_secret = \"hunter2\"",
    ];
    for text in cases {
        let line = complaint(text);
        for secret in ["hunter2", "5551234", "$2b$10"] {
            assert!(!line.contains(secret), "{line}");
        }
        assert!(!line.contains('\n'), "{line}");
    }
}

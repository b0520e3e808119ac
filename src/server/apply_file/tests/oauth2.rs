//! Clients, pages and profiles of the OAuth 2.0 dialect.

use std::time::Duration;

use doorward_core::domain::client::AuthMethod;
use doorward_core::domain::hosted_pages::HostedPages;
use doorward_core::domain::key::Algorithm;
use doorward_core::domain::profile::{Address, ProfileDetails};
use serde_json::json;

use super::complaint;
use crate::apply_file::parse;

const POINT: &str = "pYgk2kxVdLTm3NTdR6PLTsCMFSDcbqj5FiIk8sKJvtM";

fn full() -> String {
    format!(
        r#"
[[tenants]]
key = "acme"
[tenants.pages]
sign_in_title = "Welcome to Acme"
sign_up_title = "Join Acme"
forgot_password_title = "Forgot?"
reset_password_title = "Choose another"
recover_username_title = "Who am I?"
logo_url = "https://acme.test/logo.svg"
css_url = "http://127.0.0.1:3000/own.css"

[[tenants]]
key = "globex"
pages = {{ sign_in_title = "Globex" }}

[[clients]]
client_id = "service"
type = "m2m"
first_party = true
auth_method = "private_key_jwt"
require_pkce = false
id_token_algorithm = "EdDSA"
id_token_ttl = "10m"
jwks = {{ keys = [{{ kty = "EC", crv = "P-256", x = "{POINT}", y = "{POINT}", kid = "1" }}] }}
resources = ["https://api.acme.test/v1", "urn:acme:api"]
backchannel_logout_uri = "https://app.acme.test/logout"
backchannel_logout_session_required = true
sign_in_title = "Service"
logo_url = "https://acme.test/service.svg"

[[clients]]
client_id = "other"
client_secret = "secret"
jwks = '''
{{"keys": [{{"kty": "OKP", "crv": "Ed25519", "x": "{POINT}"}}]}}
'''

[[users]]
username = "alice"
photo_url = "https://example.com/a.png#x"
nickname = "Ali"
profile_url = "http://example.com/alice"
timezone = "America/Argentina/Buenos_Aires"
address = {{ formatted = "1 High Street\nLondon", street_address = "1 High Street", locality = "London", region = "Greater London", postal_code = "SW1A 1AA", country = "UK" }}

[[users]]
username = "bob"
  [users.address]
  country = "UK"
"#
    )
}

#[test]
fn everything_of_the_dialect_is_read() {
    let file = parse(&full(), "x.toml").expect("usable");
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        file.tenants[0].pages,
        HostedPages {
            sign_in_title: text("Welcome to Acme"),
            sign_up_title: text("Join Acme"),
            forgot_password_title: text("Forgot?"),
            reset_password_title: text("Choose another"),
            recover_username_title: text("Who am I?"),
            logo_url: text("https://acme.test/logo.svg"),
            css_url: text("http://127.0.0.1:3000/own.css"),
        }
    );
    assert_eq!(file.tenants[1].pages.sign_in_title, text("Globex"));
    let service = &file.clients[0].oauth;
    assert_eq!(service.first_party, Some(true));
    assert_eq!(service.auth_method, Some(AuthMethod::PrivateKeyJwt));
    assert_eq!(service.require_pkce, Some(false));
    assert_eq!(service.id_token_algorithm, Some(Algorithm::EdDSA));
    assert_eq!(service.id_token_ttl, Some(Duration::from_mins(10)));
    let key = json!({"kty": "EC", "crv": "P-256", "x": POINT, "y": POINT, "kid": "1"});
    assert_eq!(service.jwks, Some(json!({"keys": [key]})));
    assert_eq!(service.resources.as_ref().map(Vec::len), Some(2));
    assert_eq!(service.backchannel_logout_uri, text("https://app.acme.test/logout"));
    assert_eq!(service.backchannel_logout_session_required, Some(true));
    assert_eq!(service.pages.sign_in_title, text("Service"));
    assert_eq!(service.pages.logo_url, text("https://acme.test/service.svg"));
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": POINT});
    assert_eq!(file.clients[1].oauth.jwks, Some(json!({"keys": [key]})));
    assert_eq!(file.users[0].photo_url, text("https://example.com/a.png#x"));
    let address = Address {
        formatted: text("1 High Street\nLondon"),
        street_address: text("1 High Street"),
        locality: text("London"),
        region: text("Greater London"),
        postal_code: text("SW1A 1AA"),
        country: text("UK"),
    };
    assert_eq!(
        file.users[0].profile,
        ProfileDetails {
            nickname: text("Ali"),
            profile_url: text("http://example.com/alice"),
            timezone: text("America/Argentina/Buenos_Aires"),
            address: Some(address),
        }
    );
    let country = Address { country: text("UK"), ..Address::default() };
    assert_eq!(file.users[1].profile.address, Some(country));
}

#[test]
fn every_wrong_entry_names_its_key() {
    let cases = [
        ("first_party = \"yes\"", "first_party = \"yes\""),
        ("auth_method = \"client_secret_jwt\"", "auth_method = \"client_secret_jwt\""),
        ("require_pkce = 0", "require_pkce = 0"),
        ("id_token_algorithm = \"HS256\"", "id_token_algorithm = \"HS256\""),
        ("id_token_algorithm = \"none\"", "id_token_algorithm = \"none\""),
        ("id_token_ttl = \"0s\"", "id_token_ttl = \"0s\""),
        ("id_token_ttl = \"1500ms\"", "id_token_ttl = \"1500ms\""),
        ("id_token_ttl = \"25h\"", "id_token_ttl = \"25h\""),
        ("jwks = \"{\"", "jwks = [secret]"),
        ("jwks = [1]", "jwks = [secret]"),
        ("jwks = {}", "jwks = [secret]"),
        ("jwks = { keys = [] }", "jwks = [secret]"),
        ("resources = [\"orders\"]", "resources = [\"orders\"]"),
        ("resources = [\"https://a.test/#x\"]", "resources = [\"https://a.test/#x\"]"),
        ("backchannel_logout_uri = \"http://a.test/\"", "backchannel_logout_uri = \"http://a.test/\""),
        ("backchannel_logout_uri = \"https://a.test/#x\"", "backchannel_logout_uri = \"https://a.test/#x\""),
        ("backchannel_logout_session_required = \"1\"", "backchannel_logout_session_required = \"1\""),
        ("sign_in_title = \"\"", "sign_in_title = \"\""),
        ("logo_url = \"logo.png\"", "logo_url = \"logo.png\""),
        ("css_url = \"http://a.test/own.css\"", "css_url = \"http://a.test/own.css\""),
        ("jwks_uri = \"https://a.test/jwks\"", "jwks_uri (x.toml): unknown key"),
    ];
    for (entry, start) in cases {
        let line = complaint(&format!("[[clients]]\nclient_id = \"a\"\n{entry}"));
        assert!(line.starts_with(&format!("apply file error: clients[0].{start}")), "{line}");
        assert!(line.contains("expected ") && !line.contains('\n'), "{line}");
    }
    let cases = [
        ("[[tenants]]\nkey = \"a\"\npages = \"red\"", "tenants[0].pages (x.toml): expected a table"),
        (
            "[[tenants]]\nkey = \"a\"\n[tenants.pages]\ntitle = \"A\"",
            "tenants[0].pages.title (x.toml): unknown key",
        ),
        (
            "[[tenants]]\nkey = \"a\"\n[tenants.pages]\nlogo_url = \"javascript:x\"",
            "tenants[0].pages.logo_url = \"javascript:x\"",
        ),
        ("[[users]]\nusername = \"a\"\nnickname = 5", "users[0].nickname = 5"),
        ("[[users]]\nusername = \"a\"\nprofile_url = \"me\"", "users[0].profile_url = \"me\""),
        ("[[users]]\nusername = \"a\"\nphoto_url = \"data:x\"", "users[0].photo_url = \"data:x\""),
        ("[[users]]\nusername = \"a\"\ntimezone = \"+01:00\"", "users[0].timezone = \"+01:00\""),
        ("[[users]]\nusername = \"a\"\naddress = \"London\"", "users[0].address (x.toml): expected a table"),
        (
            "[[users]]\nusername = \"a\"\naddress = { city = \"London\" }",
            "users[0].address.city (x.toml): unknown key",
        ),
        ("[[users]]\nusername = \"a\"\naddress = { country = 5 }", "users[0].address.country = 5"),
    ];
    for (text, start) in cases {
        let line = complaint(text);
        assert!(line.starts_with(&format!("apply file error: {start}")), "{line}");
        assert!(line.contains("expected ") && !line.contains('\n'), "{line}");
    }
}

#[test]
fn private_keys_are_refused_and_not_shown() {
    for key in [
        format!(r#"{{ kty = "EC", crv = "P-256", x = "{POINT}", y = "{POINT}", d = "hunter2" }}"#),
        r#"{ kty = "oct", k = "hunter2" }"#.to_owned(),
    ] {
        let line = complaint(&format!("[[clients]]\nclient_id = \"a\"\njwks = {{ keys = [{key}] }}"));
        assert!(
            line.starts_with("apply file error: clients[0].jwks = [secret] (x.toml): keys[0] holds"),
            "{line}"
        );
        assert!(!line.contains("hunter2"), "{line}");
    }
}

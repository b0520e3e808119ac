//! What can be registered, and what is said about the rest.

use serde_json::json;

use super::super::client::ClientType;
use super::*;
use crate::testkit::samples::Samples;

fn client(client_type: ClientType) -> Client {
    let mut client = Samples::new(1).client("app");
    client.client_type = client_type;
    client
}

fn complaint(client: &Client) -> &'static str {
    check_client(client).expect_err("unfit").field
}

#[test]
fn each_type_as_it_is_by_default_is_fit() {
    for client_type in [ClientType::Web, ClientType::Spa, ClientType::MachineToMachine] {
        assert_eq!(check_client(&client(client_type)), Ok(()));
    }
}

/// RFC 6749 §2.1, OpenID Connect Core §9.
#[test]
fn public_clients_prove_nothing_and_others_do() {
    let mut spa = client(ClientType::Spa);
    spa.oauth.auth_method = Some(AuthMethod::None);
    assert_eq!(check_client(&spa), Ok(()));
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::PrivateKeyJwt] {
        spa.oauth.auth_method = Some(method);
        assert_eq!(complaint(&spa), "auth_method");
    }
    for client_type in [ClientType::Web, ClientType::MachineToMachine] {
        let mut confidential = client(client_type);
        confidential.oauth.auth_method = Some(AuthMethod::None);
        assert_eq!(complaint(&confidential), "auth_method");
        confidential.oauth.auth_method = Some(AuthMethod::PrivateKeyJwt);
        assert_eq!(complaint(&confidential), "jwks");
        confidential.oauth.jwks = Some(json!({"keys": []}));
        assert_eq!(check_client(&confidential), Ok(()));
    }
}

/// RFC 9700 §2.1.1.
#[test]
fn only_confidential_clients_can_do_without_pkce() {
    for (client_type, is_fit) in
        [(ClientType::Web, true), (ClientType::MachineToMachine, true), (ClientType::Spa, false)]
    {
        let mut client = client(client_type);
        client.oauth.require_pkce = false;
        assert_eq!(check_client(&client).is_ok(), is_fit, "{client_type:?}");
    }
    let mut spa = client(ClientType::Spa);
    spa.oauth.require_pkce = false;
    assert_eq!(complaint(&spa), "require_pkce");
}

#[test]
fn grants_are_known_and_public_clients_have_only_those_of_a_user() {
    for grant in ["client_credentials", "password"] {
        let mut spa = client(ClientType::Spa);
        spa.grants.push(grant.to_owned());
        assert_eq!(complaint(&spa), "grants");
        let mut web = client(ClientType::Web);
        web.grants.push(grant.to_owned());
        assert_eq!(check_client(&web), Ok(()));
    }
    let mut web = client(ClientType::Web);
    web.grants.push("implicit".to_owned());
    assert_eq!(complaint(&web), "grants");
}

#[test]
fn id_tokens_are_signed_with_public_keys() {
    let mut web = client(ClientType::Web);
    web.oauth.id_token_algorithm = Algorithm::HS256;
    assert_eq!(complaint(&web), "id_token_algorithm");
}

#[test]
fn resources_are_absolute_uris() {
    for good in ["https://api.acme.test", "https://api.acme.test/v1?x=1", "urn:acme:api", "api://orders"] {
        assert_eq!(check_resource(good), Ok(()), "{good}");
    }
    for wrong in
        ["", "orders", "/v1", "https://", "https:", "1x:y", "https://a.test/#x", "https://a .test", "a:\"b"]
    {
        assert!(check_resource(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn web_addresses_are_not_read_on_the_way() {
    for good in [
        "https://app.acme.test/logout",
        "https://app.acme.test",
        "https://app.acme.test:8443/x?y=1",
        "https://fonts.acme.test/css2?family=Inter:wght@400;700",
        "https://[2001:db8::1]:8443/",
        "http://localhost:3000/logo.png",
        "http://127.0.0.1/x",
        "http://[::1]:9/x",
    ] {
        assert_eq!(check_web_address(good), Ok(()), "{good}");
    }
    for wrong in [
        "",
        "logo.png",
        "/logo.png",
        "//a.test/x",
        "http://a.test/x",
        "http://localhost.a.test/",
        "http://127.0.0.1.a.test/",
        "https://",
        "https:///x",
        "https://:443/x",
        "https://a.test:0/",
        "https://a.test:99999/",
        "https://[::1/",
        "https://u:p@a.test/",
        "http://localhost@a.test/",
        "https://a.test/#x",
        "https://a.test/\"x",
        "https://a.test/ x",
        "javascript:alert(1)",
        "data:image/png;base64,AA==",
    ] {
        assert!(check_web_address(wrong).is_err(), "{wrong}");
    }
}

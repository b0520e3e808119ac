//! What is particular about Keycloak.

use doorward_core::domain::federation::UpstreamTokens;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::ProviderKind;
use serde_json::json;

use super::issuer;
use crate::engine::testing::{CLIENT, Scene, build, query, section, with};

#[test]
fn every_shape_of_the_host_leads_to_the_realm() {
    let cases = [
        ("https://sso.test", "https://sso.test/realms/acme"),
        ("https://sso.test/", "https://sso.test/realms/acme"),
        ("https://sso.test/realms", "https://sso.test/realms/acme"),
        ("https://sso.test/realms/", "https://sso.test/realms/acme"),
        ("https://sso.test/auth", "https://sso.test/auth/realms/acme"),
        ("https://sso.test/auth/", "https://sso.test/auth/realms/acme"),
        ("https://sso.test/auth/realms", "https://sso.test/auth/realms/acme"),
        ("https://sso.test:8443/x/auth/realms/", "https://sso.test:8443/x/auth/realms/acme"),
    ];
    for (host, expected) in cases {
        assert_eq!(issuer(host, "acme").as_deref(), Some(expected), "{host}");
    }
    assert_eq!(issuer("https://sso.test", "a b/c").as_deref(), Some("https://sso.test/realms/a%20b%2Fc"));
    assert_eq!(issuer("sso.test", "acme"), None);
}

#[tokio::test]
async fn a_realm_signs_in_and_out() {
    let scene = Scene::of(|base| {
        with(with(section(ProviderKind::Keycloak), "host", &format!("{base}/auth/realms/")), "realm", "acme")
    })
    .await;
    let (issuer, revocation) =
        (scene.upstream.url("/auth/realms/acme"), "/auth/realms/acme/protocol/openid-connect/revoke");
    let claims = json!({
        "iss": issuer, "azp": CLIENT, "preferred_username": "alice", "email": "a@b.test", "email_verified": true, "sid": "s",
    });
    let identity = scene.sign_in_as(claims).await.expect("an identity");
    assert_eq!((identity.issuer.as_str(), identity.email_verified), (issuer.as_str(), true));
    let terminator = scene.provider.terminator().expect("it signs out");
    let tokens = UpstreamTokens { refresh_token: Some(Secret::from("r")), ..UpstreamTokens::default() };
    terminator.terminate(&tokens).await.expect("revoked");
    let sent = scene.upstream.requests().pop().expect("a request");
    assert_eq!((sent.path.as_str(), sent.field("token").as_deref()), (revocation, Some("r")));
}

#[test]
fn the_logout_address_is_known_before_anybody_was_asked() {
    let settings = with(with(section(ProviderKind::Keycloak), "host", "https://sso.test"), "realm", "acme");
    let provider = build(settings).expect("a complete section");
    let tokens = UpstreamTokens { id_token: Some(Secret::from("i")), ..UpstreamTokens::default() };
    let terminator = provider.terminator().expect("it signs out");
    let url = terminator.logout_url(&tokens, Some("https://app.test/")).expect("an address");
    assert!(url.starts_with("https://sso.test/realms/acme/protocol/openid-connect/logout?"), "{url}");
    let asked = query(&url);
    assert_eq!((asked["id_token_hint"].as_str(), asked["client_id"].as_str()), ("i", CLIENT));
    assert_eq!(asked["post_logout_redirect_uri"], "https://app.test/");
}

#[test]
fn sections_that_cannot_work_say_why() {
    let wrong = |settings| build(settings).map(|_| ()).expect_err("incomplete").to_string();
    assert_eq!(wrong(section(ProviderKind::Keycloak)), "[providers.keycloak] needs `host`");
    let settings = with(section(ProviderKind::Keycloak), "host", "sso");
    assert_eq!(wrong(settings.clone()), "[providers.keycloak] needs `realm`");
    assert!(wrong(with(settings, "realm", "acme")).contains("`host`"));
}

//! Discovery states the truth (OpenID Connect Discovery, RFC 8414; DC1, DC2).

use doorward_tests::harness::app::ISSUER;
use doorward_tests::harness::relying_party::{CAROL, SHOP, authorize_url};
use doorward_tests::{App, on_both};
use reqwest::Method;
use serde_json::Value;

on_both![
    oidc_discovery_4_the_document_is_at_every_place,
    oidc_discovery_3_what_is_advertised_is_there,
    no_header_poisons_an_address,
    each_advertised_response_mode_and_scope_works,
];

async fn oidc_discovery_4_the_document_is_at_every_place(app: &App) {
    let document = app.get("/.well-known/openid-configuration").await.ok();
    assert_eq!(document["issuer"], ISSUER);
    for path in [
        "/.well-known/oauth-authorization-server",
        "/oauth2/.well-known/openid-configuration",
        "/oauth2/.well-known/oauth-authorization-server",
    ] {
        let reply = app.get(path).await;
        assert_eq!(reply.ok(), document, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*");
    }
}

mod below_a_path {
    use doorward_tests::{App, Options, on_both};

    on_both![options; the_document_is_under_the_issuers_path];

    fn options() -> Options {
        Options::default().set("tokens.issuer", "https://auth.example.test/am/oauth2")
    }

    async fn the_document_is_under_the_issuers_path(app: &App) {
        for path in [
            "/am/oauth2/.well-known/openid-configuration",
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server/am/oauth2",
        ] {
            let document = app.get(path).await.ok();
            assert_eq!(document["issuer"], "https://auth.example.test/am/oauth2", "{path}");
        }
    }
}

fn list(document: &Value, name: &str) -> Vec<String> {
    let values = document[name].as_array().unwrap_or_else(|| unreachable!("no {name} in {document}"));
    values.iter().map(|value| value.as_str().expect("text").to_owned()).collect()
}

async fn oidc_discovery_3_what_is_advertised_is_there(app: &App) {
    let document = app.get("/.well-known/openid-configuration").await.ok();
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "introspection_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
        "check_session_iframe",
    ] {
        let url = reqwest::Url::parse(document[name].as_str().expect(name)).expect(name);
        let methods = [Method::GET, Method::POST];
        let mut statuses = Vec::new();
        for method in methods {
            statuses.push(app.send(app.request(method, url.path())).await.status);
        }
        assert!(statuses.iter().any(|status| *status != 404 && *status != 405), "{name}: {statuses:?}");
        assert!(statuses.iter().all(|status| *status < 500), "{name}: {statuses:?}");
    }
    assert_eq!(list(&document, "response_types_supported"), ["code"]);
    assert_eq!(list(&document, "code_challenge_methods_supported"), ["S256"]);
    assert_eq!(list(&document, "subject_types_supported"), ["public"]);
    let mut grants = list(&document, "grant_types_supported");
    grants.sort();
    assert_eq!(grants, ["authorization_code", "client_credentials", "password", "refresh_token"]);
    let mut methods = list(&document, "token_endpoint_auth_methods_supported");
    methods.sort();
    assert_eq!(methods, ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]);
    assert_eq!(document["request_parameter_supported"], false);
    assert_eq!(document["request_uri_parameter_supported"], false);
    assert_eq!(document["claims_parameter_supported"], true);
    let keys = app.get("/.well-known/jwks.json").await.ok();
    for algorithm in list(&document, "id_token_signing_alg_values_supported") {
        assert!(["RS256", "ES256", "EdDSA"].contains(&&*algorithm), "{algorithm}");
    }
    assert!(keys["keys"].as_array().expect("keys").iter().any(|key| key["alg"] == "RS256"), "{keys}");
}

async fn no_header_poisons_an_address(app: &App) {
    let document = app.get("/.well-known/openid-configuration").await.ok();
    let request = app.request(Method::GET, "/.well-known/openid-configuration");
    let poisoned = request
        .header("host", "evil.test")
        .header("x-forwarded-host", "evil.test")
        .header("x-forwarded-proto", "http")
        .header("forwarded", "host=evil.test");
    assert_eq!(app.send(poisoned).await.ok(), document);
}

async fn each_advertised_response_mode_and_scope_works(app: &App) {
    app.introduce_relying_parties().await;
    let document = app.get("/.well-known/openid-configuration").await.ok();
    for mode in list(&document, "response_modes_supported") {
        let departure = app.authorize(SHOP, CAROL, &[("response_mode", &mode)]).await;
        assert_eq!((departure.error(), departure.form.is_some()), (None, mode == "form_post"));
    }
    for prompt in list(&document, "prompt_values_supported") {
        let landing = app.visitor().get(&authorize_url(SHOP, &[("prompt", &prompt)])).await;
        if prompt == "none" {
            assert_eq!(landing.away().error().as_deref(), Some("login_required"));
        } else {
            landing.here().assert_shows(200, &["username"]);
        }
    }
    for scope in ["openid", "profile", "email", "address", "phone"] {
        assert!(list(&document, "scopes_supported").contains(&scope.to_owned()), "{scope}");
    }
}

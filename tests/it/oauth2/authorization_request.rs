//! `/oauth2/authorize`: whom it trusts, and where it sends whoever asks (RFC 6749 §4.1.1, RFC 9207; AZ1–AZ8, AZ13–AZ15).

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::app::ISSUER;
use doorward_tests::harness::pages::Landing;
use doorward_tests::harness::relying_party::{
    CAROL, CHALLENGE, CONSOLE, DAVE, DESK, PARTNER, SHOP, SHOP_CALLBACK, SHOP_OTHER_CALLBACK, SPA,
    authorize_url,
};
use doorward_tests::{App, Reply, on_both};
use reqwest::Method;

on_both![
    rfc6749_3_1_2_3_redirect_uri_is_compared_exactly,
    rfc6749_3_1_2_3_redirect_uri_is_needed,
    rfc6749_4_1_2_1_an_unknown_client_is_shown_a_page,
    rfc6749_4_1_2_1_other_errors_go_to_the_client,
    rfc6749_3_1_no_parameter_comes_twice,
    rfc6749_4_1_2_the_state_comes_back_as_it_was,
    rfc9207_2_iss_is_in_every_answer,
    rfc8252_7_3_a_loopback_port_is_free_and_nothing_else,
    oidc_core_6_request_objects_are_refused,
    oidc_core_3_1_2_1_get_and_post_are_the_same,
    oidc_core_3_1_2_1_prompt_none_shows_no_page,
    rfc8707_2_an_unknown_resource_is_refused,
    oauth_response_mode_form_post,
    a_user_who_may_not_use_the_client_is_denied,
    garbage_is_no_server_error,
];

/// The answer to a request, no redirect followed.
async fn ask(app: &App, path: &str) -> Reply {
    app.send(app.request(Method::GET, path).header("accept", "text/html")).await
}

#[track_caller]
fn assert_is_page(reply: &Reply, status: u16) {
    assert_eq!((reply.status, reply.header("location")), (status, ""), "{}", reply.text);
    assert!(reply.header("content-type").starts_with("text/html"), "{:?}", reply.headers);
    assert_eq!(reply.header("cache-control"), "no-store");
}

async fn rfc6749_3_1_2_3_redirect_uri_is_compared_exactly(app: &App) {
    app.introduce_relying_parties().await;
    let long = format!("https://shop.test/{}", "x".repeat(10 * 1024));
    let foreign = [
        "https://shop.test/cb/",
        "https://shop.test/cb/../x",
        "https://shop.test/cb%2f..",
        "https://shop.test/cb?x=1",
        "https://shop.test/other",
        "https://shop.test/cb#f",
        "https://shop.test:443/cb",
        "https://SHOP.TEST/cb",
        "http://shop.test/cb",
        "https://shop.test.evil/cb",
        "https://evil@shop.test/cb",
        "https://shop.test@evil/cb",
        "https://x@y@evil/cb",
        "https://shop.test\\@evil/cb",
        "https://shop.test\0.evil/cb",
        "//shop.test/cb",
        "/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://шop.test/cb",
        "https://desk.test/cb",
        long.as_str(),
        " https://shop.test/cb",
    ];
    for uri in foreign {
        assert_is_page(&ask(app, &authorize_url(SHOP, &[("redirect_uri", uri)])).await, 400);
    }
    let other = app.authorize(SHOP, CAROL, &[("redirect_uri", SHOP_OTHER_CALLBACK)]).await;
    assert!(other.url.as_str().starts_with("https://shop.test/other?x=1&code="), "{}", other.url);
}

async fn rfc6749_3_1_2_3_redirect_uri_is_needed(app: &App) {
    app.introduce_relying_parties().await;
    for client in [SHOP, DESK, SPA] {
        assert_is_page(&ask(app, &authorize_url(client, &[("redirect_uri", "")])).await, 400);
    }
}

async fn rfc6749_4_1_2_1_an_unknown_client_is_shown_a_page(app: &App) {
    app.introduce_relying_parties().await;
    for client in ["nobodys", "", "switched-off", "shop\0", "SHOP"] {
        let changes = [("client_id", client), ("redirect_uri", SHOP_CALLBACK)];
        assert_is_page(&ask(app, &authorize_url(SHOP, &changes)).await, 400);
    }
    // The native dialect's redirect URLs may be paths; here they lead nowhere.
    app.apply("[[clients]]\nclient_id = \"pathy\"\ntype = \"web\"\nclient_secret = \"0123456789abcdef\"\nredirect_uris = [\"/cb\"]")
        .await;
    assert_is_page(&ask(app, &authorize_url("pathy", &[("redirect_uri", "/cb")])).await, 400);
}

async fn rfc6749_4_1_2_1_other_errors_go_to_the_client(app: &App) {
    app.introduce_relying_parties().await;
    let cases = [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", "id_token"), "unsupported_response_type"),
        (("response_type", "code token"), "unsupported_response_type"),
        (("response_type", "magic"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
        (("response_mode", "magic"), "invalid_request"),
        (("scope", "openid orders.delete"), "invalid_scope"),
        (("scope", "openid \u{e9}"), "invalid_scope"),
        (("prompt", "none login"), "invalid_request"),
        (("prompt", "sometimes"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
        (("max_age", "soon"), "invalid_request"),
        (("claims", "{"), "invalid_request"),
        (("claims", "[]"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
    ];
    for (change, error) in cases {
        let landing = app.visitor().get(&authorize_url(SHOP, &[change])).await.away();
        assert_eq!(landing.error().as_deref(), Some(error), "{change:?}: {}", landing.url);
        assert!(landing.url.as_str().starts_with(SHOP_CALLBACK), "{}", landing.url);
        assert_eq!(landing.parameter("state").as_deref(), Some("abc123"), "{change:?}");
        assert_eq!(landing.parameter("iss").as_deref(), Some(ISSUER), "{change:?}");
        assert_eq!(landing.parameter("code"), None);
        assert_eq!(landing.reply.header("cache-control"), "no-store");
    }
    app.apply("[[clients]]\nclient_id = \"robot\"\nredirect_uris = [\"https://robot.test/cb\"]").await;
    let robot = authorize_url("robot", &[("redirect_uri", "https://robot.test/cb"), ("scope", "")]);
    assert_eq!(app.visitor().get(&robot).await.away().error().as_deref(), Some("unauthorized_client"));
}

async fn rfc6749_3_1_no_parameter_comes_twice(app: &App) {
    app.introduce_relying_parties().await;
    for name in ["client_id", "redirect_uri"] {
        let first = if name == "client_id" { SHOP } else { SHOP_CALLBACK };
        let changes = [(name, first), (name, first)];
        assert_is_page(&ask(app, &authorize_url(SHOP, &changes)).await, 400);
    }
    for (name, value) in [
        ("state", "abc123"),
        ("scope", "openid"),
        ("nonce", "n"),
        ("response_type", "code"),
        ("code_challenge", CHALLENGE),
        ("prompt", "login"),
        ("unknown", "x"),
    ] {
        let landing = app.visitor().get(&authorize_url(SHOP, &[(name, value), (name, value)])).await;
        match landing {
            Landing::Away(departure) => {
                assert_eq!(departure.error().as_deref(), Some("invalid_request"), "{name}");
            }
            Landing::Here(page) => assert_eq!(page.reply.status, 400, "{name}"),
        }
    }
    // Query and form beside each other.
    let form = [("state", "other"), ("client_id", DESK)];
    let reply = app.send(app.request(Method::POST, &authorize_url(SHOP, &[])).form(&form)).await;
    assert_is_page(&reply, 400);
}

async fn rfc6749_4_1_2_the_state_comes_back_as_it_was(app: &App) {
    app.introduce_relying_parties().await;
    let long = "s".repeat(2048);
    let states = ["a b+c%20d&e=f#g", "\"><script>alert(1)</script>", "x\r\nSet-Cookie: a=b", "日本語", &long];
    for state in states {
        let departure = app.authorize(SHOP, CAROL, &[("state", state)]).await;
        assert_eq!(departure.parameter("state").as_deref(), Some(state));
        assert!(departure.reply.headers.get_all("set-cookie").iter().all(|cookie| cookie != "a=b"));
    }
    let names: Vec<String> =
        app.authorize(SHOP, CAROL, &[]).await.parameters().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..4], ["code", "iss", "state", "client_id"]);
    let without = app.authorize(SHOP, CAROL, &[("state", "")]).await;
    assert_eq!(without.parameter("state"), None);
    let beyond = "s".repeat(9 * 1024);
    let refused = app.visitor().get(&authorize_url(SHOP, &[("state", &beyond)])).await;
    match refused {
        Landing::Away(departure) => assert_eq!(departure.error().as_deref(), Some("invalid_request")),
        Landing::Here(page) => assert!((400..500).contains(&page.reply.status)),
    }
}

async fn rfc9207_2_iss_is_in_every_answer(app: &App) {
    app.introduce_relying_parties().await;
    let metadata = app.get("/.well-known/openid-configuration").await.ok();
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    let departure = app.authorize(SHOP, CAROL, &[]).await;
    assert_eq!(departure.parameter("iss").as_deref(), metadata["issuer"].as_str());
}

async fn rfc8252_7_3_a_loopback_port_is_free_and_nothing_else(app: &App) {
    app.introduce_relying_parties().await;
    for fine in
        ["http://127.0.0.1:51004/cb", "http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://localhost/cb"]
    {
        let url = authorize_url(CONSOLE, &[("redirect_uri", fine), ("scope", "openid")]);
        app.visitor().get(&url).await.here().assert_shows(200, &["username"]);
    }
    let foreign = [
        "http://localhost:51004/cb",
        "http://127.0.0.1:51004/cb/",
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb?x=1",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.2:51004/cb",
        "http://127.0.0.1:51004@evil.test/cb",
        "http://user@127.0.0.1:51004/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:/cb",
        "http://127.1:51004/cb",
    ];
    for uri in foreign {
        let changes = [("redirect_uri", uri), ("scope", "openid")];
        assert_is_page(&ask(app, &authorize_url(CONSOLE, &changes)).await, 400);
    }
}

async fn oidc_core_6_request_objects_are_refused(app: &App) {
    app.introduce_relying_parties().await;
    for (name, value, error) in [
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "http://127.0.0.1:9777/x", "request_uri_not_supported"),
        ("registration", "{}", "registration_not_supported"),
    ] {
        let landing = app.visitor().get(&authorize_url(SHOP, &[(name, value)])).await.away();
        assert_eq!(landing.error().as_deref(), Some(error));
    }
}

async fn oidc_core_3_1_2_1_get_and_post_are_the_same(app: &App) {
    app.introduce_relying_parties().await;
    let url = authorize_url(SHOP, &[]);
    let (_, query) = url.split_once('?').expect("a query");
    let pairs: Vec<(String, String)> = reqwest::Url::parse(&format!("http://x/?{query}"))
        .expect("an address")
        .query_pairs()
        .into_owned()
        .collect();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let visitor = app.visitor();
    let page = visitor.post("/oauth2/authorize", &pairs, None).await.here();
    page.assert_shows(200, &["username", "password", "submit"]);
    let departure = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.away();
    assert_eq!(departure.error(), None);
    assert!(!departure.code().is_empty());
}

async fn oidc_core_3_1_2_1_prompt_none_shows_no_page(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let silent = authorize_url(SHOP, &[("prompt", "none")]);
    assert_eq!(visitor.get(&silent).await.away().error().as_deref(), Some("login_required"));
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    assert_eq!(visitor.get(&silent).await.away().error(), None);
    let partner = authorize_url(PARTNER, &[("prompt", "none")]);
    assert_eq!(visitor.get(&partner).await.away().error().as_deref(), Some("consent_required"));
}

async fn rfc8707_2_an_unknown_resource_is_refused(app: &App) {
    app.introduce_relying_parties().await;
    for resource in ["https://elsewhere.test", "https://api.test/v1#x", "api", "https://api.test/v1/"] {
        let landing = app.visitor().get(&authorize_url(SHOP, &[("resource", resource)])).await.away();
        assert_eq!(landing.error().as_deref(), Some("invalid_target"), "{resource}");
    }
    let granted =
        app.grant(SHOP, CAROL, &[("resource", "https://api.test/v1"), ("scope", "orders.read")]).await;
    assert_eq!(granted.access_claims()["aud"], "https://api.test/v1");
    let several =
        [("resource", "https://api.test/v1"), ("resource", "https://files.test"), ("scope", "orders.read")];
    let granted = app.grant(SHOP, CAROL, &several).await;
    assert_eq!(
        granted.access_claims()["aud"],
        serde_json::json!(["https://api.test/v1", "https://files.test"])
    );
}

async fn oauth_response_mode_form_post(app: &App) {
    app.introduce_relying_parties().await;
    let departure = app.authorize(SHOP, CAROL, &[("response_mode", "form_post")]).await;
    assert!(departure.form.is_some(), "{}", departure.url);
    assert_eq!(departure.url.as_str(), SHOP_CALLBACK);
    assert_eq!(departure.parameter("state").as_deref(), Some("abc123"));
    let policy = departure.reply.header("content-security-policy").to_owned();
    assert!(policy.contains("script-src 'nonce-") || policy.contains("script-src 'sha256-"), "{policy}");
    let granted = app.redeem_code(SHOP, &departure).await;
    assert_eq!(granted.status, 200, "{}", granted.text);
    let url = authorize_url(SHOP, &[("response_mode", "form_post"), ("scope", "nope")]);
    let refused = app.visitor().get(&url).await.away();
    assert_eq!((refused.form.is_some(), refused.error().as_deref()), (true, Some("invalid_scope")));
}

async fn a_user_who_may_not_use_the_client_is_denied(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), DAVE, PASSWORD).await;
    let landing = visitor.get(&authorize_url(DESK, &[])).await;
    match landing {
        Landing::Away(departure) => assert_eq!(departure.error().as_deref(), Some("access_denied")),
        Landing::Here(page) => page.assert_shows(200, &["username"]),
    }
}

async fn garbage_is_no_server_error(app: &App) {
    app.introduce_relying_parties().await;
    let long = "x".repeat(20_000);
    for path in [
        "/oauth2/authorize".to_owned(),
        "/oauth2/authorize?".to_owned(),
        "/oauth2/authorize?%ff=%ff".to_owned(),
        "/oauth2/authorize?client_id=shop&redirect_uri=%zz".to_owned(),
        "/oauth2/authorize?client_id=%00".to_owned(),
        format!("/oauth2/authorize?client_id={long}"),
        authorize_url(SHOP, &[("nonce", &"n".repeat(3000))]),
        authorize_url(SHOP, &[("login_hint", &"\u{1F600}".repeat(200)), ("ui_locales", "xx ☃ de")]),
        authorize_url(SHOP, &[("id_token_hint", "x.y.z")]),
        authorize_url(SHOP, &[("acr_values", "urn:x aal9")]),
    ] {
        let reply = ask(app, &path).await;
        assert!(reply.status < 500, "{path}: {}", reply.text);
    }
}

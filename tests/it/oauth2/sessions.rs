//! The browser's own session: single sign-on, asking again, consent (OpenID Connect Core §3.1.2; AZ8, AZ10, AZ16).

use std::time::Duration;

use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD};
use doorward_tests::harness::app::BEGINNING;
use doorward_tests::harness::relying_party::{CAROL, DAVE, DESK, Granted, PARTNER, SHOP, SPA, authorize_url};
use doorward_tests::{App, on_both};
use serde_json::json;

on_both![
    a_second_client_asks_for_no_password,
    an_address_that_was_proved_is_as_good_as_a_username,
    a_request_posted_by_another_site_finds_the_session,
    oidc_core_3_1_2_1_prompt_login_asks_again,
    oidc_core_3_1_2_1_max_age_asks_again,
    oidc_core_3_1_2_1_an_id_token_hint_logs_nobody_in,
    the_cookie_changes_at_every_sign_in,
    a_session_ends_when_idle_and_at_last,
    a_new_password_ends_the_session,
    consent_is_asked_once_and_for_more,
    consent_can_be_refused,
    prompt_consent_asks_again,
];

async fn a_second_client_asks_for_no_password(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    app.advance(Duration::from_mins(5));
    for client in [DESK, SPA] {
        let departure = visitor.get(&authorize_url(client, &[])).await.away();
        let granted = Granted::of(&app.redeem_code(client, &departure).await);
        assert_eq!(granted.id_claims()["auth_time"], BEGINNING);
    }
    let stranger = app.visitor();
    stranger.get(&authorize_url(DESK, &[])).await.here().assert_shows(200, &["password"]);
}

async fn an_address_that_was_proved_is_as_good_as_a_username(app: &App) {
    app.introduce_relying_parties().await;
    let departure = app.visitor().sign_in(&authorize_url(SHOP, &[]), "Carol@Example.com", PASSWORD).await;
    assert_eq!(departure.error(), None);
    // Somebody else may claim it, and takes nothing from her; who only claims one is not found by it.
    app.apply(
        "[[users]]\nusername = \"impostor\"\npassword = \"Correct-Horse-8\"\nemail = \"carol@example.com\"\n\
         clients = [\"shop\"]\nmemberships = [{ tenant = \"acme\", role = \"Member\" }]",
    )
    .await;
    let departure = app.visitor().sign_in(&authorize_url(SHOP, &[]), "carol@example.com", PASSWORD).await;
    assert_eq!(departure.error(), None);
    let visitor = app.visitor();
    let page = visitor.get(&authorize_url(SHOP, &[])).await.here();
    let wrong = [("username", "carol@example.com"), ("password", "Correct-Horse-8")];
    visitor.submit(&page, &wrong).await.here().assert_shows(401, &["error", "username"]);
    app.apply("[[users]]\nusername = \"carol\"\nemail_verified = false").await;
    let page = visitor.get(&authorize_url(SHOP, &[])).await.here();
    let unproved = [("username", "carol@example.com"), ("password", PASSWORD)];
    visitor.submit(&page, &unproved).await.here().assert_shows(401, &["error"]);
}

async fn a_request_posted_by_another_site_finds_the_session(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let url = reqwest::Url::parse(&format!("http://x.test{}", authorize_url(DESK, &[]))).expect("an address");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let elsewhere = reqwest::Url::parse("https://desk.test/").expect("an address");
    let departure = visitor.post("/oauth2/authorize", &pairs, Some(&elsewhere)).await.away();
    assert_eq!(departure.error(), None, "Lax cookies stay behind with a cross-site form");
    assert!(!departure.code().is_empty());
}

async fn oidc_core_3_1_2_1_prompt_login_asks_again(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    app.advance(Duration::from_mins(1));
    let departure = visitor.sign_in(&authorize_url(SHOP, &[("prompt", "login")]), CAROL, PASSWORD).await;
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    assert_eq!(granted.id_claims()["auth_time"], BEGINNING + 60);
    let page = visitor.get(&authorize_url(SHOP, &[("prompt", "select_account")])).await.here();
    page.assert_shows(200, &["username"]);
}

async fn oidc_core_3_1_2_1_max_age_asks_again(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    app.advance(Duration::from_secs(100));
    let departure = visitor.get(&authorize_url(SHOP, &[("max_age", "1000")])).await.away();
    assert_eq!(departure.error(), None);
    let silent = visitor.get(&authorize_url(SHOP, &[("max_age", "10"), ("prompt", "none")])).await.away();
    assert_eq!(silent.error().as_deref(), Some("login_required"));
    for max_age in ["10", "0"] {
        app.advance(Duration::from_secs(20));
        let url = authorize_url(SHOP, &[("max_age", max_age)]);
        let departure = visitor.sign_in(&url, CAROL, PASSWORD).await;
        let claims = Granted::of(&app.redeem_code(SHOP, &departure).await).id_claims();
        assert_eq!(claims["auth_time"], claims["iat"], "somebody has just signed in");
    }
}

async fn oidc_core_3_1_2_1_an_id_token_hint_logs_nobody_in(app: &App) {
    app.introduce_relying_parties().await;
    let carol = app.grant(SHOP, CAROL, &[]).await;
    let hint = carol.text("id_token").to_owned();
    let silent = authorize_url(SHOP, &[("prompt", "none"), ("id_token_hint", &hint)]);
    assert_eq!(app.visitor().get(&silent).await.away().error().as_deref(), Some("login_required"));
    let dave = app.visitor();
    dave.sign_in(&authorize_url(SHOP, &[]), DAVE, PASSWORD).await;
    assert_eq!(dave.get(&silent).await.away().error().as_deref(), Some("login_required"), "another user's");
    let own = app.visitor();
    own.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    assert_eq!(own.get(&silent).await.away().error(), None);
    let forged = format!("{}x", &hint[..hint.len() - 4]);
    let forged = authorize_url(SHOP, &[("prompt", "none"), ("id_token_hint", &forged)]);
    let error = own.get(&forged).await.away().error();
    assert!(matches!(error.as_deref(), Some("login_required" | "invalid_request")), "{error:?}");
}

async fn the_cookie_changes_at_every_sign_in(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let before = visitor.cookies();
    let first = visitor.cookie("doorward_session").expect("a session");
    assert!(first.attribute("httponly").is_some());
    assert_eq!(first.attribute("samesite").as_deref(), Some("lax"));
    assert_eq!(first.attribute("path").as_deref(), Some("/"));
    visitor.sign_in(&authorize_url(SHOP, &[("prompt", "login")]), CAROL, PASSWORD).await;
    assert_ne!(first.value, visitor.cookie("doorward_session").expect("a session").value);
    let thief = app.visitor();
    thief.set_cookies(before);
    thief.get(&authorize_url(SHOP, &[])).await.here().assert_shows(200, &["password"]);
}

async fn a_session_ends_when_idle_and_at_last(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    app.advance(Duration::from_hours(12));
    visitor.get(&authorize_url(SHOP, &[])).await.here().assert_shows(200, &["password"]);
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    for _ in 0..15 {
        app.advance(Duration::from_hours(11));
        let _ = visitor.get(&authorize_url(SHOP, &[])).await.away();
    }
    app.advance(Duration::from_hours(4));
    visitor.get(&authorize_url(SHOP, &[])).await.here().assert_shows(200, &["password"]);
}

async fn a_new_password_ends_the_session(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let native = app.sign_in_through(SHOP, CAROL).await;
    let body = json!({ "username": CAROL, "password": NEW_PASSWORD, "oldPassword": PASSWORD, "refreshToken": native.refresh });
    assert_eq!(app.change_password(&native.access, &body).await.status, 200);
    visitor.get(&authorize_url(SHOP, &[])).await.here().assert_shows(200, &["password"]);
}

async fn consent_is_asked_once_and_for_more(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let page = visitor.get(&authorize_url(PARTNER, &[])).await.here();
    let page = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    page.assert_shows(200, &["allow", "deny"]);
    assert!(page.text.contains("Partner & Co <b>"), "{}", page.text);
    assert!(!page.reply.text.contains("<b>"), "what a client is called is text");
    let departure = visitor.press(&page, "allow", &[]).await.away();
    assert_eq!(departure.error(), None);
    assert_eq!(visitor.get(&authorize_url(PARTNER, &[])).await.away().error(), None, "it was remembered");
    let more = authorize_url(PARTNER, &[("scope", "openid email orders.read")]);
    visitor.get(&more).await.here().assert_shows(200, &["allow", "deny"]);
    assert_eq!(visitor.get(&authorize_url(PARTNER, &[("scope", "openid")])).await.away().error(), None);
}

async fn consent_can_be_refused(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let page = visitor.get(&authorize_url(PARTNER, &[])).await.here();
    let page = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    let departure = visitor.press(&page, "deny", &[]).await.away();
    assert_eq!(departure.error().as_deref(), Some("access_denied"));
    assert_eq!(departure.parameter("state").as_deref(), Some("abc123"));
    visitor.get(&authorize_url(PARTNER, &[])).await.here().assert_shows(200, &["allow", "deny"]);
}

async fn prompt_consent_asks_again(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(PARTNER, &[]), CAROL, PASSWORD).await;
    let page = visitor.get(&authorize_url(PARTNER, &[("prompt", "consent")])).await.here();
    page.assert_shows(200, &["allow", "deny"]);
    assert_eq!(visitor.press(&page, "allow", &[]).await.away().error(), None);
}

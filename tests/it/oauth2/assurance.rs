//! How strong a sign-in is, whose it is, and what follows from a new one (OpenID Connect Core §3.1.2.1, §5.5.1).

use std::time::Duration;

use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD};
use doorward_tests::harness::app::BEGINNING;
use doorward_tests::harness::authenticator::Authenticator;
use doorward_tests::harness::pages::{Page, Visitor};
use doorward_tests::harness::relying_party::{CAROL, DAVE, Granted, SHOP, authorize_url, with_query};
use doorward_tests::{App, on_both};
use serde_json::json;

on_both![
    oidc_core_5_5_1_1_an_essential_acr_asks_for_a_second_factor,
    oidc_core_5_5_1_1_an_acr_that_nobody_has_is_refused,
    acr_values_ask_those_who_have_an_app,
    oidc_core_5_5_1_a_sub_that_is_asked_for_is_answered_by_its_owner_only,
    signing_out_ends_what_clients_got_before_a_second_sign_in,
    a_demanded_password_is_chosen_before_the_client_is_reached,
];

/// A request that insists on `aal2`.
fn insisting(more: &[(&str, &str)]) -> String {
    let claims = [("claims", r#"{"id_token":{"acr":{"essential":true,"values":["aal2"]}}}"#)];
    authorize_url(SHOP, &[&claims[..], more].concat())
}

/// Sets up the app that the page shows, and answers the page of the recovery codes.
async fn enrol(app: &App, visitor: &Visitor, page: &Page) -> (Authenticator, Page) {
    assert_eq!(page.url.path(), "/sign-in/enrol");
    let mut images = page.all("img");
    let qr_code = images.find(|image| image.attribute("src").starts_with("data:")).expect("a QR code");
    let authenticator = Authenticator::scan(qr_code.attribute("src"));
    let codes = visitor.submit(page, &[("otp", &app.totp(&authenticator))]).await.here();
    (authenticator, codes)
}

async fn oidc_core_5_5_1_1_an_essential_acr_asks_for_a_second_factor(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let weak = visitor.cookie("doorward_session").expect("a session").value;
    app.advance(Duration::from_secs(100));
    let silent = visitor.get(&insisting(&[("prompt", "none")])).await.away();
    assert_eq!(silent.error().as_deref(), Some("interaction_required"));
    let page = visitor.get(&insisting(&[])).await.here();
    let (_, codes) = enrol(app, &visitor, &page).await;
    let departure = visitor.submit(&codes, &[]).await.away();
    let claims = Granted::of(&app.redeem_code(SHOP, &departure).await).id_claims();
    assert_eq!((&claims["acr"], &claims["auth_time"]), (&json!("aal2"), &json!(BEGINNING)), "{claims}");
    assert_ne!(
        visitor.cookie("doorward_session").expect("a session").value,
        weak,
        "a step up is a new session"
    );
    let silent = visitor.get(&insisting(&[("prompt", "none")])).await.away();
    assert_eq!(silent.error(), None, "it was proved");
}

async fn oidc_core_5_5_1_1_an_acr_that_nobody_has_is_refused(app: &App) {
    app.introduce_relying_parties().await;
    let claims = [("claims", r#"{"id_token":{"acr":{"essential":true,"values":["phr"]}}}"#)];
    let departure = app.visitor().get(&authorize_url(SHOP, &claims)).await.away();
    assert_eq!(departure.error().as_deref(), Some("access_denied"));
}

async fn acr_values_ask_those_who_have_an_app(app: &App) {
    app.introduce_relying_parties().await;
    let preferring = authorize_url(SHOP, &[("acr_values", "aal2 aal1")]);
    let departure = app.visitor().sign_in(&preferring, CAROL, PASSWORD).await;
    let claims = Granted::of(&app.redeem_code(SHOP, &departure).await).id_claims();
    assert_eq!(claims["acr"], "aal1", "who has no app goes on without");

    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let page = visitor.get(&insisting(&[])).await.here();
    let (authenticator, _) = enrol(app, &visitor, &page).await;
    app.next_step();

    let visitor = app.visitor();
    let page = visitor.get(&preferring).await.here();
    let page = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    assert_eq!(page.url.path(), "/sign-in/second-factor");
    let departure = visitor.submit(&page, &[("otp", &app.totp(&authenticator))]).await.away();
    let claims = Granted::of(&app.redeem_code(SHOP, &departure).await).id_claims();
    assert_eq!(claims["acr"], "aal2");
}

async fn oidc_core_5_5_1_a_sub_that_is_asked_for_is_answered_by_its_owner_only(app: &App) {
    app.introduce_relying_parties().await;
    let carol = app.grant(SHOP, CAROL, &[]).await.id_claims()["sub"].clone();
    let claims = json!({ "id_token": { "sub": { "value": carol } } }).to_string();
    let asking = authorize_url(SHOP, &[("claims", &claims)]);
    let departure = app.visitor().sign_in(&asking, CAROL, PASSWORD).await;
    assert_eq!(departure.error(), None);
    let dave = app.visitor();
    dave.sign_in(&authorize_url(SHOP, &[]), DAVE, PASSWORD).await;
    let departure = dave.sign_in(&asking, DAVE, PASSWORD).await;
    assert_eq!(departure.error().as_deref(), Some("login_required"));
}

async fn signing_out_ends_what_clients_got_before_a_second_sign_in(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let departure = visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let before = Granted::of(&app.redeem_code(SHOP, &departure).await);
    let departure = visitor.sign_in(&authorize_url(SHOP, &[("prompt", "login")]), CAROL, PASSWORD).await;
    let after = Granted::of(&app.redeem_code(SHOP, &departure).await);
    assert_eq!(app.userinfo(before.access()).await.status, 200, "a second sign-in ends nothing");
    let hint = [("id_token_hint", after.text("id_token"))];
    visitor.get(&with_query("/oauth2/connect/endSession", &hint)).await.here().assert_shows(200, &[]);
    for granted in [&before, &after] {
        assert_eq!(app.userinfo(granted.access()).await.status, 401);
        app.refresh_grant(SHOP, granted.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
    }
}

async fn a_demanded_password_is_chosen_before_the_client_is_reached(app: &App) {
    app.introduce_relying_parties().await;
    app.apply(&format!(
        r#"
[[users]]
username = "erin"
password = "{PASSWORD}"
clients = ["shop"]
default_tenant = "acme"
memberships = [{{ tenant = "acme", role = "Member", status = "password_change_needed" }}]
"#
    ))
    .await;
    let visitor = app.visitor();
    let page = visitor.get(&authorize_url(SHOP, &[])).await.here();
    let page = visitor.submit(&page, &[("username", "erin"), ("password", PASSWORD)]).await.here();
    assert_eq!(page.url.path(), "/reset-password");
    assert!(visitor.cookie("doorward_session").is_none(), "nobody is signed in yet");
    let page = visitor.submit(&page, &[("new-password", NEW_PASSWORD)]).await.here();
    assert!(page.find("error").is_none(), "{}", page.text);
    let departure = visitor.sign_in(&authorize_url(SHOP, &[]), "erin", NEW_PASSWORD).await;
    assert_eq!(departure.error(), None);
}

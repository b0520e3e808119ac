//! `/sign-in`: username and password.

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::relying_party::{CAROL, DAVE, Granted, PARTNER, SHOP, authorize_url};
use doorward_tests::{App, Options, on_both};

use super::{SESSION, at_sign_in, complaint, transaction};

on_both![
    a_password_leads_to_the_client,
    a_wrong_password_is_told_beside_the_form,
    nobody_and_a_wrong_password_look_the_same,
    an_empty_field_is_told,
    the_hint_of_the_client_stands_in_the_field,
    without_a_sign_in_there_is_a_friendly_page,
    another_user_can_take_over_before_the_end,
    the_page_names_the_client_and_nothing_else_of_it,
];
on_both![limited; too_many_attempts_have_to_wait];

fn limited() -> Options {
    let limited = Options::default().set("limits.enabled", "true");
    limited.set("limits.account_burst", "2").set("limits.account_refill", "10m")
}

async fn a_password_leads_to_the_client(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    assert!(visitor.cookie(SESSION).is_none(), "nobody is signed in yet");
    let departure = visitor.submit(&page, &[("username", "Carol"), ("password", PASSWORD)]).await.away();
    assert_eq!(departure.reply.status, 303, "a form is not sent on (RFC 9700 §4.12)");
    let names: Vec<String> = departure.parameters().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["code", "iss", "state", "client_id", "session_state"]);
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    assert_eq!(app.userinfo(granted.access()).await.ok()["email"], "carol@example.com");
    assert!(visitor.cookie(SESSION).is_some());
}

async fn a_wrong_password_is_told_beside_the_form(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let again = visitor.submit(&page, &[("username", CAROL), ("password", "wrong")]).await.here();
    again.assert_shows(401, &["username", "password", "submit", "error"]);
    let alert = again.find("error").expect("a message");
    assert_eq!(alert.attribute("role"), "alert");
    let field = |id: &str| again.find(id).expect("a field").clone();
    assert_eq!(field("username").attribute("value"), CAROL, "nobody types it twice");
    assert_eq!(field("password").attribute("value"), "", "a password is never sent back");
    assert!(field("password").has("autofocus"));
    assert_eq!(field("password").attribute("aria-invalid"), "true");
    assert!(visitor.cookie(SESSION).is_none());
    let departure = visitor.submit(&again, &[("username", CAROL), ("password", PASSWORD)]).await.away();
    let _ = departure.code();
}

async fn nobody_and_a_wrong_password_look_the_same(app: &App) {
    app.introduce_relying_parties().await;
    let mut told = Vec::new();
    for username in [CAROL, "nobody-of-that-name"] {
        let (visitor, page) = at_sign_in(app, SHOP).await;
        let again = visitor.submit(&page, &[("username", username), ("password", "wrong")]).await.here();
        told.push((again.reply.status, again.text.clone(), visitor.cookies().len()));
    }
    assert_eq!(told[0], told[1]);
}

async fn an_empty_field_is_told(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    for fields in [[("username", ""), ("password", PASSWORD)], [("username", CAROL), ("password", "")]] {
        let again = visitor.submit(&page, &fields).await.here();
        again.assert_shows(422, &["username", "password", "error"]);
    }
}

async fn the_hint_of_the_client_stands_in_the_field(app: &App) {
    app.introduce_relying_parties().await;
    let hint = "\"><script>alert(1)</script>";
    let page = app.visitor().get(&authorize_url(SHOP, &[("login_hint", hint)])).await.here();
    assert_eq!(page.find("username").map(|field| field.attribute("value").to_owned()).as_deref(), Some(hint));
    assert_eq!(page.all("script").count(), 0, "{}", page.reply.text);
    let page = app.visitor().get(&authorize_url(SHOP, &[("login_hint", CAROL)])).await.here();
    assert!(page.find("password").is_some_and(|field| field.has("autofocus")));
}

async fn without_a_sign_in_there_is_a_friendly_page(app: &App) {
    let page = app.visitor().get("/sign-in").await.here();
    page.assert_shows(200, &["error"]);
    assert_eq!(page.all("form").count(), 0);
}

async fn another_user_can_take_over_before_the_end(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, PARTNER).await;
    let page = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    page.assert_shows(200, &["allow", "deny"]);
    let back = visitor.get(&format!("/sign-in?transaction={}", transaction(&page))).await.here();
    back.assert_shows(200, &["username", "password"]);
    let page = visitor.submit(&back, &[("username", DAVE), ("password", PASSWORD)]).await.here();
    page.assert_shows(200, &["allow", "deny"]);
    assert!(!page.text.contains("Carol"), "{}", page.text);
    let departure = visitor.press(&page, "allow", &[]).await.away();
    let _ = departure.code();
}

async fn the_page_names_the_client_and_nothing_else_of_it(app: &App) {
    app.introduce_relying_parties().await;
    let (_, page) = at_sign_in(app, PARTNER).await;
    assert!(page.text.contains("Partner & Co <b>"), "{}", page.text);
    for secret in ["abc123", "n-0S6_WzA2Mj", "websecret"] {
        assert!(!page.reply.text.contains(secret), "{secret} is none of the page's business");
    }
}

async fn too_many_attempts_have_to_wait(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    for _ in 0..2 {
        let again = visitor.submit(&page, &[("username", CAROL), ("password", "wrong")]).await.here();
        again.assert_shows(401, &["error"]);
    }
    let again = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    again.assert_shows(429, &["username", "password", "error"]);
    let wait: u64 = again.reply.header("retry-after").parse().expect("seconds");
    assert!((1..=600).contains(&wait), "{wait}");
    assert!(complaint(&again).contains("10 min"), "{}", complaint(&again));
    assert!(visitor.cookie(SESSION).is_none());
}

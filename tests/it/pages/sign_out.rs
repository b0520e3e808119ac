//! `/sign-out`: nothing ends unasked, and what ends is over.

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::relying_party::{CAROL, Granted, SHOP, SHOP_GOODBYE, authorize_url, with_query};
use doorward_tests::{App, on_both};

use super::{SESSION, transaction};

on_both![
    somebody_signs_out_after_being_asked,
    who_is_not_signed_in_is_told_so,
    a_question_of_another_session_ends_nothing,
    the_form_may_lead_to_the_client,
];

async fn somebody_signs_out_after_being_asked(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let departure = visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    let before = visitor.cookies();
    let page = visitor.get("/sign-out").await.here();
    page.assert_shows(200, &["submit"]);
    assert_eq!(app.userinfo(granted.access()).await.status, 200, "a question ends nothing");
    let told = visitor.submit(&page, &[]).await.here();
    told.assert_shows(200, &["message"]);
    assert_eq!(told.url.path(), "/signed-out");
    assert!(visitor.cookie(SESSION).is_none() && visitor.cookie("doorward_browser_state").is_none());
    assert_eq!(app.userinfo(granted.access()).await.status, 401, "the apps it was used in are over, too");
    visitor.set_cookies(before);
    visitor.get(&authorize_url(SHOP, &[])).await.here().assert_shows(200, &["password"]);
}

async fn who_is_not_signed_in_is_told_so(app: &App) {
    let page = app.visitor().get("/sign-out").await.here();
    page.assert_shows(200, &["message"]);
    assert_eq!(page.all("form").count(), 0);
}

async fn a_question_of_another_session_ends_nothing(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let page = visitor.get("/sign-out").await.here();
    let other = app.visitor();
    other.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let fields = [("transaction", transaction(&page))];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    other.post("/sign-out", &fields, Some(&page.url)).await.here().assert_shows(403, &["error"]);
    assert_eq!(other.get(&authorize_url(SHOP, &[])).await.away().error(), None, "still signed in");
    assert_eq!(visitor.get(&authorize_url(SHOP, &[])).await.away().error(), None, "still signed in");
}

async fn the_form_may_lead_to_the_client(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let wish = [("client_id", SHOP), ("post_logout_redirect_uri", SHOP_GOODBYE), ("state", "s 1")];
    let page = visitor.get(&with_query("/oauth2/connect/endSession", &wish)).await.here();
    page.assert_shows(200, &["submit"]);
    assert!(page.reply.header("content-security-policy").contains("form-action 'self' https:"));
    let departure = visitor.submit(&page, &[]).await.away();
    assert_eq!(departure.url.as_str(), "https://shop.test/goodbye?state=s%201");
    assert!(visitor.cookie(SESSION).is_none());
}

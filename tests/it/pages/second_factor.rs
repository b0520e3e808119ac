//! The second factor, and enrolling an authenticator app, on the pages.

use std::time::Duration;

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::authenticator::Authenticator;
use doorward_tests::harness::pages::{Page, Visitor};
use doorward_tests::harness::relying_party::{CAROL, Granted, SHOP, authorize_url};
use doorward_tests::harness::verification::other_code;
use doorward_tests::{App, Options, on_both};

use super::{SESSION, at_sign_in, complaint, transaction};

const CAROL_MAIL: &str = "carol@example.com";

on_both![mailed;
    a_code_by_mail_completes_the_sign_in,
    a_wrong_code_is_told_beside_the_form,
    a_code_that_is_gone_leads_back_to_the_sign_in,
    a_code_counts_once,
    the_password_alone_opens_nothing,
    the_session_cookie_changes_with_the_second_factor,
    another_code_is_sent_and_the_first_is_worth_nothing,
    another_code_gives_new_tries,
    who_waits_for_nothing_is_sent_nothing,
];
on_both![three_messages; other_codes_are_sent_a_few_times];
on_both![with_app;
    an_authenticator_app_is_enrolled_on_the_way,
    an_app_in_force_is_asked_for,
    a_recovery_code_will_do,
];

fn mailed() -> Options {
    Options::default().set("native.mfa", "required").set("native.otp_method", "email")
}

fn three_messages() -> Options {
    mailed().set("limits.enabled", "true").set("limits.message_burst", "1").set("limits.message_refill", "1h")
}

fn with_app() -> Options {
    Options::default().set("native.mfa", "required").set("native.otp_method", "totp")
}

/// After the password.
async fn half_way(app: &App) -> (Visitor, Page) {
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let page = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    page.assert_shows(200, &["otp", "submit"]);
    assert!(visitor.cookie(SESSION).is_none(), "half a sign-in is none");
    (visitor, page)
}

async fn mailed_code(app: &App) -> String {
    app.letter(CAROL_MAIL, "one-time-passcode").await.code()
}

async fn a_code_by_mail_completes_the_sign_in(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = half_way(app).await;
    assert_eq!(page.url.path(), "/sign-in/second-factor");
    assert_eq!(page.find("otp").expect("a field").attribute("autocomplete"), "one-time-code");
    let code = mailed_code(app).await;
    let departure = visitor.submit(&page, &[("otp", &format!(" {code} "))]).await.away();
    assert_eq!(departure.reply.status, 303);
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    let methods = granted.id_claims()["amr"].clone();
    let methods: Vec<&str> =
        methods.as_array().into_iter().flatten().filter_map(|each| each.as_str()).collect();
    assert!(methods.contains(&"pwd") && methods.len() > 1, "{methods:?}");
    assert_eq!(visitor.get(&authorize_url(SHOP, &[])).await.away().error(), None, "signed in");
}

async fn a_wrong_code_is_told_beside_the_form(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = half_way(app).await;
    let code = mailed_code(app).await;
    let again = visitor.submit(&page, &[("otp", &other_code(&code))]).await.here();
    again.assert_shows(401, &["otp", "submit", "error"]);
    assert!(again.find("otp").is_some_and(|field| field.has("autofocus")));
    let again = visitor.submit(&again, &[("otp", "")]).await.here();
    again.assert_shows(422, &["otp", "error"]);
    let departure = visitor.submit(&again, &[("otp", &code)]).await.away();
    let _ = departure.code();
}

async fn a_code_that_is_gone_leads_back_to_the_sign_in(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = half_way(app).await;
    let code = mailed_code(app).await;
    app.advance(Duration::from_mins(11));
    let again = visitor.submit(&page, &[("otp", &code)]).await.here();
    again.assert_shows(401, &["username", "password", "error"]);
    let reloaded = visitor.get(page.url.as_str()).await.here();
    reloaded.assert_shows(200, &["username", "password"]);
    let page = visitor.submit(&again, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    let departure = visitor.submit(&page, &[("otp", &mailed_code(app).await)]).await.away();
    let _ = departure.code();
}

async fn a_code_counts_once(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = half_way(app).await;
    let code = mailed_code(app).await;
    let before = visitor.cookies();
    let _ = visitor.submit(&page, &[("otp", &code)]).await.away().code();
    // The browser as it was before, with the very same form.
    let earlier = app.visitor();
    earlier.set_cookies(before);
    let again = earlier.submit(&page, &[("otp", &code)]).await.here();
    assert_eq!(again.reply.status, 401, "{}", again.text);
    assert!(earlier.cookie(SESSION).is_none());
}

async fn the_password_alone_opens_nothing(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = half_way(app).await;
    let own = transaction(&page);
    let saved = [("transaction", own.as_str()), ("saved", "1")];
    let resumed = visitor.post("/sign-in/enrol", &saved, Some(&page.url)).await.here();
    assert!(resumed.find("password").is_some() || resumed.find("otp").is_some(), "{}", resumed.text);
    let enrol = visitor.get(&format!("/sign-in/enrol?transaction={own}")).await.here();
    assert!(enrol.find("secret").is_none(), "who waits for a mail enrols nothing: {}", enrol.text);
    let allow = [("transaction", own.as_str()), ("decision", "allow")];
    let landing = visitor.post("/consent", &allow, Some(&page.url)).await;
    assert!(!format!("{landing:?}").contains("code="), "{landing:?}");
    let silent = visitor.get(&authorize_url(SHOP, &[("prompt", "none")])).await.away();
    assert_eq!(silent.error().as_deref(), Some("login_required"));
    assert!(visitor.cookie(SESSION).is_none());
}

/// A step-up is a new session: the cookie from before it is dead (OWASP ASVS 7.2.4).
async fn the_session_cookie_changes_with_the_second_factor(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = half_way(app).await;
    let _ = visitor.submit(&page, &[("otp", &mailed_code(app).await)]).await.away().code();
    let before = visitor.cookies();
    let first = visitor.cookie(SESSION).expect("a session").value;
    let page = visitor.get(&authorize_url(SHOP, &[("prompt", "login")])).await.here();
    let page = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    assert_eq!(visitor.cookie(SESSION).expect("a session").value, first, "half a sign-in changes nothing");
    let _ = visitor.submit(&page, &[("otp", &mailed_code(app).await)]).await.away().code();
    assert_ne!(visitor.cookie(SESSION).expect("a session").value, first);
    let thief = app.visitor();
    thief.set_cookies(before);
    thief.get(&authorize_url(SHOP, &[])).await.here().assert_shows(200, &["password"]);
}

/// Scans the page's QR code and gives its first code; answers the page of the recovery codes.
async fn enrol(app: &App, visitor: &Visitor, page: &Page) -> (Authenticator, Page) {
    assert_eq!(page.url.path(), "/sign-in/enrol");
    let mut images = page.all("img");
    let qr_code = images.find(|image| image.attribute("src").starts_with("data:")).expect("a QR code");
    assert!(!qr_code.attribute("alt").is_empty());
    let authenticator = Authenticator::scan(qr_code.attribute("src"));
    assert_eq!(
        page.text_of("secret").map(|secret| secret.replace(' ', "")),
        Some(authenticator.secret.clone())
    );
    let code = app.totp(&authenticator);
    (authenticator, visitor.submit(page, &[("otp", &code)]).await.here())
}

fn recovery_codes(page: &Page) -> Vec<String> {
    page.all("code").filter(|code| code.attribute("id").is_empty()).map(|code| code.text.clone()).collect()
}

async fn an_authenticator_app_is_enrolled_on_the_way(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = half_way(app).await;
    let again = visitor.submit(&page, &[("otp", "000000")]).await.here();
    again.assert_shows(401, &["otp", "secret", "error"]);
    assert_eq!(again.text_of("secret"), page.text_of("secret"), "the app that was set up stays good");
    let (_, codes) = enrol(app, &visitor, &again).await;
    codes.assert_shows(200, &["recovery-codes", "submit"]);
    assert_eq!(codes.reply.header("cache-control"), "no-store");
    let shown = recovery_codes(&codes);
    assert!(shown.len() >= 8, "{shown:?}");
    let departure = visitor.submit(&codes, &[]).await.away();
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    assert!(granted.id_claims()["amr"].to_string().contains("otp"), "{}", granted.id_claims());
    let reloaded = visitor.get(codes.url.as_str()).await;
    for code in &shown {
        assert!(!format!("{reloaded:?}").contains(code.as_str()), "they are shown once");
    }
}

async fn an_app_in_force_is_asked_for(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = half_way(app).await;
    let (authenticator, codes) = enrol(app, &visitor, &page).await;
    let _ = visitor.submit(&codes, &[]).await.away().code();
    app.next_step();
    let (visitor, page) = half_way(app).await;
    assert_eq!(page.url.path(), "/sign-in/second-factor");
    let own = transaction(&page);
    let enrol = visitor.get(&format!("/sign-in/enrol?transaction={own}")).await.here();
    assert!(enrol.find("secret").is_none(), "the password alone gets no other app: {}", enrol.text);
    let code = app.totp(&authenticator);
    let again = visitor.submit(&page, &[("otp", &other_code(&code))]).await.here();
    again.assert_shows(401, &["otp", "error"]);
    assert!(complaint(&again).contains("not right"), "{}", complaint(&again));
    let _ = visitor.submit(&again, &[("otp", &code)]).await.away().code();
}

async fn a_recovery_code_will_do(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = half_way(app).await;
    let (_, codes) = enrol(app, &visitor, &page).await;
    let recovery = recovery_codes(&codes).remove(0);
    let (visitor, page) = half_way(app).await;
    let _ = visitor.submit(&page, &[("otp", &recovery)]).await.away().code();
    let (visitor, page) = half_way(app).await;
    let again = visitor.submit(&page, &[("otp", &recovery)]).await.here();
    again.assert_shows(401, &["otp", "error"]);
}

async fn another_code_is_sent_and_the_first_is_worth_nothing(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = half_way(app).await;
    let first = mailed_code(app).await;
    let page = visitor.press(&page, "resend", &[]).await.here();
    page.assert_shows(200, &["otp", "submit", "resend", "message"]);
    assert_eq!(page.url.path(), "/sign-in/second-factor", "loading it again sends nothing");
    let second = mailed_code(app).await;
    assert_ne!(first, second);
    let again = visitor.submit(&page, &[("otp", &first)]).await.here();
    again.assert_shows(401, &["otp", "resend", "error"]);
    let _ = visitor.submit(&again, &[("otp", &second)]).await.away().code();
}

async fn another_code_gives_new_tries(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, mut page) = half_way(app).await;
    let wrong = other_code(&mailed_code(app).await);
    for _ in 0..4 {
        page = visitor.submit(&page, &[("otp", &wrong)]).await.here();
    }
    app.advance(Duration::from_mins(4));
    let page = visitor.press(&page, "resend", &[]).await.here();
    let code = mailed_code(app).await;
    let page = visitor.submit(&page, &[("otp", &other_code(&code))]).await.here();
    app.advance(Duration::from_mins(4));
    let _ = visitor.submit(&page, &[("otp", &code)]).await.away().code();
}

async fn who_waits_for_nothing_is_sent_nothing(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let own = transaction(&page);
    let fields = [("transaction", own.as_str()), ("resend", "1")];
    let landed = visitor.post("/sign-in/second-factor", &fields, Some(&page.url)).await.here();
    landed.assert_shows(401, &["username", "password", "error"]);
    let (visitor, page) = half_way(app).await;
    let stranger = app.visitor();
    let stolen = [("transaction", transaction(&page)), ("resend", "1".to_owned())];
    let stolen = stolen.each_ref().map(|(name, value)| (*name, value.as_str()));
    stranger.post("/sign-in/second-factor", &stolen, None).await.here().assert_shows(403, &["error"]);
    let _ = visitor.submit(&page, &[("otp", &mailed_code(app).await)]).await.away().code();
}

async fn other_codes_are_sent_a_few_times(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, mut page) = half_way(app).await;
    for _ in 0..4 {
        let _ = mailed_code(app).await;
        page = visitor.press(&page, "resend", &[]).await.here();
        page.assert_shows(200, &["otp", "message"]);
    }
    let last = mailed_code(app).await;
    let refused = visitor.press(&page, "resend", &[]).await.here();
    refused.assert_shows(429, &["otp", "resend", "error"]);
    assert_eq!(refused.reply.header("retry-after"), "720");
    let _ = visitor.submit(&refused, &[("otp", &last)]).await.away().code();
}

//! Signing in at an identity provider from a page, and back to it.

use std::time::Duration;

use doorward_core::domain::federation::{ExternalIdentity, UpstreamTokens};
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{LinkPolicy, ProviderError, ProviderInfo, ProviderKind, SignUp};
use doorward_core::testkit::scripted_provider::{AUTHORIZATION_ENDPOINT, ScriptedRegistry};
use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::authenticator::Authenticator;
use doorward_tests::harness::pages::{Departure, Landing, Page, Visitor};
use doorward_tests::harness::relying_party::{CAROL, Granted, PARTNER, SHOP, authorize_url, with_query};
use doorward_tests::{App, Options, Reply, on_both};
use reqwest::Method;

use super::{SESSION, at_sign_in, complaint, transaction};

on_both![scripted;
    a_button_leads_there_and_back_to_the_client,
    an_answer_by_form_leads_back_too,
    consent_is_asked_after_a_provider,
    who_cancels_chooses_how_to_go_on,
    whom_nobody_knows_is_told_so,
    a_provider_that_is_down_is_told,
    an_unknown_provider_is_no_page,
    a_return_counts_for_its_own_sign_in_only,
    a_return_in_another_browser_is_refused,
    a_step_up_keeps_the_providers_session,
    a_head_uses_nothing_up,
];
on_both![with_second_factor; a_second_factor_is_asked_after_a_provider, another_code_keeps_the_providers_session];
on_both![three_departures; who_never_comes_back_cannot_leave_for_ever];

const SUBJECT: &str = "somebody-there";

fn scripted() -> Options {
    let info = |kind: ProviderKind| ProviderInfo {
        id: kind.as_str().to_owned(),
        kind,
        callback_path: kind.native_callback_path().expect("of the old service").to_owned(),
        answers_by_post: kind == ProviderKind::Saml,
        state_parameter: if kind == ProviderKind::Saml { "RelayState" } else { "state" },
        unsolicited_client: None,
        sign_up: SignUp::Deny,
        link: LinkPolicy::Never,
        trusts_second_factor: false,
    };
    Options::default()
        .with_providers(ScriptedRegistry::new([info(ProviderKind::Google), info(ProviderKind::Saml)]))
}

fn three_departures() -> Options {
    scripted().set("limits.enabled", "true").set("limits.client_burst", "3").set("limits.client_refill", "1m")
}

fn with_second_factor() -> Options {
    scripted().set("native.mfa", "required")
}

/// Carol has an account at both; one that nobody here knows answers to `stranger`.
async fn introduce(app: &App) {
    app.introduce_relying_parties().await;
    let identities = ["google", "saml"]
        .map(|provider| format!("{{ provider = \"{provider}\", subject = \"{SUBJECT}\" }}"))
        .join(", ");
    app.apply(&format!("[[users]]\nusername = \"{CAROL}\"\nidentities = [{identities}]\n")).await;
    let person = |subject: &str| ExternalIdentity {
        issuer: "https://idp.example.test".to_owned(),
        subject: subject.to_owned(),
        tokens: UpstreamTokens {
            refresh_token: Some(Secret::new(format!("refresh-of-{subject}"))),
            ..UpstreamTokens::default()
        },
        ..ExternalIdentity::default()
    };
    for provider in ["google", "saml"] {
        app.scripted(provider).knows("good", &person(SUBJECT));
        app.scripted(provider).knows("stranger", &person("stranger"));
        app.scripted(provider).answer("cancelled", || Err(ProviderError::Denied("access_denied".to_owned())));
        app.scripted(provider).answer("down", || Err(ProviderError::Unreachable("it is".to_owned())));
    }
}

/// Presses the button.
async fn leave(visitor: &Visitor, page: &Page, provider: &str) -> Departure {
    let departure = visitor.press(page, &format!("provider-{provider}"), &[]).await.away();
    assert!(departure.url.as_str().starts_with(AUTHORIZATION_ENDPOINT), "{}", departure.url);
    assert!(visitor.cookie(SESSION).is_none());
    departure
}

/// Comes back from the provider with that code.
async fn come_back(visitor: &Visitor, departure: &Departure, code: &str) -> Landing {
    let state = departure.parameter("state").expect("a state");
    visitor.get(&format!("/auth/google-auth-redirect?state={state}&code={code}")).await
}

async fn a_button_leads_there_and_back_to_the_client(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let departure = leave(&visitor, &page, "google").await;
    assert_eq!(departure.reply.status, 303);
    let departure = come_back(&visitor, &departure, "good").await.away();
    assert_eq!(departure.url.host_str(), Some("shop.test"));
    assert_eq!(departure.parameter("state").as_deref(), Some("abc123"), "the client's own");
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    assert_eq!(app.userinfo(granted.access()).await.ok()["email"], "carol@example.com");
    assert_eq!(visitor.get(&authorize_url(SHOP, &[])).await.away().error(), None, "signed in");
}

async fn an_answer_by_form_leads_back_too(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let departure = leave(&visitor, &page, "saml").await;
    assert!(departure.form.is_some(), "a form that sends itself");
    let state = departure.parameter("RelayState").expect("a state");
    let fields = [("RelayState", state.as_str()), ("code", "good")];
    // The provider's page sends the form: browsers keep the page's own cookies back, and then send it again from ours.
    let page = visitor.post("/auth/saml-redirect", &fields, Some(&departure.url)).await.here();
    let departure = visitor.submit(&page, &[]).await.away();
    assert_eq!(departure.url.host_str(), Some("shop.test"));
    let _ = Granted::of(&app.redeem_code(SHOP, &departure).await);
}

async fn consent_is_asked_after_a_provider(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, PARTNER).await;
    let departure = leave(&visitor, &page, "google").await;
    let page = come_back(&visitor, &departure, "good").await.here();
    page.assert_shows(200, &["allow", "deny"]);
    let _ = visitor.press(&page, "allow", &[]).await.away().code();
}

async fn a_second_factor_is_asked_after_a_provider(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let departure = leave(&visitor, &page, "google").await;
    let page = come_back(&visitor, &departure, "good").await.here();
    page.assert_shows(200, &["otp", "submit"]);
    assert!(visitor.cookie(SESSION).is_none(), "half a sign-in is none");
    let code = app.letter("carol@example.com", "one-time-passcode").await.code();
    let _ = visitor.submit(&page, &[("otp", &code)]).await.away().code();
}

async fn who_cancels_chooses_how_to_go_on(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let departure = leave(&visitor, &page, "google").await;
    let page = come_back(&visitor, &departure, "cancelled").await.here();
    page.assert_shows(200, &["username", "password", "provider-google", "error"]);
    let departure = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.away();
    let _ = departure.code();
}

async fn whom_nobody_knows_is_told_so(app: &App) {
    introduce(app).await;
    for code in ["stranger", "never-heard-of"] {
        let (visitor, page) = at_sign_in(app, SHOP).await;
        let departure = leave(&visitor, &page, "google").await;
        let page = come_back(&visitor, &departure, code).await.here();
        page.assert_shows(401, &["username", "provider-google", "error"]);
        assert!(visitor.cookie(SESSION).is_none());
    }
}

async fn a_provider_that_is_down_is_told(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let departure = leave(&visitor, &page, "google").await;
    let page = come_back(&visitor, &departure, "down").await.here();
    page.assert_shows(503, &["username", "error"]);
    assert!(!page.reply.header("retry-after").is_empty());
    app.scripted("google").fail_departures(true);
    let page = visitor.press(&page, "provider-google", &[]).await.here();
    page.assert_shows(503, &["username", "error"]);
    assert!(!complaint(&page).contains("the test said so"), "what it said is for the log");
}

async fn an_unknown_provider_is_no_page(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let own = transaction(&page);
    for provider in ["nobody", "", "../..", "https://evil.test"] {
        let fields = [("transaction", own.as_str()), ("provider", provider)];
        let refused = visitor.post("/sign-in/provider", &fields, Some(&page.url)).await.here();
        refused.assert_shows(404, &["error"]);
    }
    assert_eq!(app.scripted("google").seen().departures, 0);
}

/// One request with the browser's cookies.
async fn ask(app: &App, visitor: &Visitor, method: Method, path: &str) -> Reply {
    let cookies: Vec<String> =
        visitor.cookies().iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    app.send(app.request(method, path).header("cookie", cookies.join("; "))).await
}

/// The page a browser was sent on to, without going there.
async fn return_link(app: &App, visitor: &Visitor, departure: &Departure, code: &str) -> String {
    let state = departure.parameter("state").expect("a state");
    let path = format!("/auth/google-auth-redirect?state={state}&code={code}");
    let reply = ask(app, visitor, Method::GET, &path).await;
    assert_eq!(reply.status, 303, "{}", reply.text);
    let location = reply.header("location").to_owned();
    assert!(location.starts_with("/sign-in/return?transaction="), "{location}");
    location
}

async fn a_return_counts_for_its_own_sign_in_only(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let departure = leave(&visitor, &page, "google").await;
    let link = return_link(app, &visitor, &departure, "good").await;
    let (_, result) = link.split_once("&result=").expect("a result");
    let other = visitor.get(&authorize_url(PARTNER, &[])).await.here();
    let moved = format!("/sign-in/return?transaction={}&result={result}", transaction(&other));
    visitor.get(&moved).await.here().assert_shows(403, &["error"]);
    for query in ["", "&result=", "&result=garbage", "&error=", "&error=nonsense"] {
        let bare = format!("/sign-in/return?transaction={}{query}", transaction(&page));
        visitor.get(&bare).await.here().assert_shows(403, &["error"]);
    }
    assert!(visitor.cookie(SESSION).is_none());
    let _ = visitor.get(&link).await.away().code();
    let before = visitor.cookie(SESSION).expect("a session").value;
    let again = visitor.get(&link).await;
    assert!(
        !format!("{again:?}").contains("code=")
            || visitor.cookie(SESSION).is_some_and(|now| now.value == before)
    );
}

/// Otherwise somebody could be signed in as somebody else by a link (login CSRF).
async fn a_return_in_another_browser_is_refused(app: &App) {
    introduce(app).await;
    let (attacker, page) = at_sign_in(app, SHOP).await;
    let departure = leave(&attacker, &page, "google").await;
    let link = return_link(app, &attacker, &departure, "good").await;
    let (victim, _) = at_sign_in(app, SHOP).await;
    victim.get(&link).await.here().assert_shows(403, &["error"]);
    assert!(victim.cookie(SESSION).is_none());
    let late = app.visitor();
    late.set_cookies(attacker.cookies());
    app.advance(Duration::from_mins(31));
    late.get(&link).await.here().assert_shows(403, &["error"]);
}

/// It began with the provider, and the second factor that the client insists on changes nothing about that.
async fn a_step_up_keeps_the_providers_session(app: &App) {
    introduce(app).await;
    let visitor = app.visitor();
    let insisting = [("claims", r#"{"id_token":{"acr":{"essential":true,"values":["aal2"]}}}"#)];
    let page = visitor.get(&authorize_url(SHOP, &insisting)).await.here();
    let departure = leave(&visitor, &page, "google").await;
    let page = come_back(&visitor, &departure, "good").await.here();
    assert_eq!(page.url.path(), "/sign-in/enrol");
    assert!(visitor.cookie(SESSION).is_some(), "the step up begins in a session");
    let mut images = page.all("img");
    let qr_code = images.find(|image| image.attribute("src").starts_with("data:")).expect("a QR code");
    let authenticator = Authenticator::scan(qr_code.attribute("src"));
    let codes = visitor.submit(&page, &[("otp", &app.totp(&authenticator))]).await.here();
    let departure = visitor.submit(&codes, &[]).await.away();
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    assert_eq!(granted.id_claims()["acr"], "aal2");
    let hint = [("id_token_hint", granted.text("id_token"))];
    visitor.get(&with_query("/oauth2/connect/endSession", &hint)).await.here().assert_shows(200, &[]);
    let told = app.eventually("the provider is told", async || {
        Some(app.scripted("google").seen().terminated).filter(|told| !told.is_empty())
    });
    assert_eq!(told.await, [Some(format!("refresh-of-{SUBJECT}"))]);
}

/// Programs that look at links, in mails or histories, ask by HEAD.
async fn a_head_uses_nothing_up(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let departure = leave(&visitor, &page, "google").await;
    let callback = departure.parameter("state").expect("a state");
    let callback = format!("/auth/google-auth-redirect?state={callback}&code=good");
    assert_eq!(ask(app, &visitor, Method::HEAD, &callback).await.status, 404);
    let link = return_link(app, &visitor, &departure, "good").await;
    let looked_at = ask(app, &visitor, Method::HEAD, &link).await;
    assert_eq!((looked_at.status, looked_at.header("allow")), (405, "GET"));
    let _ = visitor.get(&link).await.away().code();
}

async fn another_code_keeps_the_providers_session(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let departure = leave(&visitor, &page, "google").await;
    let page = come_back(&visitor, &departure, "good").await.here();
    let _ = app.letter("carol@example.com", "one-time-passcode").await;
    let page = visitor.press(&page, "resend", &[]).await.here();
    let code = app.letter("carol@example.com", "one-time-passcode").await.code();
    let departure = visitor.submit(&page, &[("otp", &code)]).await.away();
    let _ = Granted::of(&app.redeem_code(SHOP, &departure).await);
    let held = "SELECT COUNT(*) FROM upstream_sessions WHERE session_id IS NOT NULL";
    assert_eq!(app.place.figure(held).await, 1);
}

/// Each departure is a row, and nobody has signed in yet.
async fn who_never_comes_back_cannot_leave_for_ever(app: &App) {
    introduce(app).await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let first = leave(&visitor, &page, "google").await;
    for _ in 0..2 {
        let _ = leave(&visitor, &page, "google").await;
    }
    let refused = visitor.press(&page, "provider-google", &[]).await.here();
    refused.assert_shows(429, &["username", "provider-google", "error"]);
    assert_eq!(refused.reply.header("retry-after"), "60");
    assert_eq!(app.place.figure("SELECT COUNT(*) FROM login_attempts").await, 3);
    assert_eq!(app.scripted("google").seen().departures, 3, "nor is the provider asked");
    // Whoever comes back makes room for one more.
    let _ = come_back(&visitor, &first, "good").await.away().code();
    let (other, page) = at_sign_in(app, SHOP).await;
    let _ = leave(&other, &page, "google").await;
    other.press(&page, "provider-google", &[]).await.here().assert_shows(429, &["error"]);
    app.advance(Duration::from_mins(1));
    let _ = leave(&other, &page, "google").await;
}

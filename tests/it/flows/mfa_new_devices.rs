//! The notice to who signs in from somewhere new.

use std::time::Duration;

use doorward_tests::bootstrap::{PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL};
use doorward_tests::{App, Options, Tokens, on_both};
use reqwest::Method;

on_both![behind_a_proxy;
    the_first_sign_in_is_no_news,
    a_new_place_is_told_by_mail,
    a_known_device_is_known_everywhere,
    what_is_long_ago_is_forgotten,
    who_has_no_address_is_told_nothing,
    refreshes_are_no_sign_ins,
];

fn behind_a_proxy() -> Options {
    Options::default().set("server.trusted_proxies", "127.0.0.1")
}

const HOME: &str = "198.51.100.7";
const CAFE: &str = "203.0.113.9";

async fn sign_in(app: &App, username: &str, address: &str, device: Option<&str>) -> Tokens {
    let request = app.request(Method::POST, "/auth/login-token").header("x-forwarded-for", address);
    let request = request.header("user-agent", "Lynx/2.9 <b>& co");
    let request = match device {
        Some(device) => request.header("device_id", device),
        None => request,
    };
    Tokens::of(&app.send(request.json(&App::credentials(WEBAPP, username, PASSWORD))).await)
}

async fn notices(app: &App, address: &str) -> usize {
    app.kinds_to(address).await.iter().filter(|kind| *kind == "new-device").count()
}

async fn the_first_sign_in_is_no_news(app: &App) {
    app.introduce_people().await;
    let _ = sign_in(app, ERIN, HOME, None).await;
    let _ = sign_in(app, ERIN, HOME, None).await;
    assert_eq!(notices(app, ERIN_MAIL).await, 0);
}

async fn a_new_place_is_told_by_mail(app: &App) {
    app.introduce_people().await;
    let _ = sign_in(app, ERIN, HOME, None).await;
    let tokens = sign_in(app, ERIN, CAFE, None).await;
    let letter = app.letter(ERIN_MAIL, "new-device").await;
    assert!(letter.text.contains(CAFE) && letter.text.contains("Lynx/2.9"), "{}", letter.text);
    assert!(!letter.html.contains("<b>"), "{}", letter.html);
    for secret in [&tokens.access, &tokens.refresh] {
        assert!(!letter.raw.contains(secret.as_str()));
    }
    let _ = sign_in(app, ERIN, CAFE, None).await;
    let _ = sign_in(app, ERIN, HOME, None).await;
    assert_eq!(notices(app, ERIN_MAIL).await, 0);
    // By code as well, where the session begins.
    let code = app.code(WEBAPP, ERIN).await;
    let _ = app.tokens(WEBAPP, &code).await;
    let letter = app.letter(ERIN_MAIL, "new-device").await;
    assert!(letter.text.contains("127.0.0.1"), "{}", letter.text);
}

async fn a_known_device_is_known_everywhere(app: &App) {
    app.introduce_people().await;
    let _ = sign_in(app, ERIN, HOME, Some("phone-1")).await;
    let _ = sign_in(app, ERIN, CAFE, Some("phone-1")).await;
    assert_eq!(notices(app, ERIN_MAIL).await, 0);
    let _ = sign_in(app, ERIN, "192.0.2.1", Some("phone-2")).await;
    assert_eq!(notices(app, ERIN_MAIL).await, 1);
}

async fn what_is_long_ago_is_forgotten(app: &App) {
    app.introduce_people().await;
    let _ = sign_in(app, ERIN, HOME, Some("phone-1")).await;
    app.advance(Duration::from_hours(89 * 24));
    let _ = sign_in(app, ERIN, HOME, Some("phone-1")).await;
    assert_eq!(notices(app, ERIN_MAIL).await, 0);
    app.advance(Duration::from_hours(90 * 24) + Duration::from_secs(1));
    let _ = sign_in(app, ERIN, HOME, Some("phone-1")).await;
    assert_eq!(notices(app, ERIN_MAIL).await, 1);
}

async fn who_has_no_address_is_told_nothing(app: &App) {
    let _ = sign_in(app, "bob", HOME, None).await;
    let _ = sign_in(app, "bob", CAFE, None).await;
    assert_eq!(app.letters().await.len(), 0);
}

async fn refreshes_are_no_sign_ins(app: &App) {
    app.introduce_people().await;
    let tokens = sign_in(app, ERIN, HOME, None).await;
    let _ = Tokens::of(&app.refresh(&tokens).await);
    assert_eq!(notices(app, ERIN_MAIL).await, 0);
}

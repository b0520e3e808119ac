//! The cookies of the pages: what they are called, who may read them, and when they go (W4).

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::browser::Cookie;
use doorward_tests::harness::pages::Visitor;
use doorward_tests::harness::relying_party::{CAROL, SHOP, authorize_url};
use doorward_tests::{App, Options, on_both};

use super::SESSION;

on_both![before_a_sign_in_the_browser_is_nobody, a_session_cookie_of_another_is_worth_nothing,];
on_both![https; over_tls_cookies_belong_to_this_host_alone];

const HTTPS: &str = "https://auth.example.test";

fn https() -> Options {
    Options::default().set("server.public_url", HTTPS)
}

fn names(visitor: &Visitor) -> Vec<String> {
    visitor.cookies().into_iter().map(|cookie| cookie.name).collect()
}

async fn before_a_sign_in_the_browser_is_nobody(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let page = visitor.get(&authorize_url(SHOP, &[])).await.here();
    assert_eq!(names(&visitor), ["doorward_browser"]);
    let browser = visitor.cookie("doorward_browser").expect("a cookie");
    assert_eq!(browser.attribute("max-age"), None, "it goes when the browser is closed");
    let _ = visitor.submit(&page, &[("username", CAROL), ("password", "wrong")]).await.here();
    assert_eq!(names(&visitor), ["doorward_browser"]);
    assert_eq!(app.place.figure("SELECT count(*) FROM browser_sessions").await, 0);
    let _ = visitor.get(&authorize_url(SHOP, &[])).await.here();
    assert_eq!(visitor.cookie("doorward_browser").expect("a cookie").value, browser.value, "tabs share it");
}

async fn a_session_cookie_of_another_is_worth_nothing(app: &App) {
    app.introduce_relying_parties().await;
    for value in ["", "x", "nonsense-of-forty-three-characters-in-base64", "../..", "%00"] {
        let visitor = app.visitor();
        visitor.set_cookies(Cookie::parse(&format!("{SESSION}={value}; Path=/")).into_iter().collect());
        let page = visitor.get(&authorize_url(SHOP, &[])).await.here();
        page.assert_shows(200, &["password"]);
        let departure = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.away();
        let _ = departure.code();
        assert_ne!(visitor.cookie(SESSION).expect("a session").value, value, "a value of ours (fixation)");
    }
}

async fn over_tls_cookies_belong_to_this_host_alone(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = Visitor::new(app, HTTPS);
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    assert_eq!(
        names(&visitor),
        ["__Host-doorward_browser", "__Host-doorward_session", "doorward_browser_state"]
    );
    for name in ["__Host-doorward_browser", "__Host-doorward_session"] {
        let cookie = visitor.cookie(name).expect("a cookie");
        assert!(cookie.attribute("secure").is_some() && cookie.attribute("httponly").is_some(), "{cookie:?}");
        assert_eq!(cookie.attribute("samesite").as_deref(), Some("lax"));
        assert_eq!((cookie.attribute("path").as_deref(), cookie.attribute("domain")), (Some("/"), None));
    }
    let state = visitor.cookie("doorward_browser_state").expect("a cookie");
    assert!(state.attribute("secure").is_some() && state.attribute("httponly").is_none(), "{state:?}");
    assert_eq!(state.attribute("samesite").as_deref(), Some("none"));
    let session = visitor.cookie("__Host-doorward_session").expect("a cookie");
    assert!(!state.value.contains(&session.value), "it opens nothing");
    let page = visitor.get("/sign-out").await.here();
    visitor.submit(&page, &[]).await.here().assert_shows(200, &["message"]);
    assert_eq!(names(&visitor), ["__Host-doorward_browser"]);
    let thief = Visitor::new(app, HTTPS);
    thief.set_cookies(vec![session]);
    thief.get(&authorize_url(SHOP, &[])).await.here().assert_shows(200, &["password"]);
}

//! The transaction that every form carries: this browser's, for half an hour, and only from our own pages (AZ9, AZ10).

use std::time::Duration;

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::pages::{Landing, Page, Visitor};
use doorward_tests::harness::relying_party::{CAROL, PARTNER, SHOP, authorize_url};
use doorward_tests::{App, on_both};
use reqwest::Url;

use super::{SESSION, at_sign_in, transaction};

on_both![
    another_browsers_transaction_is_refused,
    an_old_transaction_is_refused,
    garbage_is_no_transaction,
    a_form_without_a_transaction_is_refused,
    a_form_of_another_site_is_refused,
    a_transaction_of_another_stage_proves_nothing,
    a_form_of_its_own_is_no_sign_in,
    going_on_does_not_replace_a_sign_in_that_was_asked_for,
];

/// Every form and what it would be sent with.
const FORMS: [(&str, &[(&str, &str)]); 10] = [
    ("/sign-in", &[("username", CAROL), ("password", PASSWORD)]),
    ("/sign-in/second-factor", &[("otp", "123456")]),
    ("/sign-in/enrol", &[("otp", "123456")]),
    ("/sign-in/provider", &[("provider", "google")]),
    ("/consent", &[("decision", "allow")]),
    ("/sign-up", &[("email", "new@example.com")]),
    ("/forgot-password", &[("username", CAROL)]),
    ("/reset-password", &[("token", "t"), ("new_password", "Battery-Staple-8")]),
    ("/verify-email", &[("token", "t")]),
    ("/sign-out", &[]),
];

async fn send(visitor: &Visitor, path: &str, transaction: Option<&str>, from: Option<&Url>) -> Landing {
    let (_, fields) = FORMS.iter().find(|(known, _)| *known == path).expect("a form of ours");
    let own = transaction.map(|transaction| ("transaction", transaction));
    let fields: Vec<(&str, &str)> = fields.iter().copied().chain(own).collect();
    visitor.post(path, &fields, from).await
}

#[track_caller]
fn assert_refused(page: &Page, path: &str) {
    page.assert_shows(403, &["error", "request-id"]);
    assert_eq!(page.reply.header("location"), "", "{path}");
    assert!(page.reply.headers.get("set-cookie").is_none(), "{path}: {:?}", page.reply.headers);
    assert_eq!(page.text_of("request-id"), Some(page.reply.header("x-request-id")), "{path}");
}

async fn another_browsers_transaction_is_refused(app: &App) {
    app.introduce_relying_parties().await;
    let (thief, page) = at_sign_in(app, SHOP).await;
    let stolen = transaction(&page);
    let (victim, _) = at_sign_in(app, SHOP).await;
    let without_cookies = app.visitor();
    for (path, _) in FORMS {
        for visitor in [&victim, &without_cookies] {
            let page = send(visitor, path, Some(&stolen), Some(&page.url)).await.here();
            assert_refused(&page, path);
        }
    }
    for path in ["/sign-in", "/sign-in/second-factor", "/sign-in/enrol", "/sign-in/return", "/consent"] {
        let link = format!("{path}?transaction={stolen}");
        assert_refused(&victim.get(&link).await.here(), path);
    }
    assert!(victim.cookie(SESSION).is_none());
    let departure = thief.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.away();
    let _ = departure.code();
}

async fn an_old_transaction_is_refused(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    app.advance(Duration::from_mins(29));
    let again = visitor.submit(&page, &[("username", CAROL), ("password", "wrong")]).await.here();
    again.assert_shows(401, &["error"]);
    app.advance(Duration::from_mins(1));
    for (path, _) in FORMS {
        let refused = send(&visitor, path, Some(&transaction(&page)), Some(&page.url)).await.here();
        assert_refused(&refused, path);
    }
    let link = format!("/sign-in?transaction={}", transaction(&again));
    assert_refused(&visitor.get(&link).await.here(), "an error does not make it younger");
}

async fn garbage_is_no_transaction(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let own = transaction(&page);
    let cut = &own[..own.len() - 1];
    let long = "A".repeat(100_000);
    for garbage in ["x", "....", "%00", cut, &format!("{own}A"), &own.to_uppercase(), &long] {
        for (path, _) in FORMS {
            let refused = send(&visitor, path, Some(garbage), Some(&page.url)).await.here();
            assert_refused(&refused, path);
        }
    }
}

async fn a_form_without_a_transaction_is_refused(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    for (path, _) in FORMS {
        assert_refused(&send(&visitor, path, None, Some(&page.url)).await.here(), path);
        assert_refused(&send(&visitor, path, Some(""), Some(&page.url)).await.here(), path);
    }
}

async fn a_form_of_another_site_is_refused(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let own = transaction(&page);
    let evil = Url::parse("https://evil.test/attack").expect("an address");
    for (path, _) in FORMS {
        assert_refused(&send(&visitor, path, Some(&own), Some(&evil)).await.here(), path);
    }
    // As browsers without Fetch Metadata, then as those that say nothing but it; the cookies come along.
    for (name, value) in [("origin", "https://evil.test"), ("sec-fetch-site", "cross-site")] {
        let attacked = app.visitor();
        attacked.set_cookies(visitor.cookies());
        attacked.set_header("sec-fetch-site", "");
        attacked.set_header(name, value);
        for (path, _) in FORMS {
            assert_refused(&send(&attacked, path, Some(&own), None).await.here(), path);
        }
    }
    assert!(visitor.cookie(SESSION).is_none());
    let departure = send(&visitor, "/sign-in", Some(&own), Some(&page.url)).await.away();
    let _ = departure.code();
}

async fn a_transaction_of_another_stage_proves_nothing(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, PARTNER).await;
    let own = transaction(&page);
    for path in ["/consent", "/sign-in/second-factor", "/sign-in/enrol"] {
        match send(&visitor, path, Some(&own), Some(&page.url)).await {
            Landing::Here(page) => assert!(page.find("allow").is_none(), "{path}: {}", page.text),
            Landing::Away(departure) => assert!(departure.error().is_some(), "{path}: {departure:?}"),
        }
        assert!(visitor.cookie(SESSION).is_none(), "{path}");
    }
    let saved = [("transaction", own.as_str()), ("saved", "1")];
    let page = visitor.post("/sign-in/enrol", &saved, Some(&page.url)).await.here();
    page.assert_shows(200, &["username", "password"]);
    for path in ["/consent", "/sign-in/second-factor", "/sign-in/enrol"] {
        let page = visitor.get(&format!("{path}?transaction={own}")).await.here();
        page.assert_shows(200, &["username", "password"]);
    }
}

/// A form that anybody can get is worth nothing to an authorization request.
async fn a_form_of_its_own_is_no_sign_in(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let page = visitor.get("/forgot-password").await.here();
    page.assert_shows(200, &["username", "submit"]);
    let own = transaction(&page);
    for path in ["/sign-in", "/consent", "/sign-in/second-factor", "/sign-in/enrol", "/sign-out"] {
        assert_refused(&send(&visitor, path, Some(&own), Some(&page.url)).await.here(), path);
    }
    let silent = visitor.get(&authorize_url(SHOP, &[("prompt", "none")])).await.away();
    assert_eq!(silent.error().as_deref(), Some("login_required"));
}

/// Who is signed in, but is asked to do so again, gets nowhere by saying that he has kept his recovery codes.
async fn going_on_does_not_replace_a_sign_in_that_was_asked_for(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    app.advance(Duration::from_secs(5));
    for asked in [[("prompt", "login")], [("max_age", "1")]] {
        let page = visitor.get(&authorize_url(SHOP, &asked)).await.here();
        page.assert_shows(200, &["username", "password"]);
        let own = transaction(&page);
        let saved = [("transaction", own.as_str()), ("saved", "1")];
        let page = visitor.post("/sign-in/enrol", &saved, Some(&page.url)).await.here();
        page.assert_shows(200, &["username", "password"]);
    }
    let page = visitor.get(&authorize_url(PARTNER, &[])).await.here();
    page.assert_shows(200, &["allow", "deny"]);
    let own = transaction(&page);
    let saved = [("transaction", own.as_str()), ("saved", "1")];
    let page = visitor.post("/sign-in/enrol", &saved, Some(&page.url)).await.here();
    page.assert_shows(200, &["allow", "deny"]);
}

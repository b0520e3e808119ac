//! Forgotten passwords, sign-up and confirmed addresses: the pages that links in mails lead to.

use std::time::Duration;

use doorward_tests::bootstrap::{NEW_PASSWORD, PASSWORD};
use doorward_tests::harness::pages::{Page, Visitor};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, SHUT_OUT, SOCIAL};
use doorward_tests::harness::relying_party::{CAROL, SHOP, authorize_url};
use doorward_tests::{App, Options, on_both};
use serde_json::json;

use super::{SESSION, at_sign_in, complaint, transaction};

const CAROL_MAIL: &str = "carol@example.com";
const NEW_MAIL: &str = "newcomer@example.com";

on_both![one_tenant;
    a_forgotten_password_is_replaced_and_the_sign_in_goes_on,
    a_new_password_has_to_follow_the_rules,
    the_rules_are_told_in_the_readers_language,
    a_reset_link_counts_once,
    a_reset_link_grows_old,
    forgetting_tells_nothing_of_accounts,
    somebody_signs_up_and_the_sign_in_goes_on,
    a_sign_up_has_to_follow_the_rules,
    signing_up_tells_nothing_of_accounts,
    an_address_is_confirmed_by_a_button,
    links_work_without_a_sign_in_under_way,
];
on_both![closed; a_closed_sign_up_is_neither_offered_nor_possible];

fn one_tenant() -> Options {
    Options::default().set("native.sign_up_tenant", "acme")
}

fn closed() -> Options {
    Options::default().set("native.sign_up", "off")
}

/// The link of a mail, opened.
async fn open_link(app: &App, visitor: &Visitor, to: &str, kind: &str) -> Page {
    let letter = app.letter(to, kind).await;
    let link = reqwest::Url::parse(&letter.link()).expect("an address");
    visitor.get(&format!("{}?token={}", link.path(), letter.token())).await.here()
}

/// Asks for a mail on the page that the link with that id leads to.
async fn ask(app: &App, link: &str, field: &str, value: &str) -> (Visitor, Page) {
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let page = visitor.follow(&page, link).await.here();
    page.assert_shows(200, &[field, "submit", "back"]);
    let told = visitor.submit(&page, &[(field, value)]).await.here();
    told.assert_shows(200, &["message", "back"]);
    (visitor, told)
}

async fn a_forgotten_password_is_replaced_and_the_sign_in_goes_on(app: &App) {
    app.introduce_relying_parties().await;
    let elsewhere = app.visitor();
    elsewhere.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let (visitor, _) = ask(app, "forgot-password", "username", CAROL).await;
    let page = open_link(app, &visitor, CAROL_MAIL, "forgot-password").await;
    page.assert_shows(200, &["new-password", "submit"]);
    assert_eq!(page.find("new-password").expect("a field").attribute("autocomplete"), "new-password");
    let done = visitor.submit(&page, &[("new-password", NEW_PASSWORD)]).await.here();
    done.assert_shows(200, &["message", "continue"]);
    assert!(!done.url.as_str().contains("token="), "{}", done.url);
    assert!(visitor.cookie(SESSION).is_none(), "a link signs nobody in");
    let page = visitor.follow(&done, "continue").await.here();
    let again = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    again.assert_shows(401, &["error"]);
    let departure = visitor.submit(&again, &[("username", CAROL), ("password", NEW_PASSWORD)]).await.away();
    assert_eq!(departure.url.host_str(), Some("shop.test"));
    let _ = departure.code();
    elsewhere.get(&authorize_url(SHOP, &[])).await.here().assert_shows(200, &["password"]);
}

async fn a_new_password_has_to_follow_the_rules(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, _) = ask(app, "forgot-password", "username", CAROL).await;
    let page = open_link(app, &visitor, CAROL_MAIL, "forgot-password").await;
    for poor in ["short", PASSWORD, ""] {
        let again = visitor.submit(&page, &[("new-password", poor)]).await.here();
        again.assert_shows(422, &["new-password", "error"]);
        assert!(!complaint(&again).is_empty());
        assert_eq!(again.find("new-password").expect("a field").attribute("value"), "");
    }
    visitor.submit(&page, &[("new-password", NEW_PASSWORD)]).await.here().assert_shows(200, &["message"]);
}

async fn the_rules_are_told_in_the_readers_language(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, _) = ask(app, "forgot-password", "username", CAROL).await;
    let page = open_link(app, &visitor, CAROL_MAIL, "forgot-password").await;
    for (language, rules) in [
        ("en", ["must have at least 8 characters", "must contain a digit"]),
        ("de", ["muss mindestens 8 Zeichen haben", "muss eine Ziffer enthalten"]),
        ("fr", ["doit avoir au moins 8 caractères", "doit contenir un chiffre"]),
        ("es", ["debe tener al menos 8 caracteres", "debe contener un dígito"]),
    ] {
        visitor.set_header("accept-language", language);
        let again = visitor.submit(&page, &[("new-password", "Short#x")]).await.here();
        again.assert_shows(422, &["new-password", "error"]);
        assert!(complaint(&again).ends_with(&rules.join("; ")), "{}", complaint(&again));
    }
}

async fn a_reset_link_counts_once(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, _) = ask(app, "forgot-password", "username", CAROL).await;
    let page = open_link(app, &visitor, CAROL_MAIL, "forgot-password").await;
    let _ = visitor.submit(&page, &[("new-password", NEW_PASSWORD)]).await.here();
    let again = visitor.submit(&page, &[("new-password", "Battery-Staple-9")]).await.here();
    again.assert_shows(400, &["error", "request-id"]);
    visitor.get(page.url.as_str()).await.here().assert_shows(400, &["error"]);
    app.visitor().sign_in(&authorize_url(SHOP, &[]), CAROL, NEW_PASSWORD).await;
}

async fn a_reset_link_grows_old(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, _) = ask(app, "forgot-password", "username", CAROL).await;
    let page = open_link(app, &visitor, CAROL_MAIL, "forgot-password").await;
    app.advance(Duration::from_mins(31));
    visitor.get(page.url.as_str()).await.here().assert_shows(400, &["error"]);
    for link in ["/reset-password", "/reset-password?token=", "/reset-password?token=nonsense"] {
        visitor.get(link).await.here().assert_shows(400, &["error"]);
    }
    let departure = app.visitor().sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let _ = departure.code();
}

/// What somebody sees who asked for a mail: text, status, address, and the names of headers and cookies.
fn seen(visitor: &Visitor, page: &Page) -> (String, u16, String, Vec<String>, Vec<String>) {
    let headers = page.reply.headers.keys().map(ToString::to_string).collect();
    let cookies = visitor.cookies().into_iter().map(|cookie| cookie.name).collect();
    (page.text.clone(), page.reply.status, page.url.path().to_owned(), headers, cookies)
}

async fn forgetting_tells_nothing_of_accounts(app: &App) {
    app.introduce_relying_parties().await;
    app.introduce_people().await;
    let (visitor, told) = ask(app, "forgot-password", "username", CAROL).await;
    let expected = seen(&visitor, &told);
    let shut_out = SHUT_OUT.map(|(_, name)| name);
    for name in ["nobody-of-that-name", SOCIAL, CAROL].into_iter().chain(shut_out) {
        let (visitor, told) = ask(app, "forgot-password", "username", name).await;
        assert_eq!(seen(&visitor, &told), expected, "{name}");
    }
}

async fn somebody_signs_up_and_the_sign_in_goes_on(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, _) = ask(app, "sign-up", "email", NEW_MAIL).await;
    let page = open_link(app, &visitor, NEW_MAIL, "registration").await;
    page.assert_shows(200, &["email", "first-name", "last-name", "new-password", "submit"]);
    assert_eq!(page.find("email").expect("a field").attribute("value"), NEW_MAIL);
    let fields = [("first-name", "Nora"), ("last-name", "New"), ("new-password", NEW_PASSWORD)];
    let done = visitor.submit(&page, &fields).await.here();
    done.assert_shows(200, &["message", "continue"]);
    assert!(visitor.cookie(SESSION).is_none(), "a link signs nobody in");
    let page = visitor.follow(&done, "continue").await.here();
    let fields = [("username", NEW_MAIL), ("password", NEW_PASSWORD)];
    let departure = visitor.submit(&page, &fields).await.away();
    let _ = departure.code();
    let kinds = app.kinds_to(NEW_MAIL).await;
    assert!(kinds.contains(&"welcome".to_owned()), "{kinds:?}");
}

async fn a_sign_up_has_to_follow_the_rules(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    let page = visitor.follow(&page, "sign-up").await.here();
    for odd in ["nonsense", "a@", "a@b@c", ""] {
        let again = visitor.submit(&page, &[("email", odd)]).await.here();
        again.assert_shows(422, &["email", "error"]);
        assert_eq!(again.find("email").expect("a field").attribute("value"), odd);
    }
    let _ = visitor.submit(&page, &[("email", NEW_MAIL)]).await.here();
    let page = open_link(app, &visitor, NEW_MAIL, "registration").await;
    let fields = [("first-name", "<b>Nora"), ("last-name", "New"), ("new-password", "short")];
    let again = visitor.submit(&page, &fields).await.here();
    again.assert_shows(422, &["new-password", "error"]);
    assert_eq!(again.find("first-name").expect("a field").attribute("value"), "<b>Nora");
    // The link says which address it is, whatever the form says.
    let fields = [("email", "other@example.com"), ("first-name", "Nora"), ("new-password", NEW_PASSWORD)];
    visitor.submit(&again, &fields).await.here().assert_shows(200, &["message"]);
    let others = "SELECT count(*) FROM users WHERE email = 'other@example.com'";
    assert_eq!(app.place.figure(others).await, 0);
    visitor.get(page.url.as_str()).await.here().assert_shows(400, &["error"]);
}

async fn signing_up_tells_nothing_of_accounts(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, told) = ask(app, "sign-up", "email", NEW_MAIL).await;
    let expected = seen(&visitor, &told);
    for address in [CAROL_MAIL, "CAROL@example.com", "other@example.com"] {
        let (visitor, told) = ask(app, "sign-up", "email", address).await;
        assert_eq!(seen(&visitor, &told), expected, "{address}");
    }
}

async fn a_closed_sign_up_is_neither_offered_nor_possible(app: &App) {
    app.introduce_relying_parties().await;
    let (visitor, page) = at_sign_in(app, SHOP).await;
    assert!(page.find("sign-up").is_none());
    let fields = [("transaction", transaction(&page)), ("email", NEW_MAIL.to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let refused = visitor.post("/sign-up", &fields, Some(&page.url)).await.here();
    refused.assert_shows(403, &["error"]);
}

async fn an_address_is_confirmed_by_a_button(app: &App) {
    app.introduce_people().await;
    let unverified = "SELECT count(*) FROM users WHERE username = 'erin' AND NOT email_verified";
    app.place.execute("UPDATE users SET email_verified = false WHERE username = 'erin'").await;
    assert_eq!(app.place.figure(unverified).await, 1);
    let tokens = app.sign_in(ERIN).await;
    let asked = app.post_as(&tokens.access, "/auth/verify-email/create-token", &json!({})).await;
    assert_eq!(asked.status, 204, "{}", asked.text);
    let visitor = app.visitor();
    let page = open_link(app, &visitor, ERIN_MAIL, "verify-email").await;
    page.assert_shows(200, &["submit"]);
    assert_eq!(app.place.figure(unverified).await, 1, "programs that open links in mails confirm nothing");
    visitor.submit(&page, &[]).await.here().assert_shows(200, &["message"]);
    assert_eq!(app.place.figure(unverified).await, 0);
    visitor.submit(&page, &[]).await.here().assert_shows(400, &["error"]);
}

async fn links_work_without_a_sign_in_under_way(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let page = visitor.get("/forgot-password").await.here();
    page.assert_shows(200, &["username", "submit"]);
    assert!(page.find("back").is_none(), "there is nowhere to go back to");
    let told = visitor.submit(&page, &[("username", CAROL)]).await.here();
    told.assert_shows(200, &["message"]);
    // In another browser, as on a telephone.
    let other = app.visitor();
    let page = open_link(app, &other, CAROL_MAIL, "forgot-password").await;
    let done = other.submit(&page, &[("new-password", NEW_PASSWORD)]).await.here();
    done.assert_shows(200, &["message"]);
    assert!(done.find("continue").is_none(), "there is nowhere to go on");
    app.visitor().sign_in(&authorize_url(SHOP, &[]), CAROL, NEW_PASSWORD).await;
}

//! What every page comes with: a strict policy, no frame, no memory, no referrer (AZ9, AZ12, W2, W5, W7).

use std::collections::BTreeSet;
use std::ops::Deref;

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::document::Document;
use doorward_tests::harness::pages::Page;
use doorward_tests::harness::relying_party::{CAROL, PARTNER, SHOP, SHOP_CALLBACK, authorize_url};
use doorward_tests::{App, Reply, on_both};

use super::{at_sign_in, transaction};

on_both![
    every_page_guards_itself,
    nonces_are_never_used_twice,
    only_the_page_that_sends_itself_has_a_script,
    the_policy_lets_forms_lead_to_the_client,
    people_can_use_them_without_seeing_or_a_mouse,
];

/// A page, though the visitor may not stay at it.
struct Sheet {
    reply: Reply,
    document: Document,
}

impl Sheet {
    fn of(reply: Reply) -> Self {
        Self { document: Document::parse(&reply.text), reply }
    }
}

impl Deref for Sheet {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.document
    }
}

impl From<Page> for Sheet {
    fn from(page: Page) -> Self {
        Self::of(page.reply)
    }
}

/// One of each page that a browser gets to without a mail.
async fn pages(app: &App) -> Vec<Sheet> {
    app.introduce_relying_parties().await;
    let (visitor, sign_in) = at_sign_in(app, PARTNER).await;
    let sign_up = format!("/sign-up?transaction={}", transaction(&sign_in));
    let mut pages: Vec<Sheet> = vec![sign_in.clone().into()];
    pages.push(visitor.submit(&sign_in, &[("username", CAROL), ("password", "wrong")]).await.here().into());
    pages.push(visitor.submit(&sign_in, &[("username", CAROL), ("password", PASSWORD)]).await.here().into());
    for path in [
        "/sign-in",
        "/sign-out",
        "/signed-out",
        "/sign-up",
        &sign_up,
        "/forgot-password",
        "/forgot-password?sent=1",
        "/reset-password?done=1",
        "/reset-password?token=x",
        "/verify-email?token=x",
        "/sign-in?transaction=x",
        "/oauth2/authorize?client_id=nobody",
    ] {
        pages.push(visitor.get(path).await.here().into());
    }
    pages
}

async fn form_post(app: &App) -> Sheet {
    let wish = authorize_url(SHOP, &[("response_mode", "form_post"), ("prompt", "none")]);
    let departure = app.visitor().get(&wish).await.away();
    assert!(departure.form.is_some());
    Sheet::of(departure.reply)
}

async fn every_page_guards_itself(app: &App) {
    let mut pages = pages(app).await;
    pages.push(form_post(app).await);
    for page in &pages {
        let title = page.all("h1").next().map_or("", |title| title.text.as_str());
        let header = |name: &str| page.reply.header(name).to_owned();
        let policy = header("content-security-policy");
        for directive in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action "] {
            assert!(policy.contains(directive), "{title}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{title}: {policy}");
        assert_eq!(header("x-frame-options"), "DENY", "{title}");
        assert_eq!(header("cache-control"), "no-store", "{title}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{title}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{title}");
        assert_eq!(header("access-control-allow-origin"), "", "{title}");
        assert!(header("content-type").starts_with("text/html"), "{title}");
        for (tag, attribute) in [("img", "src"), ("link", "href"), ("script", "src"), ("iframe", "src")] {
            for element in page.all(tag) {
                let address = element.attribute(attribute);
                assert!(address.starts_with("data:") || !address.contains("//"), "{title}: {tag} {address}");
            }
        }
        for element in &page.elements {
            let inline = element.attributes.keys().find(|name| name.starts_with("on") || *name == "style");
            assert_eq!(inline, None, "{title}: the policy would stop it");
        }
    }
}

fn nonce(page: &Sheet) -> String {
    let policy = page.reply.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next());
    nonce.unwrap_or_else(|| unreachable!("no nonce in {policy}")).to_owned()
}

async fn nonces_are_never_used_twice(app: &App) {
    let pages = pages(app).await;
    let nonces: BTreeSet<String> = pages.iter().map(nonce).collect();
    assert_eq!(nonces.len(), pages.len(), "one for each answer");
    for page in &pages {
        let used: Vec<&str> = page.all("style").map(|style| style.attribute("nonce")).collect();
        assert!(!used.is_empty() && used.iter().all(|used| *used == nonce(page)), "{used:?}");
    }
}

async fn only_the_page_that_sends_itself_has_a_script(app: &App) {
    for page in pages(app).await {
        assert_eq!(page.all("script").count(), 0, "{}", page.text);
        assert!(!page.reply.header("content-security-policy").contains("script-src"), "{}", page.text);
    }
    let page = form_post(app).await;
    assert!(page.reply.text.contains(&format!("<script nonce=\"{}\">", nonce(&page))), "{}", page.reply.text);
}

/// Chromium holds `form-action` against the redirect after a form, too (W3).
async fn the_policy_lets_forms_lead_to_the_client(app: &App) {
    app.introduce_relying_parties().await;
    assert!(SHOP_CALLBACK.starts_with("https:"));
    let (visitor, page) = at_sign_in(app, PARTNER).await;
    let targets = |page: &Page| {
        let policy = page.reply.header("content-security-policy").to_owned();
        policy.split("; ").find_map(|each| each.strip_prefix("form-action ").map(str::to_owned))
    };
    assert!(targets(&page).is_some_and(|targets| targets.contains("https:")));
    let consent = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    assert!(targets(&consent).is_some_and(|targets| targets.contains("https:")));
    let forgot = visitor.get("/forgot-password").await.here();
    assert_eq!(targets(&forgot).as_deref(), Some("'self'"), "this one leads nowhere else");
}

async fn people_can_use_them_without_seeing_or_a_mouse(app: &App) {
    for page in pages(app).await {
        let html = page.all("html").next().expect("a root");
        assert!(!html.attribute("lang").is_empty(), "{}", page.text);
        assert_eq!(page.all("h1").count(), 1, "{}", page.text);
        assert_eq!(page.all("main").count(), 1, "{}", page.text);
        assert!(page.all("title").next().is_some_and(|title| !title.text.is_empty()), "{}", page.text);
        let labelled: Vec<&str> = page.all("label").map(|label| label.attribute("for")).collect();
        let hidden = |kind: &str| ["hidden", "submit"].contains(&kind);
        for field in page.all("input").filter(|field| !hidden(field.attribute("type"))) {
            assert!(labelled.contains(&field.attribute("id")), "{}: #{}", page.text, field.attribute("id"));
        }
        for image in page.all("img") {
            assert!(image.has("alt"), "{}", page.text);
        }
        let focused = page.elements.iter().filter(|element| element.has("autofocus")).count();
        assert!(focused <= 1, "{}", page.text);
    }
}

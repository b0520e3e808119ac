//! The pages in the language of whoever reads them, and in the dress of whoever asks.

use doorward_tests::harness::pages::Page;
use doorward_tests::harness::relying_party::{DESK, SHOP, authorize_url};
use doorward_tests::{App, on_both};

on_both![
    the_client_says_which_language,
    the_browser_says_which_language,
    a_form_that_is_shown_again_keeps_its_language,
    the_apps_words_come_before_the_tenants,
    names_are_text_and_nothing_else,
];

fn language(page: &Page) -> String {
    let html = page.all("html").next().expect("a root").attribute("lang").to_owned();
    assert_eq!(page.reply.header("content-language"), html);
    html
}

async fn the_client_says_which_language(app: &App) {
    app.introduce_relying_parties().await;
    for (asked, spoken) in [("de-AT en", "de"), ("it fr", "fr"), ("es", "es"), ("tlh", "en"), ("x;<>", "en")]
    {
        let page = app.visitor().get(&authorize_url(SHOP, &[("ui_locales", asked)])).await.here();
        assert_eq!(language(&page), spoken, "{asked}");
    }
}

async fn the_browser_says_which_language(app: &App) {
    app.introduce_relying_parties().await;
    for (accepted, spoken) in [("fr-CA,en;q=0.5", "fr"), ("ja, de;q=0.1", "de"), ("*", "en"), ("", "en")] {
        let visitor = app.visitor();
        visitor.set_header("accept-language", accepted);
        let page = visitor.get(&authorize_url(SHOP, &[])).await.here();
        assert_eq!(language(&page), spoken, "{accepted}");
        let page = visitor.get("/sign-in?transaction=nonsense").await.here();
        assert_eq!((page.reply.status, language(&page).as_str()), (403, spoken), "errors are read too");
    }
    let visitor = app.visitor();
    visitor.set_header("accept-language", "fr");
    let page = visitor.get(&authorize_url(SHOP, &[("ui_locales", "es")])).await.here();
    assert_eq!(language(&page), "es", "the client knows better");
}

async fn a_form_that_is_shown_again_keeps_its_language(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let page = visitor.get(&authorize_url(SHOP, &[("ui_locales", "de")])).await.here();
    let again = visitor.submit(&page, &[("username", "carol"), ("password", "wrong")]).await.here();
    assert_eq!((again.reply.status, language(&again).as_str()), (401, "de"));
    let forgot = visitor.follow(&page, "forgot-password").await.here();
    assert_eq!(language(&forgot), "de");
    let told = visitor.submit(&forgot, &[("username", "carol")]).await.here();
    assert_eq!(language(&told), "de");
}

const DRESSED: &str = r#"
[[tenants]]
key = "acme"
name = "Acme"
[tenants.pages]
sign_in_title = "Acme says hello"
forgot_password_title = "Lost your key?"
logo_url = "https://cdn.acme.test/logo.svg"

[[clients]]
client_id = "desk"
client_secret = "{CLIENT_SECRET}"
name = "Desk"
type = "web"
tenant = "acme"
first_party = true
redirect_uris = ["https://desk.test/cb"]
grants = ["authorization_code"]
scopes = ["openid", "email"]
sign_in_title = "Desk <i>says</i> hello"
css_url = "https://cdn.desk.test/look.css"
"#;

async fn dressed(app: &App) -> Page {
    app.introduce_relying_parties().await;
    app.apply(&DRESSED.replace("{CLIENT_SECRET}", doorward_tests::bootstrap::CLIENT_SECRET)).await;
    app.visitor().get(&authorize_url(DESK, &[])).await.here()
}

async fn the_apps_words_come_before_the_tenants(app: &App) {
    let page = dressed(app).await;
    assert_eq!(page.all("h1").next().map(|title| title.text.as_str()), Some("Desk <i>says</i> hello"));
    assert!(page.all("img").any(|logo| logo.attribute("src") == "https://cdn.acme.test/logo.svg"));
    assert!(page.all("link").any(|style| style.attribute("href") == "https://cdn.desk.test/look.css"));
    let policy = page.reply.header("content-security-policy");
    assert!(policy.contains("https://cdn.acme.test") && policy.contains("https://cdn.desk.test"), "{policy}");
    let plain = app.visitor().get(&authorize_url(SHOP, &[])).await.here();
    assert!(!plain.text.contains("says hello"), "a client of no tenant has none of its words");
}

async fn names_are_text_and_nothing_else(app: &App) {
    let page = dressed(app).await;
    assert!(page.reply.text.contains("&lt;i&gt;") || page.reply.text.contains("&#60;i&#62;"));
    assert_eq!(page.all("i").count(), 0);
    let name = "{{7*7}} ${7*7} <img src=x onerror=alert(1)>";
    let client = format!(
        "[[clients]]\nclient_id = \"odd\"\nname = '{name}'\ntype = \"spa\"\nredirect_uris = [\"https://spa.test/cb\"]\n\
         grants = [\"authorization_code\"]\nscopes = [\"openid\"]\n"
    );
    app.apply(&client).await;
    let page = app.visitor().get(&authorize_url("odd", &[("scope", "openid")])).await.here();
    assert!(page.text.contains(name), "{}", page.text);
    assert_eq!(page.all("img").count(), 0, "{}", page.reply.text);
}

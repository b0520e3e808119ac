//! What holds for every page, whatever others write into it.

use std::collections::BTreeSet;

use doorward_core::domain::hosted_pages::HostedPages;
use doorward_core::testkit::entropy::SeededEntropy;

use super::super::language::Language;
use super::super::look::Nonce;
use super::samples::{Sample, samples, sign_in};
use super::tags::{Tag, tags};
use super::*;

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> style=x onclick=x {{7*7}}${7*7}{client}{% raw %}";

fn look() -> Look {
    Look::new("https://auth.test/base/", Nonce::new(&SeededEntropy::new(1)), Language::English)
}

async fn read(response: Response) -> String {
    response.into_body().into_string().await.expect("a page is text")
}

async fn drawn(text: &str) -> Vec<(&'static str, &'static [&'static str], String)> {
    let mut pages = Vec::new();
    for Sample { name, ids, response } in samples(text, &look()) {
        pages.push((name, ids, read(response).await));
    }
    pages
}

fn header_of<'a>(response: &'a Response, name: &str) -> &'a str {
    response.header(name).unwrap_or_default()
}

fn directive<'a>(policy: &'a str, name: &str) -> Option<&'a str> {
    policy.split("; ").find_map(|directive| directive.strip_prefix(name)?.strip_prefix(' '))
}

/// The ids of a page; none stands twice.
fn ids(name: &str, tags: &[Tag]) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for tag in tags.iter().filter(|tag| tag.attributes.contains_key("id")) {
        assert!(ids.insert(tag.attribute("id").to_owned()), "{name}: #{} twice", tag.attribute("id"));
    }
    ids
}

#[tokio::test]
async fn security_w2_nothing_breaks_out_of_any_page() {
    for (name, _, html) in drawn(HOSTILE).await {
        let scripts = usize::from(name == "form post");
        assert_eq!(html.matches("<script").count(), scripts, "{name}: {html}");
        assert!(!html.contains("<img src=x"), "{name}: {html}");
        assert!(
            html.contains("&#60;script&#62;alert(1)") || ["check your mail", "busy"].contains(&name),
            "{name}"
        );
        for tag in tags(&html) {
            for attribute in tag.attributes.keys() {
                assert!(!attribute.starts_with("on") && attribute != "style", "{name}: {attribute}");
                assert!(
                    attribute.chars().all(|each| each.is_ascii_alphanumeric() || each == '-'),
                    "{name}: {attribute}"
                );
            }
        }
    }
}

#[tokio::test]
async fn security_w6_templates_in_texts_stay_texts() {
    for (name, _, html) in drawn(HOSTILE).await {
        let expected = !["check your mail", "busy"].contains(&name);
        assert_eq!(html.contains("{{7*7}}${7*7}{client}{% raw %}"), expected, "{name}: {html}");
    }
}

#[tokio::test]
async fn every_page_has_its_headers() {
    for Sample { name, response, .. } in samples("x", &look()) {
        for (header, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("content-language", "en"),
            ("cross-origin-opener-policy", ""),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(header_of(&response, header), value, "{name}");
        }
        let policy = header_of(&response, "content-security-policy");
        for (directive_name, value) in
            [("default-src", "'none'"), ("base-uri", "'none'"), ("frame-ancestors", "'none'")]
        {
            assert_eq!(directive(policy, directive_name), Some(value), "{name}: {policy}");
        }
        assert!(
            directive(policy, "form-action").is_some_and(|list| list.contains("'self'")),
            "{name}: {policy}"
        );
        assert_eq!(directive(policy, "script-src").is_some(), name == "form post", "{name}: {policy}");
        assert!(!policy.contains("unsafe"), "{name}: {policy}");
    }
}

#[tokio::test]
async fn what_a_page_writes_itself_bears_the_nonce_of_its_policy() {
    for Sample { name, response, .. } in samples("x", &look()) {
        let policy = header_of(&response, "content-security-policy").to_owned();
        let written = tags(&read(response).await);
        for (tag, directive_name) in [("style", "style-src"), ("script", "script-src")] {
            for tag in written.iter().filter(|each| each.name == tag) {
                let source = format!("'nonce-{}'", tag.attribute("nonce"));
                assert_eq!(directive(&policy, directive_name), Some(source.as_str()), "{name}");
            }
        }
    }
}

#[test]
fn nonces_are_new_every_time() {
    let entropy = SeededEntropy::new(1);
    let (first, second) = (Nonce::new(&entropy), Nonce::new(&entropy));
    assert_ne!(first, second);
    assert_eq!(first.as_str().len(), 24);
}

#[tokio::test]
async fn every_page_has_its_ids_and_each_once() {
    for (name, expected, html) in drawn("x").await {
        let ids = ids(name, &tags(&html));
        for id in expected {
            assert!(ids.contains(*id), "{name}: no #{id} among {ids:?}");
        }
    }
}

#[tokio::test]
async fn every_provider_has_its_button() {
    let html = read(render(&sign_in("x"), &look())).await;
    for id in
        ["google", "azure", "cognito", "keycloak", "apple", "facebook", "instagram", "saml", "oidc", "x"]
    {
        let button = tags(&html).into_iter().find(|tag| tag.attribute("id") == format!("provider-{id}"));
        let button = button.expect("the button is there");
        assert_eq!((button.attribute("name"), button.attribute("value")), ("provider", id));
        assert_eq!(button.attribute("type"), "submit");
    }
}

#[tokio::test]
async fn every_field_has_a_label_and_every_reference_a_target() {
    for (name, _, html) in drawn("x").await {
        let tags = tags(&html);
        let ids = ids(name, &tags);
        let labelled: Vec<&str> =
            tags.iter().filter(|tag| tag.name == "label").map(|tag| tag.attribute("for")).collect();
        for field in tags.iter().filter(|tag| tag.is_field()) {
            assert!(labelled.contains(&field.attribute("id")), "{name}: #{}", field.attribute("id"));
            assert!(!field.attribute("autocomplete").is_empty(), "{name}: #{}", field.attribute("id"));
        }
        for tag in &tags {
            let references = ["aria-describedby", "aria-labelledby", "for"].map(|each| tag.attribute(each));
            for id in references.iter().flat_map(|list| list.split(' ')).filter(|id| !id.is_empty()) {
                assert!(ids.contains(id), "{name}: #{id} is not there");
            }
        }
        let headings: Vec<&str> = tags
            .iter()
            .map(|tag| tag.name.as_str())
            .filter(|tag| tag.len() == 2 && tag.starts_with('h') && *tag != "hr")
            .collect();
        assert!(headings == ["h1"] || headings == ["h1", "h2"], "{name}: {headings:?}");
    }
}

#[tokio::test]
async fn errors_are_told_to_everybody() {
    for (name, expected, html) in drawn("x").await {
        let box_of = |id: &str| tags(&html).into_iter().find(|tag| tag.attribute("id") == id);
        if expected.contains(&"error") {
            assert_eq!(box_of("error").expect("the box").attribute("role"), "alert", "{name}");
        }
        if expected.contains(&"message") {
            assert_eq!(box_of("message").expect("the box").attribute("role"), "status", "{name}");
            let is_invalid = |tag: &Tag| tag.attributes.contains_key("aria-invalid");
            assert!(!tags(&html).iter().any(is_invalid), "{name}");
        }
    }
}

#[tokio::test]
async fn nothing_is_loaded_from_elsewhere() {
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import") && !STYLE.contains("</"));
    for (name, _, html) in drawn("x").await {
        for tag in tags(&html).iter().filter(|tag| ["img", "link", "script"].contains(&tag.name.as_str())) {
            let address = format!("{}{}", tag.attribute("src"), tag.attribute("href"));
            assert!(
                address.is_empty() || address.starts_with("data:") || address == "x",
                "{name}: {address}"
            );
        }
    }
}

#[tokio::test]
async fn every_form_goes_to_a_path_of_ours() {
    for (name, _, html) in drawn("x").await {
        for form in tags(&html).iter().filter(|tag| tag.name == "form") {
            assert_eq!(form.attribute("method"), "post", "{name}");
            let action = form.attribute("action");
            assert!(
                action.starts_with("/base/") || (name == "form post" && action == "x"),
                "{name}: {action}"
            );
        }
    }
}

#[tokio::test]
async fn every_page_speaks_every_language() {
    for language in Language::ALL {
        let look = Look { language, ..look() };
        for Sample { name, response, .. } in samples("x", &look) {
            assert_eq!(header_of(&response, "content-language"), language.tag(), "{name}");
            let html = read(response).await;
            assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())), "{name}");
            let unfilled =
                ["{client}", "{provider}", "{address}", "{user}", "{scope}", "{minutes}", "{rules}"];
            assert!(!unfilled.iter().any(|each| html.contains(each)), "{name}: {html}");
        }
    }
}

#[tokio::test]
async fn security_w3_forms_may_lead_to_the_client() {
    let targets = |address: &str, public_url: &str| {
        let look = Look::new(public_url, Nonce::none(), Language::English).leading_to(address);
        let mut view = sign_in("x");
        view.providers.clear();
        let policy = header_of(&render(&view, &look), "content-security-policy").to_owned();
        directive(&policy, "form-action").unwrap_or_default().to_owned()
    };
    assert_eq!(targets("https://a.test/cb", "https://auth.test"), "'self' https:");
    assert_eq!(targets("http://127.0.0.1:4200/cb", "https://auth.test"), "'self' http: https:");
    assert_eq!(targets("com.example.app:/cb", "https://auth.test"), "'self' com.example.app:");
    assert_eq!(targets("javascript:alert(1)", "https://auth.test"), "'self'");
    let providers = render(&sign_in("x"), &look());
    let policy = header_of(&providers, "content-security-policy");
    assert_eq!(directive(policy, "form-action"), Some("'self' https:"));
}

#[tokio::test]
async fn themes_replace_titles_logo_and_styles() {
    let set = |text: &str| Some(text.to_owned());
    let pages = HostedPages {
        sign_in_title: set("Come <in>"),
        logo_url: set("https://cdn.test/logo.png?a=1&b=2"),
        css_url: set("https://style.test/own.css"),
        ..HostedPages::default()
    };
    let response = render(&sign_in("x"), &look().themed(pages));
    let policy = header_of(&response, "content-security-policy").to_owned();
    let html = read(response).await;
    assert!(html.contains("<h1>Come &#60;in&#62;</h1>") && html.contains("<title>Come &#60;in&#62;</title>"));
    assert!(
        html.contains("src=\"https://cdn.test/logo.png?a=1&#38;b=2\"") && !html.contains("class=\"mark\"")
    );
    assert!(html.contains("<link rel=\"stylesheet\" href=\"https://style.test/own.css\">"));
    assert_eq!(directive(&policy, "img-src"), Some("'self' data: https://style.test https://cdn.test"));
    assert!(directive(&policy, "style-src").is_some_and(|list| list.ends_with(" https://style.test")));
    assert_eq!(directive(&policy, "font-src"), Some("https://style.test"));
}

#[tokio::test]
async fn themes_come_over_tls_or_not_at_all() {
    for address in
        ["http://cdn.test/x", "javascript:alert(1)", "//cdn.test/x", "https://cdn.test;script-src *", ""]
    {
        let pages = HostedPages {
            logo_url: Some(address.to_owned()),
            css_url: Some(address.to_owned()),
            sign_in_title: Some("  ".to_owned()),
            ..HostedPages::default()
        };
        let response = render(&sign_in("x"), &look().themed(pages));
        let policy = header_of(&response, "content-security-policy").to_owned();
        let html = read(response).await;
        assert!(html.contains("class=\"mark\"") && !html.contains("stylesheet"), "{address}");
        assert!(html.contains("<h1>Welcome back</h1>"), "{address}");
        assert_eq!(directive(&policy, "img-src"), Some("'self' data:"), "{address}");
    }
}

#[tokio::test]
async fn links_lead_to_the_web_or_to_us() {
    for (address, is_shown) in [
        ("https://a.test/", true),
        ("http://127.0.0.1:4200/", true),
        ("/sign-in", true),
        ("//evil.test", false),
        ("/\\evil.test", false),
        ("javascript:alert(1)", false),
        ("data:text/html,x", false),
    ] {
        let view = SignedOut { continue_to: Some(address.to_owned()), client_name: None };
        let html = read(render(&view, &look())).await;
        assert_eq!(html.contains("id=\"continue\""), is_shown, "{address}");
    }
}

#[tokio::test]
async fn whoever_tried_too_often_is_told_when_to_come_back() {
    let all = samples("x", &look());
    let busy = all.into_iter().find(|sample| sample.name == "busy").expect("the sample");
    assert_eq!(busy.response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header_of(&busy.response, "retry-after"), "90");
    assert!(read(busy.response).await.contains("Try again in 2 min."));
}

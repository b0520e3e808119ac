//! F12, F13: what comes from outside neither shows nor leads anywhere.

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::DevIdp;
use doorward_tests::App;
use doorward_tests::bootstrap::MOBILE;
use doorward_tests::harness::browser::Visit;
use doorward_tests::harness::federation::{
    HTTPS, Setup, callback_path, parameter, played, start_form, start_path,
};
use reqwest::Method;

use super::{assert_no_token_call, browser, codes, introduce, usual};

federated![usual;
    cancelling_leads_back_to_the_client,
    f12_errors_of_providers_are_not_shown,
    f13_nobody_is_sent_elsewhere,
    the_redirect_url_keeps_its_own_query,
    a_client_may_have_an_address_of_its_own_scheme,
];
federated![with_web_app; azure_and_apple_begin_at_the_web_app];

fn with_web_app() -> Setup {
    Setup::default().with_option("native.web_app_url", "https://app.example.test")
}

async fn cancelling_leads_back_to_the_client(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    idp.choose(Some("deny"));
    for kind in played() {
        let away = browser(app).sign_in(kind).await.away();
        assert!(away.as_str().starts_with("http://127.0.0.1:4200/cb?"), "{kind:?}: {away}");
        assert_eq!(parameter(&away, "error").as_deref(), Some("access_denied"), "{kind:?}: {away}");
        assert_eq!(parameter(&away, "code"), None, "{kind:?}");
    }
    assert_no_token_call(idp);
    assert_eq!(codes(app).await, 0);
}

async fn f12_errors_of_providers_are_not_shown(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let hostile = "<script>alert('hunter2')</script>";
    for kind in played() {
        let browser = browser(app);
        let callback = browser.callback(kind).await.with("code", None);
        let callback = callback.with("error", Some(hostile)).with("error_description", Some(hostile));
        for callback in [callback.clone(), callback.with("state", Some(hostile))] {
            let reply = browser.arrive(callback).await.here();
            assert!((400..500).contains(&reply.status), "{kind:?}: {}", reply.status);
            for text in ["<script", "hunter2", "&lt;script"] {
                assert!(!reply.text.contains(text), "{kind:?}: {}", reply.text);
            }
            assert!(reply.header("content-type").starts_with("application/json"), "{kind:?}");
            assert_eq!(reply.header("location"), "");
        }
    }
    assert_no_token_call(idp);
}

async fn f13_nobody_is_sent_elsewhere(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let places = ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"];
    let names = ["redirect", "redirect_uri", "redirect_url", "returnTo", "RelayState", "next", "client"];
    for kind in played() {
        for place in places {
            let mut fields = start_form("webapp");
            fields.extend(names.map(|name| (name.to_owned(), place.to_owned())));
            let url = browser(app).address(&start_path(kind));
            let visit = Visit { method: Method::POST, url, fields, from: None };
            let browser = browser(app);
            let reply = browser.open(&visit).await;
            let Some(there) = doorward_tests::harness::browser::next_visit(&visit, &reply) else {
                // Refused is fine too.
                assert!((400..500).contains(&reply.status), "{kind:?}: {}", reply.status);
                continue;
            };
            assert!(!there.url.as_str().contains("evil"), "{kind:?}: {}", there.url);
            let callback = browser.at_provider(there).await;
            let callback = names.iter().fold(callback, |visit, name| visit.with(name, Some(place)));
            match browser.arrive(callback).await {
                doorward_tests::harness::browser::Stop::Away(away) => {
                    assert!(away.as_str().starts_with("http://127.0.0.1:4200/cb?"), "{kind:?}: {away}");
                    assert!(!away.as_str().contains("evil"), "{kind:?}: {away}");
                }
                doorward_tests::harness::browser::Stop::Here(reply) => {
                    assert!((400..500).contains(&reply.status), "{kind:?}: {}", reply.status);
                    assert_eq!(reply.header("location"), "", "{kind:?}");
                }
            }
        }
        // `state` is an address of ours, not one to go to.
        for place in places {
            let path = format!("{HTTPS}{}?code=c", callback_path(kind));
            browser(app).arrive(Visit::typed(&path).with("state", Some(place))).await.assert_refused();
        }
    }
}

async fn the_redirect_url_keeps_its_own_query(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    app.apply(
        "[[clients]]\nclient_id = \"webapp\"\ntype = \"web\"\n\
         redirect_uris = [\"http://127.0.0.1:4200/cb?shop=7&x=%26\"]\n",
    )
    .await;
    let away = browser(app).sign_in(ProviderKind::Google).await.away();
    assert_eq!(parameter(&away, "shop").as_deref(), Some("7"));
    assert_eq!(parameter(&away, "x").as_deref(), Some("&"));
    assert!(parameter(&away, "code").is_some());
    assert_eq!(away.as_str().matches('?').count(), 1, "{away}");
}

async fn a_client_may_have_an_address_of_its_own_scheme(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = browser(app);
    let there = browser.depart_from(&start_path(ProviderKind::Google), MOBILE).await;
    let callback = browser.at_provider(there).await;
    let away = browser.arrive(callback).await.away();
    assert!(away.as_str().starts_with("myapp://callback?code="), "{away}");
}

async fn azure_and_apple_begin_at_the_web_app(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    // `apply` wants absolute ones; those that were moved in may be paths.
    let change = "UPDATE clients SET redirect_uris = '[\"/signed-in?a=1\"]' WHERE client_id = 'webapp'";
    app.place.execute(change).await;
    for kind in [ProviderKind::Azure, ProviderKind::Apple] {
        let away = browser(app).sign_in(kind).await.away();
        assert!(away.as_str().starts_with("https://app.example.test/signed-in?a=1&"), "{kind:?}: {away}");
        assert_eq!(parameter(&away, "role").as_deref(), Some("Member"), "{kind:?}");
    }
}

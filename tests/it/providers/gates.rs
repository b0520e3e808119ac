//! F7: what is switched off while somebody is away stays switched off.

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{DevIdp, Endpoint};
use doorward_tests::App;
use doorward_tests::Options;
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::federation::{Setup, callback_path, start_form, start_path};
use reqwest::Method;

use super::{browser, codes, introduce, user, usual};

federated![usual;
    f7_a_client_that_was_switched_off,
    f7_a_client_that_lost_its_redirect_url,
    f7_a_tenant_that_was_switched_off,
    f7_a_user_that_was_removed,
    f7_a_user_that_was_deactivated,
    f7_a_client_that_the_user_may_not_use,
    f7_a_provider_that_was_taken_away,
];

const KIND: ProviderKind = ProviderKind::Keycloak;

/// Away and back, with a change in between; it must end here with a 4xx and without a code.
async fn assert_refused_after(app: &App, idp: &DevIdp, change: &str) {
    introduce(app, idp).await;
    let browser = browser(app);
    let callback = browser.callback(KIND).await;
    app.apply(change).await;
    let reply = browser.arrive(callback).await.here();
    assert!((400..500).contains(&reply.status), "{}: {}", reply.status, reply.text);
    assert_eq!(codes(app).await, 0);
}

async fn f7_a_client_that_was_switched_off(app: &App, idp: &DevIdp) {
    let change = "[[clients]]\nclient_id = \"webapp\"\nenabled = false\ntype = \"web\"\n";
    assert_refused_after(app, idp, change).await;
    assert!(idp.calls(KIND, Endpoint::Token).is_empty());
    let start = app.request(Method::POST, &start_path(KIND)).form(&start_form(WEBAPP));
    assert_eq!(app.send(start).await.status, 401);
}

async fn f7_a_client_that_lost_its_redirect_url(app: &App, idp: &DevIdp) {
    let change = "[[clients]]\nclient_id = \"webapp\"\ntype = \"web\"\nredirect_uris = []\n";
    assert_refused_after(app, idp, change).await;
}

async fn f7_a_tenant_that_was_switched_off(app: &App, idp: &DevIdp) {
    assert_refused_after(app, idp, "[[tenants]]\nkey = \"acme\"\nname = \"Acme\"\nstatus = \"inactive\"\n")
        .await;
}

async fn f7_a_user_that_was_removed(app: &App, idp: &DevIdp) {
    assert_refused_after(app, idp, &user("fed", "deleted = true")).await;
}

async fn f7_a_user_that_was_deactivated(app: &App, idp: &DevIdp) {
    let change = user("fed", "").replace("role = \"Member\"", "role = \"Member\", status = \"inactive\"");
    assert_refused_after(app, idp, &change).await;
}

async fn f7_a_client_that_the_user_may_not_use(app: &App, idp: &DevIdp) {
    assert_refused_after(app, idp, &user("fed", "").replace("\"webapp\", ", "")).await;
}

async fn f7_a_provider_that_was_taken_away(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = browser(app);
    let callback = browser.callback(KIND).await;
    let public_url = Options::default().set("server.public_url", Setup::default().public_url);
    app.restart_with(public_url).await;
    let reply = browser.arrive(callback).await.here();
    assert!((400..500).contains(&reply.status), "{}: {}", reply.status, reply.text);
    assert_eq!(codes(app).await, 0);
    assert!(idp.calls(KIND, Endpoint::Token).is_empty());
    for kind in super::played() {
        let start = app.request(Method::POST, &start_path(kind)).form(&start_form(WEBAPP));
        assert_eq!(app.send(start).await.status, 404, "{kind:?}");
        assert!((400..500).contains(&app.get(&callback_path(kind)).await.status), "{kind:?}");
    }
}

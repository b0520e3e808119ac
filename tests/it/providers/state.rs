//! F1: callbacks that nobody here began, that another browser began, or that come again.

use std::time::Duration;

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::DevIdp;
use doorward_tests::App;
use doorward_tests::harness::browser::{Stop, Visit};
use doorward_tests::harness::federation::{HTTPS, callback_path, played};

use super::{assert_no_token_call, browser, codes, introduce, usual};

federated![usual;
    f1_without_state,
    f1_with_a_state_of_the_old_service,
    f1_of_another_browser,
    f1_of_a_browser_without_cookie,
    f1_twice,
    f1_twice_at_once,
    f1_too_late,
    f1_at_another_provider,
    f1_with_parameters_twice,
];

/// It is refused here, without a redirect, a code, or a word to the provider.
async fn assert_nothing_happened(app: &App, idp: &DevIdp, stop: Stop, what: &str) {
    let Stop::Here(reply) = stop else { unreachable!("{what}: it got away: {stop:?}") };
    assert!((400..500).contains(&reply.status), "{what}: {}", reply.status);
    assert_eq!(reply.header("location"), "", "{what}");
    reply.assert_wrapped_error(401, "Invalid Credentials");
    assert_no_token_call(idp);
    assert_eq!(codes(app).await, 0, "{what}");
}

fn bare(kind: ProviderKind, query: &str) -> Visit {
    Visit::typed(&format!("{HTTPS}{}?{query}", callback_path(kind)))
}

async fn f1_without_state(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in played() {
        for query in ["code=c", "code=c&state=", "", "state=unknown"] {
            let stop = browser(app).arrive(bare(kind, query)).await;
            assert_nothing_happened(app, idp, stop, &format!("{kind:?} {query}")).await;
        }
        // And with a cookie.
        let browser = browser(app);
        let callback = browser.callback(kind).await;
        let stop = browser.arrive(callback.with("state", None)).await;
        assert_nothing_happened(app, idp, stop, kind.as_str()).await;
    }
}

async fn f1_with_a_state_of_the_old_service(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in played() {
        let browser = browser(app);
        let callback = browser.callback(kind).await;
        for state in ["client_id=webapp", "client_id%3Dwebapp", "webapp"] {
            let stop = browser.arrive(callback.clone().with("state", Some(state))).await;
            assert_nothing_happened(app, idp, stop, &format!("{kind:?} {state}")).await;
        }
    }
}

/// Login CSRF: the attacker's code and state in the victim's browser.
async fn f1_of_another_browser(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in played() {
        let (attacker, victim) = (browser(app), browser(app));
        victim.depart(kind).await;
        let callback = attacker.callback(kind).await;
        let stop = victim.arrive(callback.clone()).await;
        assert_nothing_happened(app, idp, stop, kind.as_str()).await;
    }
    // It did not use the attempt up: the rightful browser still arrives.
    let (owner, other) = (browser(app), browser(app));
    let callback = owner.callback(ProviderKind::Google).await;
    other.depart(ProviderKind::Google).await;
    other.arrive(callback.clone()).await.assert_refused();
    let _ = owner.arrive(callback).await.code();
}

async fn f1_of_a_browser_without_cookie(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in played() {
        let callback = browser(app).callback(kind).await;
        let stop = browser(app).arrive(callback).await;
        assert_nothing_happened(app, idp, stop, kind.as_str()).await;
    }
}

async fn f1_twice(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in played() {
        let browser = browser(app);
        let callback = browser.callback(kind).await;
        let _ = browser.arrive(callback.clone()).await.code();
        let before = codes(app).await;
        idp.forget_calls();
        browser.arrive(callback).await.assert_refused();
        assert_no_token_call(idp);
        assert_eq!(codes(app).await, before, "{kind:?}");
    }
}

async fn f1_twice_at_once(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = browser(app);
    let callback = browser.callback(ProviderKind::Oidc).await;
    let visits = (0..20).map(|_| browser.open(&callback));
    let replies = futures_util::future::join_all(visits).await;
    let arrived = replies.iter().filter(|reply| reply.status == 302).count();
    assert_eq!(arrived, 1, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
    assert_eq!(idp.calls(ProviderKind::Oidc, doorward_dev_idp::Endpoint::Token).len(), 1);
    assert_eq!(codes(app).await, 1);
}

async fn f1_too_late(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = browser(app);
    let mut late = Vec::new();
    for kind in played() {
        late.push((kind, browser.callback(kind).await));
    }
    app.advance(Duration::from_secs(601));
    for (kind, callback) in late {
        let stop = browser.arrive(callback).await;
        assert_nothing_happened(app, idp, stop, kind.as_str()).await;
    }
}

/// Mix-up: what one provider answered must not be taken to another.
async fn f1_at_another_provider(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in played() {
        let browser = browser(app);
        let mut callback = browser.callback(kind).await;
        let other = if kind == ProviderKind::Google { ProviderKind::Keycloak } else { ProviderKind::Google };
        let rightful = callback.clone();
        callback.url.set_path(&callback_path(other));
        idp.forget_calls();
        let before = codes(app).await;
        let reply = browser.arrive(callback).await.here();
        // Apple's form finds no route there.
        let expected = if kind == ProviderKind::Apple { 404 } else { 401 };
        assert_eq!(reply.status, expected, "{kind:?}: {}", reply.text);
        assert_no_token_call(idp);
        assert_eq!(codes(app).await, before, "{kind:?}");
        let _ = browser.arrive(rightful).await.code();
    }
}

async fn f1_with_parameters_twice(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in played().into_iter().filter(|kind| *kind != ProviderKind::Apple) {
        let browser = browser(app);
        let mut callback = browser.callback(kind).await;
        let query = callback.url.query().unwrap_or_default().to_owned();
        callback.url.set_query(Some(&format!("{query}&state=other")));
        let reply = browser.arrive(callback).await.here();
        assert_eq!(reply.status, 400, "{kind:?}: {}", reply.text);
        assert_no_token_call(idp);
        assert_eq!(codes(app).await, 0, "{kind:?}");
    }
}

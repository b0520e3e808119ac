//! F11: providers that are down, slow, talk nonsense or change their keys.

use std::time::Duration;

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{DevIdp, Endpoint, Fault};
use doorward_tests::App;
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::federation::{played, start_form, start_path};
use doorward_tests::harness::reply::Reply;
use reqwest::Method;

use super::{browser, codes, introduce, openid, usual};

federated![usual;
    f11_garbage_is_a_bad_gateway,
    f11_silence_is_an_outage,
    f11_an_outage_of_one_is_not_the_others,
    f11_keys_change_while_somebody_is_away,
    f11_unknown_keys_are_asked_for_once,
    f11_a_wrong_secret_is_for_the_operator,
];

/// Longer than anybody waits.
const FOREVER: Duration = Duration::from_mins(1);

async fn start(app: &App, kind: ProviderKind) -> Reply {
    app.send(app.request(Method::POST, &start_path(kind)).form(&start_form(WEBAPP))).await
}

async fn f11_garbage_is_a_bad_gateway(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for fault in [Fault::Status(500), Fault::Html] {
        for kind in openid() {
            // The departure needs the discovery document, unless it is known already.
            idp.heal();
            idp.fault_at(Endpoint::Discovery, fault);
            let reply = start(app, kind).await;
            assert!(matches!(reply.status, 302 | 502), "{kind:?}: {} {}", reply.status, reply.text);
        }
        for kind in played() {
            idp.heal();
            let browser = browser(app);
            let callback = browser.callback(kind).await;
            idp.fault_at(Endpoint::Token, fault);
            let reply = browser.arrive(callback).await.here();
            assert_eq!(reply.status, 502, "{kind:?} {fault:?}: {}", reply.text);
            assert!(!reply.text.contains("Something went wrong"), "{}", reply.text);
            assert_eq!(reply.header("location"), "");
        }
        for kind in openid() {
            idp.heal();
            let browser = browser(app);
            let callback = browser.callback(kind).await;
            idp.fault_at(Endpoint::Jwks, fault);
            let reply = browser.arrive(callback).await.here();
            assert_eq!(reply.status, 502, "{kind:?} {fault:?}: {}", reply.text);
        }
    }
    assert_eq!(codes(app).await, 0);
    // Afterwards all is well.
    idp.heal();
    for kind in played() {
        let _ = browser(app).sign_in(kind).await.code();
    }
}

async fn f11_silence_is_an_outage(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    idp.fault_at(Endpoint::Discovery, Fault::Slow(FOREVER));
    let reply = start(app, ProviderKind::Oidc).await;
    assert_eq!(reply.status, 503, "{}", reply.text);
    assert!(!reply.header("retry-after").is_empty());
    idp.heal();
    for kind in [ProviderKind::Google, ProviderKind::Facebook] {
        let browser = browser(app);
        let callback = browser.callback(kind).await;
        idp.fault_at(Endpoint::Token, Fault::Slow(FOREVER));
        let reply = browser.arrive(callback).await.here();
        assert_eq!(reply.status, 503, "{kind:?}: {}", reply.text);
        assert!(!reply.header("retry-after").is_empty());
        idp.heal();
    }
    // Nobody listens any more.
    idp.stop().await;
    let reply = start(app, ProviderKind::Keycloak).await;
    assert_eq!(reply.status, 503, "{}", reply.text);
    assert_eq!(codes(app).await, 0);
}

async fn f11_an_outage_of_one_is_not_the_others(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let slow = browser(app);
    let waiting: Vec<_> = {
        let mut all = Vec::new();
        for _ in 0..8 {
            all.push(slow.callback(ProviderKind::Cognito).await);
        }
        all
    };
    idp.fault_of(ProviderKind::Cognito, Endpoint::Token, Fault::Slow(FOREVER));
    let late = futures_util::future::join_all(waiting.iter().map(|callback| slow.open(callback)));
    let others = async {
        for kind in [ProviderKind::Google, ProviderKind::Oidc, ProviderKind::Instagram] {
            let _ = browser(app).sign_in(kind).await.code();
        }
        assert_eq!(app.login(WEBAPP, "alice").await.status, 200);
    };
    let (late, ()) = futures_util::future::join(late, others).await;
    assert!(late.iter().all(|reply| reply.status == 503), "{late:?}");
}

async fn f11_keys_change_while_somebody_is_away(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in openid() {
        let _ = browser(app).sign_in(kind).await.code();
    }
    // Each has the old keys now.
    let browser = browser(app);
    let mut away = Vec::new();
    for kind in openid() {
        away.push((kind, browser.callback(kind).await));
    }
    idp.rotate_keys();
    idp.forget_calls();
    for (kind, callback) in away {
        let _ = browser.arrive(callback).await.code();
        assert_eq!(idp.calls(kind, Endpoint::Jwks).len(), 1, "{kind:?}");
    }
}

/// Whoever can make us meet unknown keys must not make us ask for them again and again.
async fn f11_unknown_keys_are_asked_for_once(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let _ = browser(app).sign_in(ProviderKind::Oidc).await.code();
    idp.forget_calls();
    idp.fault_at(Endpoint::Token, Fault::OtherKid);
    for _ in 0..10 {
        browser(app).sign_in(ProviderKind::Oidc).await.assert_refused();
    }
    assert_eq!(idp.calls(ProviderKind::Oidc, Endpoint::Jwks).len(), 1);
}

async fn f11_a_wrong_secret_is_for_the_operator(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = browser(app);
    let callback = browser.callback(ProviderKind::Oidc).await;
    idp.fault_at(Endpoint::Token, Fault::RefuseClient);
    let reply = browser.arrive(callback).await.here();
    assert_eq!(reply.status, 502, "{}", reply.text);
    for word in ["client_secret", "invalid_client", "oidc"] {
        assert!(!reply.text.contains(word), "{}", reply.text);
    }
}

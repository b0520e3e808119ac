//! F2, F3: ID tokens and userinfo that prove nothing.

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{DevIdp, Endpoint, Fault};
use doorward_tests::App;
use doorward_tests::bootstrap::WEBAPP;

use super::{browser, codes, fed, introduce, openid, usual};

federated![usual;
    f2_every_fault_of_an_id_token_is_fatal,
    f2_no_id_token,
    f2_clocks_may_differ_a_little,
    f3_userinfo_of_somebody_else,
    the_answer_names_its_issuer,
];

async fn f2_every_fault_of_an_id_token_is_fatal(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in openid() {
        for fault in Fault::OF_ID_TOKENS {
            idp.heal();
            idp.fault_at(Endpoint::Token, fault);
            let stop = browser(app).sign_in(kind).await;
            let reply = stop.here();
            assert_eq!(reply.status, 401, "{kind:?} {fault:?}: {}", reply.text);
            reply.assert_wrapped_error(401, "Invalid Credentials");
        }
        // It was the fault, not the kind.
        idp.heal();
        assert_eq!(codes(app).await, 0, "{kind:?}");
        let code = browser(app).sign_in(kind).await.code();
        assert_eq!(app.redeem(WEBAPP, &code).await.status, 200, "{kind:?}");
        app.place.execute("DELETE FROM upstream_sessions WHERE grant_id IS NOT NULL").await;
        app.place.execute("DELETE FROM grants").await;
    }
}

async fn f2_no_id_token(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    idp.fault_at(Endpoint::Token, Fault::NoIdToken);
    for kind in openid() {
        browser(app).sign_in(kind).await.assert_refused();
    }
    assert_eq!(codes(app).await, 0);
}

async fn f2_clocks_may_differ_a_little(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in openid() {
        for (skew, is_accepted) in [(30, true), (-30, true), (120, false), (-7300, false)] {
            if kind == ProviderKind::Apple && skew == -7300 {
                // With such a clock it would not take our client secret either.
                continue;
            }
            idp.skew(skew);
            let stop = browser(app).sign_in(kind).await;
            if is_accepted {
                let _ = stop.code();
            } else {
                stop.assert_refused();
            }
        }
    }
}

async fn f3_userinfo_of_somebody_else(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    idp.fault(Fault::UserinfoOtherSub);
    browser(app).sign_in(ProviderKind::Oidc).await.assert_refused();
    assert_eq!(idp.calls(ProviderKind::Oidc, Endpoint::Userinfo).len(), 1);
    // The others are only asked when the ID token lacks the address.
    let mut nameless = fed();
    nameless.email = None;
    super::come_as(idp, nameless);
    for kind in [ProviderKind::Google, ProviderKind::Cognito, ProviderKind::Keycloak] {
        let stop = browser(app).sign_in(kind).await;
        if !idp.calls(kind, Endpoint::Userinfo).is_empty() {
            stop.assert_refused();
        }
    }
}

/// RFC 9207: a mix-up shows in the authorization response.
async fn the_answer_names_its_issuer(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let browser = browser(app);
    let callback = browser.callback(ProviderKind::Oidc).await;
    assert_eq!(callback.parameter("iss"), Some(idp.issuer(ProviderKind::Oidc)));
    browser.arrive(callback.with("iss", None)).await.assert_refused();
    idp.fault_at(Endpoint::Authorize, Fault::ResponseIssuer);
    for kind in openid() {
        browser.sign_in(kind).await.assert_refused();
        assert!(idp.calls(kind, Endpoint::Token).is_empty(), "{kind:?}: the code went out");
    }
}

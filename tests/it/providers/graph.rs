//! F9: access tokens of other apps and of other people.

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{CLIENT_SECRET, DevIdp, Endpoint, Fault};
use doorward_tests::App;

use super::{assert_no_token_call, browser, codes, introduce, usual};

federated![usual;
    f9_tokens_of_other_apps,
    f9_profiles_of_other_people,
    f9_an_access_token_is_no_code,
    f9_every_call_proves_the_app,
];

const GRAPH: [ProviderKind; 2] = [ProviderKind::Facebook, ProviderKind::Instagram];

async fn f9_tokens_of_other_apps(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for fault in [Fault::OtherApp, Fault::OtherUser, Fault::InvalidToken] {
        idp.heal();
        idp.fault(fault);
        browser(app).sign_in(ProviderKind::Facebook).await.assert_refused();
    }
    assert_eq!(codes(app).await, 0);
}

async fn f9_profiles_of_other_people(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    idp.fault(Fault::OtherProfile);
    browser(app).sign_in(ProviderKind::Instagram).await.assert_refused();
    assert_eq!(codes(app).await, 0);
}

/// Only the code flow: what the implicit flow of another app brings is worth nothing.
async fn f9_an_access_token_is_no_code(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in GRAPH {
        let browser = browser(app);
        let callback = browser.callback(kind).await;
        let implicit = callback.with("code", None).with("access_token", Some("access-of-another-app"));
        browser.arrive(implicit).await.assert_refused();
        assert_no_token_call(idp);
        assert!(idp.calls(kind, Endpoint::Userinfo).is_empty());
    }
}

async fn f9_every_call_proves_the_app(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let _ = browser(app).sign_in(ProviderKind::Facebook).await.code();
    let facebook = |endpoint| idp.calls(ProviderKind::Facebook, endpoint);
    assert_eq!(facebook(Endpoint::DebugToken).len(), 1);
    let [profile] = facebook(Endpoint::Userinfo).try_into().expect("one call");
    assert!(profile.parameter("appsecret_proof").is_some());
    let [token] = facebook(Endpoint::Token).try_into().expect("one call");
    assert!(token.method == "POST" && !token.raw_query.contains(CLIENT_SECRET));
}

use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{ProviderError, ProviderKind};
use doorward_dev_idp::{CLIENT_ID, Endpoint, Fault, Persona};
use serde_json::json;

use super::is_version;
use crate::engine::rehearsal::Rehearsal;

async fn rehearsal() -> Rehearsal {
    Rehearsal::of(ProviderKind::Facebook).await
}

#[tokio::test]
async fn an_address_is_never_verified() {
    let facebook = rehearsal().await;
    facebook.idp.add(Persona::new("boast", "boast", "boast@example.net").with("email_verified", json!(true)));
    for persona in ["alice", "boast"] {
        let identity = facebook.sign_in(persona).await.expect("it arrives");
        assert!(identity.email.is_some() && !identity.email_verified, "{persona}");
    }
}

#[tokio::test]
async fn the_profile_becomes_an_identity() {
    let facebook = rehearsal().await;
    let persona = Persona::new("alice", "a", "alice@example.com");
    facebook.idp.add(persona.clone());
    let identity = facebook.sign_in("alice").await.expect("it arrives");
    assert_eq!(identity.subject, persona.number().to_string());
    assert_eq!(identity.email.as_deref(), Some("alice@example.com"));
    assert_eq!(
        (identity.first_name.as_deref(), identity.last_name.as_deref()),
        (Some("Test"), Some("alice"))
    );
    assert_eq!(identity.photo_url.as_deref(), Some("https://images.example.net/1.png"));
    let nameless = facebook.sign_in("no-email").await.expect("it arrives");
    assert_eq!(nameless.email, None);
}

#[tokio::test]
async fn the_secret_is_in_no_address_but_debug_tokens() {
    let facebook = rehearsal().await;
    facebook.sign_in("alice").await.expect("it arrives");
    for call in facebook.idp.all_calls() {
        let shows_secret = call.raw_query.contains("dev-secret");
        assert_eq!(shows_secret, call.endpoint == Endpoint::DebugToken, "{call:?}");
    }
    let profile = &facebook.idp.calls(ProviderKind::Facebook, Endpoint::Userinfo)[0];
    assert_eq!(profile.parameter("appsecret_proof").map(str::len), Some(64));
    assert!(profile.authorization.is_some() && !profile.raw_query.contains("access_token"));
}

#[tokio::test]
async fn tokens_of_other_apps_and_users_are_not_trusted() {
    for fault in [Fault::OtherApp, Fault::OtherUser, Fault::InvalidToken] {
        let facebook = rehearsal().await;
        facebook.idp.fault(fault);
        let outcome = facebook.sign_in("alice").await;
        assert!(matches!(outcome, Err(ProviderError::Untrusted(_))), "{fault:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn cancelling_is_denied_before_any_call() {
    let facebook = rehearsal().await;
    let outcome = facebook.sign_in("deny").await;
    assert!(matches!(outcome, Err(ProviderError::Denied(_))), "{outcome:?}");
    assert_eq!(facebook.calls(Endpoint::Token), 0);
}

#[tokio::test]
async fn limited_login_leads_to_the_same_account() {
    let facebook = rehearsal().await;
    let web = facebook.sign_in("alice").await.expect("it arrives");
    let token = facebook.idp.id_token(ProviderKind::Facebook, "alice", CLIENT_ID, Some("our-nonce"));
    let token = Secret::new(token.expect("alice is known"));
    let exchanger = facebook.provider.exchanger().expect("it takes ID tokens");
    let native = exchanger.exchange(&token, "our-nonce").await.expect("it is trusted");
    assert_eq!((&native.issuer, &native.subject), (&web.issuer, &web.subject));
    assert!(!native.email_verified);
    let outcome = exchanger.exchange(&token, "another-nonce").await;
    assert!(matches!(outcome, Err(ProviderError::Untrusted(_))), "{outcome:?}");
}

#[tokio::test]
async fn limited_login_is_judged_as_any_id_token() {
    let facebook = rehearsal().await;
    let exchanger = facebook.provider.exchanger().expect("it takes ID tokens");
    for fault in Fault::OF_ID_TOKENS.into_iter().filter(|fault| *fault != Fault::AtHashWrong) {
        facebook.idp.heal();
        facebook.idp.fault(fault);
        let token = facebook.idp.id_token(ProviderKind::Facebook, "alice", CLIENT_ID, Some("n"));
        let outcome = exchanger.exchange(&Secret::new(token.expect("alice is known")), "n").await;
        assert!(matches!(outcome, Err(ProviderError::Untrusted(_))), "{fault:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn signing_out_takes_the_permissions_back() {
    let facebook = rehearsal().await;
    let identity = facebook.sign_in("alice").await.expect("it arrives");
    let terminator = facebook.provider.terminator().expect("it signs out");
    terminator.terminate(&identity.tokens).await.expect("it is accepted");
    let calls = facebook.idp.calls(ProviderKind::Facebook, Endpoint::Revoke);
    assert_eq!(calls.iter().map(|call| call.method.as_str()).collect::<Vec<_>>(), ["DELETE"]);
    let again = terminator.terminate(&identity.tokens).await;
    assert!(matches!(again, Err(ProviderError::Refused(_))), "{again:?}");
}

#[tokio::test]
async fn garbage_is_faulty() {
    for endpoint in [Endpoint::Token, Endpoint::DebugToken, Endpoint::Userinfo] {
        for fault in [Fault::Html, Fault::Status(500), Fault::Redirect, Fault::Huge] {
            let facebook = rehearsal().await;
            facebook.idp.fault_at(endpoint, fault);
            let outcome = facebook.sign_in("alice").await;
            assert!(matches!(outcome, Err(ProviderError::Faulty(_))), "{endpoint:?} {fault:?}: {outcome:?}");
            assert_eq!(facebook.idp.canary_calls(), 0);
        }
    }
}

#[test]
fn versions_look_like_versions() {
    assert!(is_version("v24.0") && is_version("v9.0"));
    for text in ["", "24.0", "v24", "v24.", "v.0", "v24.0/..", "v1.x", "v1234.0"] {
        assert!(!is_version(text), "{text}");
    }
}

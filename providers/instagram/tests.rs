use doorward_core::ports::provider::{Departure, Destination, ProviderError, ProviderKind};
use doorward_dev_idp::{Endpoint, Fault, Persona};
use serde_json::json;

use crate::engine::rehearsal::Rehearsal;

async fn rehearsal() -> Rehearsal {
    Rehearsal::of(ProviderKind::Instagram).await
}

#[tokio::test]
async fn the_account_is_its_id_whatever_it_looks_like() {
    let instagram = rehearsal().await;
    for id in [json!(17_841_400_000_000_003_u64), json!("17841400000000003")] {
        instagram.idp.add(Persona::new("big", "big", "big@example.net").with("user_id", id));
        let identity = instagram.sign_in("big").await.expect("it arrives");
        assert_eq!(identity.subject, "17841400000000003");
        assert_eq!(identity.username.as_deref(), Some("big"));
    }
}

#[tokio::test]
async fn there_is_never_an_address() {
    let instagram = rehearsal().await;
    instagram.idp.add(Persona::new("x", "x", "alice@example.com").with("email", json!("alice@example.com")));
    let identity = instagram.sign_in("x").await.expect("it arrives");
    assert!(identity.email.is_none() && !identity.email_verified);
}

#[tokio::test]
async fn profiles_of_others_are_not_trusted() {
    let instagram = rehearsal().await;
    instagram.idp.fault(Fault::OtherProfile);
    let outcome = instagram.sign_in("alice").await;
    assert!(matches!(outcome, Err(ProviderError::Untrusted(_))), "{outcome:?}");
}

#[tokio::test]
async fn ids_that_are_no_ids_are_refused() {
    for id in [json!(1.5), json!(""), json!("../me"), json!(-1)] {
        let instagram = rehearsal().await;
        instagram.idp.add(Persona::new("odd", "odd", "").with("user_id", id.clone()));
        let outcome = instagram.sign_in("odd").await;
        assert!(matches!(outcome, Err(ProviderError::Faulty(_))), "{id}: {outcome:?}");
    }
}

#[tokio::test]
async fn scopes_are_separated_by_commas_and_the_secret_is_posted() {
    let instagram = rehearsal().await;
    let departure = Departure { state: "s".into(), callback_url: "http://127.0.0.1:9/cb".to_owned() };
    let handoff = instagram.provider.depart(&departure).await.expect("nobody needs to be asked");
    let Destination::Redirect(address) = handoff.destination else { panic!("it is a redirect") };
    assert!(address.contains("scope=instagram_business_basic&"), "{address}");
    instagram.sign_in("alice").await.expect("it arrives");
    assert!(instagram.idp.all_calls().iter().all(|call| !call.raw_query.contains("dev-secret")));
    assert_eq!((instagram.calls(Endpoint::Token), instagram.calls(Endpoint::Userinfo)), (1, 1));
}

#[tokio::test]
async fn cancelling_is_denied() {
    let outcome = rehearsal().await.sign_in("deny").await;
    assert!(matches!(outcome, Err(ProviderError::Denied(_))), "{outcome:?}");
}

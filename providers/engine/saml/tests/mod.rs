//! Attacks and honest messages; the names S1 to S14 are those of the attack table in docs/security.md.

mod attacks;
mod encrypted;
mod flow;
mod honest;
mod hostile;
mod identities;
mod idp;
mod metadata;
mod rules;
mod setup;
mod sources;

use doorward_core::ports::provider::ProviderError;

use super::assertion::{Expected, Facts};
use super::response::{self, Keys};
use idp::{ACS, IDP, REQUEST, SP, idp, now, own};

fn expected() -> Expected<'static> {
    Expected { issuer: IDP, audience: SP, callback_url: ACS, request: Some(REQUEST), now: now() }
}

/// What becomes of a message in the usual configuration.
fn verify(xml: &str) -> Result<Facts, ProviderError> {
    verify_with(xml, &[idp().certificate.clone()])
}

fn verify_with(xml: &str, certificates: &[Vec<u8>]) -> Result<Facts, ProviderError> {
    // Making an RSA key takes long: only where one is used.
    let own = xml.contains("EncryptedAssertion").then(|| &own().key);
    response::verify(xml, &Keys { certificates, own }, &expected())
}

/// Accepted, and it is alice.
#[track_caller]
fn assert_alice(xml: &str) {
    match verify(xml) {
        Ok(facts) => assert_eq!(facts.name.map(|name| name.value).as_deref(), Some("alice")),
        Err(error) => panic!("{error}\n{xml}"),
    }
}

/// Refused as untrusted, with this in its reason.
#[track_caller]
fn assert_untrusted(xml: &str, reason: &str) {
    match verify(xml) {
        Err(ProviderError::Untrusted(found)) if found.contains(reason) => {}
        other => panic!("not refused for \"{reason}\": {other:?}\n{xml}"),
    }
}

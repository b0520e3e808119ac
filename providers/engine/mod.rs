//! What providers are made of: outbound HTTP and the protocols.

pub(crate) mod address;
pub(crate) mod answers;
pub(crate) mod claims;
pub(crate) mod credentials;
pub(crate) mod fetch;
pub(crate) mod oauth2;
pub(crate) mod oidc;
pub(crate) mod query;
#[cfg(test)]
pub(crate) mod rehearsal;
#[cfg(feature = "saml")]
pub(crate) mod saml;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod upstream;

//! `[tokens]`: what is issued and how long it lives.

use std::time::Duration;

use doorward_core::domain::key::Algorithm;
use doorward_core::usecase::MAX_ACCESS_TOKEN_TTL;

use super::section::DefaultValue::{Derived, Text};
use super::section::section;
use super::setting::Setting;

section! {
    /// What is issued and how long it lives. Clients can have lifetimes and an algorithm of their own.
    [tokens] Tokens {
        /// `iss` of access tokens. Nodes on one database must share it.
        issuer: Option<String> = Derived("`server.public_url`");
        /// `JWT_ISSUER` of the service that Doorward replaced: access tokens that it issued are accepted until they expire, at
        /// most 24 hours after their issue, once its RSA key was imported (`doorward keys import`). Remove it after that.
        legacy_issuer: Option<String> = Derived("tokens of no other service are accepted");
        /// Signature algorithm of access tokens: `ES256`, `EdDSA` or `RS256`.
        algorithm: Algorithm = Text("ES256");
        /// Lifetime of access tokens.
        access_token_ttl: Duration = Text("15m"), if |time| at_least_a_second(time) && *time <= MAX_ACCESS_TOKEN_TTL
            => "a duration from \"1s\" to \"24h\"";
        /// Idle lifetime of refresh tokens: each use gives a new one with a new lifetime.
        refresh_token_ttl: Duration = Text("1d"), if at_least_a_second => "a duration of \"1s\" or more";
        /// Lifetime of authorization codes.
        auth_code_ttl: Duration = Text("3m"), if |time| at_least_a_second(time) && *time <= Duration::from_mins(10)
            => "a duration from \"1s\" to \"10m\" (RFC 6749 §4.1.2)";
        /// Longest life of one sign-in, however often it is refreshed.
        session_lifetime: Duration = Text("30d"), if at_least_a_second => "a duration of \"1s\" or more";
        /// A refresh token used again within this time of its first use gets the same reply again.
        refresh_grace: Duration = Text("10s"), if |time| *time <= Duration::from_mins(5) =>
            "a duration of at most \"5m\"";
        /// How long others may cache the public keys; a new key is published this long before it signs.
        jwks_cache: Duration = Text("5m"), if at_least_a_second => "a duration of \"1s\" or more";
    }
}

fn at_least_a_second(time: &Duration) -> bool {
    *time >= Duration::from_secs(1)
}

/// HS256 is left out: its key belongs to one client.
impl Setting for Algorithm {
    fn kind() -> String {
        "algorithm".to_owned()
    }

    fn expected() -> String {
        "\"ES256\", \"EdDSA\" or \"RS256\" (\"HS256\" only for a client with a secret of its own)".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text).filter(|algorithm| *algorithm != Self::HS256)
    }
}

//! What the composition root tells this crate.

use std::time::Duration;

use ipnet::IpNet;

/// Settings of router and server.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The address clients reach this service at, such as `https://auth.example.com`.
    pub public_url: String,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that browsers may call from; `*` = any.
    pub cors_origins: Vec<String>,
    /// Most bytes of a request body, counted as they arrive.
    pub body_limit: usize,
    /// Longest time a request may take; its body must have arrived in half of it.
    pub request_timeout: Duration,
    /// Longest time request headers may take; also how long an idle connection is kept.
    pub header_timeout: Duration,
    /// Whether a client that begins with HTTP/2 in clear text gets it.
    pub http2: bool,
    /// Most connections at a time; more wait in the listen queue.
    pub max_connections: usize,
    /// How long running requests may take to finish after shutdown began.
    pub shutdown_timeout: Duration,
    /// How long others may cache the public keys; keys are published at least that long before they sign.
    pub jwks_cache: Duration,
    /// Where the app that users see lives: before redirect URLs that are only a path, after Azure and Apple.
    pub web_app_url: Option<String>,
    /// Whether `client_secret` is accepted in the query of the start routes; queries end up in logs.
    pub allow_secret_in_query: bool,
    /// Whether `?access_token=` is accepted (RFC 6750 §2.3 advises against it).
    pub allow_access_token_in_query: bool,
}

impl HttpSettings {
    /// Whether browsers from anywhere may call.
    #[must_use]
    pub(crate) fn allows_any_origin(&self) -> bool {
        self.cors_origins.iter().any(|origin| origin == "*")
    }

    /// A path of this service as browsers know it: after the path of the public address.
    #[must_use]
    pub(crate) fn path(&self, path: &str) -> String {
        let rest = self.public_url.split_once("://").map_or(self.public_url.as_str(), |(_, rest)| rest);
        let base = rest.find('/').map_or("", |slash| &rest[slash..]).trim_end_matches('/');
        format!("{base}{path}")
    }

    /// Whether clients reach this service over TLS.
    #[must_use]
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_with_that_of_the_public_address() {
        for (address, path) in [
            ("https://auth.test", "/sign-in"),
            ("https://auth.test/", "/sign-in"),
            ("https://auth.test/base/", "/base/sign-in"),
            ("https://auth.test:8443/a/b", "/a/b/sign-in"),
        ] {
            let settings = HttpSettings { public_url: address.to_owned(), ..crate::fakes::settings() };
            assert_eq!(settings.path("/sign-in"), path, "{address}");
        }
    }
}

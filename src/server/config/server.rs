//! `[server]`: where and how requests are taken.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::section::DefaultValue::{Derived, Text};
use super::section::section;
use super::setting::{Setting, Size};

section! {
    /// Where and how requests are taken.
    [server] Server {
        /// Address and port to listen on.
        listen: SocketAddr = Text("127.0.0.1:8080");
        /// Address and port to answer `GET /metrics` (Prometheus) on. Anyone who reaches it may read the figures, so not a
        /// public one.
        metrics_listen: Option<SocketAddr> = Derived("none: metrics are not served");
        /// The address clients reach the server at, without a trailing slash. Behind a proxy, the proxy's address.
        public_url: Option<BaseUrl> = Derived("`http://` and `server.listen`");
        /// Proxies whose `X-Forwarded-For` header is believed; from anyone else it is ignored.
        trusted_proxies: Vec<IpNet> = Text("");
        /// Browser origins that may call routes which take no cookie. `*` alone = every origin.
        cors_origins: Vec<Origin> = Text("*"), if |origins| one_star_at_most(origins) =>
            "either \"*\" alone or a list of origins such as \"https://app.example.com\"";
        /// Largest request body.
        body_limit: Size = Text("1MiB"), if |size| size.bytes() >= 1024 => "a size of \"1KiB\" or more";
        /// A request that takes longer is answered with an error.
        request_timeout: Duration = Text("30s"), if |time| !time.is_zero() => "a duration longer than zero";
        /// A connection that has not sent its request's headers after this time is closed.
        header_timeout: Duration = Text("10s"), if |time| !time.is_zero() => "a duration longer than zero";
        /// Whether HTTP/2 in clear text (with prior knowledge) is spoken beside HTTP/1.1. Only for a proxy that asks for it.
        http2: bool = Text("false");
        /// Connections open at the same time; more wait.
        max_connections: NonZeroU32 = Text("10000");
        /// On a stop signal, requests under way get this long to finish.
        shutdown_timeout: Duration = Text("10s");
    }
}

fn one_star_at_most(origins: &[Origin]) -> bool {
    origins.len() < 2 || origins.iter().all(|origin| !origin.is_any())
}

/// An absolute `http` or `https` URL without credentials, query, fragment and trailing slash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The URL, without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for BaseUrl {
    fn kind() -> String {
        "URL".to_owned()
    }

    fn expected() -> String {
        "an absolute http or https URL without query and fragment, such as \"https://auth.example.com\""
            .to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let url = parse_http_url(text)?;
        Some(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// A browser origin (RFC 6454 §6.2), or `*` for all of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin(String);

impl Origin {
    /// As browsers send it in `Origin`: scheme, host and port, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for every origin.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }
}

impl Setting for Origin {
    fn kind() -> String {
        "origin".to_owned()
    }

    fn expected() -> String {
        "\"*\" or an origin without a path such as \"https://app.example.com\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self(text.to_owned()));
        }
        let url = parse_http_url(text).filter(|url| url.path() == "/" && !text.ends_with('/'))?;
        Some(Self(url.origin().ascii_serialization()))
    }
}

fn parse_http_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host() && url.password().is_none();
    // The parser forgives `http:example.com`, blanks and backslashes; an operator's typing error should not pass.
    let as_written = text.contains("://") && !text.contains(['\\', ' ', '\t', '\n', '\r']);
    (plain && usable && as_written).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_absolute_and_lose_their_last_slash() {
        let read = |text| BaseUrl::from_text(text).map(|url| url.0);
        assert_eq!(read("https://auth.example.com/").as_deref(), Some("https://auth.example.com"));
        assert_eq!(read("http://127.0.0.1:8080/auth/").as_deref(), Some("http://127.0.0.1:8080/auth"));
        for wrong in [
            "",
            "auth.example.com",
            "/auth",
            "ftp://a",
            "https://a?x",
            "https://a#x",
            "https://u:p@a",
            "http:a",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn origins_have_no_path() {
        let read = |text| Origin::from_text(text).map(|origin| origin.0);
        assert_eq!(read("https://App.example.com:443").as_deref(), Some("https://app.example.com"));
        for wrong in ["", "null", "app.example.com", "https://a/", "https://a/x", "https://*.example.com/"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

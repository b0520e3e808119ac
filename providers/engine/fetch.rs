//! Outbound HTTP of the providers: https, no redirects, no proxy of the environment, no private addresses, bounded in time
//! and size. Nothing else in this crate opens a connection.

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::ProviderError;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Method, Response, StatusCode, redirect};
use serde::de::DeserializeOwned;
use url::{Host, Url, form_urlencoded};

use super::address;

/// Most bytes of an answer that are read.
pub(crate) const MAX_BODY: usize = 1024 * 1024;
/// No single answer is waited for any longer.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(5);

/// Talks to one provider.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    client: reqwest::Client,
    allow_loopback: bool,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    method: Method,
    url: &'a str,
    authorization: Option<Secret<String>>,
    form: Option<&'a [(&'a str, &'a str)]>,
}

impl<'a> Request<'a> {
    /// A GET.
    pub(crate) fn get(url: &'a str) -> Self {
        Self { method: Method::GET, url, authorization: None, form: None }
    }

    /// A POST of a form (application/x-www-form-urlencoded).
    pub(crate) fn post_form(url: &'a str, form: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: Method::POST, url, authorization: None, form: Some(form) }
    }

    /// With another method.
    pub(crate) fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// With an access token in the header (RFC 6750 §2.1).
    pub(crate) fn with_bearer(self, token: &str) -> Self {
        Self { authorization: Some(Secret::new(format!("Bearer {token}"))), ..self }
    }

    /// With the client's name and secret in the header, both form-encoded first (RFC 6749 §2.3.1).
    pub(crate) fn with_basic(self, client_id: &str, client_secret: &str) -> Self {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Secret::new(format!("{}:{}", encode(client_id), encode(client_secret)));
        Self { authorization: Some(Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))), ..self }
    }
}

/// An answer of status 2xx or 4xx; the others are errors.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Where it came from, for messages: host and path without the query.
    pub(crate) source: String,
    /// Status.
    pub(crate) status: StatusCode,
    /// Body, whole.
    pub(crate) body: Secret<Vec<u8>>,
}

impl Answer {
    /// Whether the status is 2xx.
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// Faulty: it is none, or of another shape.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        serde_json::from_slice(self.body.expose()).map_err(|error| {
            // The text of a JSON error can quote values of the body: only its place is told.
            let place = format!("line {}, column {}", error.line(), error.column());
            ProviderError::Faulty(format!(
                "{} answered {} with something other than the JSON expected ({place})",
                self.source,
                self.status.as_u16()
            ))
        })
    }
}

impl Fetch {
    /// Ready to talk. `timeout` is the longest wait for one whole answer, cut to 5 seconds.
    ///
    /// # Errors
    /// The system's list of certificate authorities cannot be read.
    pub(crate) fn new(allow_loopback: bool, timeout: Duration) -> Result<Self, reqwest::Error> {
        let timeout = timeout.min(MAX_TIMEOUT);
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .http1_only()
            .connect_timeout(timeout)
            .timeout(timeout)
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(4)
            .user_agent(concat!("doorward/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(CheckedResolver { allow_loopback })
            .build()?;
        Ok(Self { client, allow_loopback })
    }

    /// Asks.
    ///
    /// # Errors
    /// Unreachable (no connection, not in time), Faulty (5xx, a redirect, too large), Misconfigured (not https, a private
    /// address).
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Answer, ProviderError> {
        let url = self.checked(request.url)?;
        let source = place(&url);
        let mut builder = self.client.request(request.method, url).header(ACCEPT, "application/json");
        if let Some(authorization) = &request.authorization {
            builder = builder.header(AUTHORIZATION, sensitive(authorization)?);
        }
        if let Some(form) = request.form {
            builder = builder.form(form);
        }
        let response = builder.send().await.map_err(|error| judge_failure(&source, error))?;
        judge_status(&source, response.status())?;
        let status = response.status();
        let body = Secret::new(read_body(&source, response).await?);
        Ok(Answer { source, status, body })
    }

    /// GETs JSON of a success.
    ///
    /// # Errors
    /// As [`Self::send`]; Misconfigured when nothing is there, Faulty for any other status.
    pub(crate) async fn get_json<T: DeserializeOwned>(&self, url: &str) -> Result<T, ProviderError> {
        let answer = self.send(Request::get(url)).await?;
        match answer.status.as_u16() {
            200..=299 => answer.json(),
            // Nothing is there: the address is wrong rather than the provider ill.
            status @ (404 | 410) => Err(ProviderError::Misconfigured(format!(
                "{} answered {status}: check `issuer` and the addresses of the section",
                answer.source
            ))),
            status => Err(ProviderError::Faulty(format!("{} answered {status}", answer.source))),
        }
    }

    /// The address as far as it can be judged without asking the DNS; names are judged when they are resolved.
    ///
    /// # Errors
    /// Misconfigured.
    pub(crate) fn checked(&self, text: &str) -> Result<Url, ProviderError> {
        let url = Url::parse(text).map_err(|error| misconfigured(text, &error.to_string()))?;
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(misconfigured(text, "it names no host")),
        };
        match url.scheme() {
            "https" => {}
            "http" if self.allow_loopback => {}
            _ => return Err(misconfigured(text, "only https:// is accepted")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(misconfigured(text, "it holds a user name or password"));
        }
        if literal.is_some_and(|address| !may_connect(address, self.allow_loopback)) {
            return Err(misconfigured(
                text,
                "it is no public address (`allow_loopback = true` accepts local ones)",
            ));
        }
        Ok(url)
    }
}

fn may_connect(address: IpAddr, allow_loopback: bool) -> bool {
    address::is_public(address) || (allow_loopback && !address::is_link_local(address))
}

/// The DNS, without its answers that lead into our own network.
#[derive(Clone, Copy, Debug)]
struct CheckedResolver {
    allow_loopback: bool,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_loopback = self.allow_loopback;
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let usable: Vec<SocketAddr> =
                found.iter().copied().filter(|address| may_connect(address.ip(), allow_loopback)).collect();
            if usable.is_empty() {
                return Err(NotPublic(name).into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

/// A name that leads to no public address.
#[derive(Debug)]
struct NotPublic(String);

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no public address (`allow_loopback = true` accepts local ones)", self.0)
    }
}

impl StdError for NotPublic {}

/// Host and path: a query may hold codes and tokens.
fn place(url: &Url) -> String {
    format!("{}{}", url.host_str().unwrap_or_default(), url.path())
}

fn misconfigured(text: &str, reason: &str) -> ProviderError {
    let shown = text.split(['?', '#']).next().unwrap_or_default();
    // What stands before an @ may be a password.
    let shown = shown.rsplit('@').next().unwrap_or_default();
    ProviderError::Misconfigured(format!("the address \"{shown}\" cannot be used: {reason}"))
}

fn sensitive(authorization: &Secret<String>) -> Result<HeaderValue, ProviderError> {
    let mut value = HeaderValue::from_str(authorization.expose()).map_err(|_| {
        ProviderError::Faulty("the token holds characters that no header can carry".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// No answer came, or not in time.
fn judge_failure(source: &str, error: reqwest::Error) -> ProviderError {
    let (timeout, error) = (error.is_timeout(), error.without_url());
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    let mut last = error.to_string();
    while let Some(found) = cause {
        if let Some(forbidden) = found.downcast_ref::<NotPublic>() {
            return ProviderError::Misconfigured(forbidden.to_string());
        }
        last = found.to_string();
        cause = found.source();
    }
    if timeout {
        return ProviderError::Unreachable(format!("{source} did not answer in time"));
    }
    ProviderError::Unreachable(format!("{source}: {last}"))
}

fn judge_status(source: &str, status: StatusCode) -> Result<(), ProviderError> {
    let number = status.as_u16();
    match number {
        200..=299 | 400..=428 | 430..=499 => Ok(()),
        429 => Err(ProviderError::Unreachable(format!("{source} answered 429: too many requests"))),
        300..=399 => {
            Err(ProviderError::Faulty(format!("{source} answered {number}: redirects are not followed")))
        }
        _ => Err(ProviderError::Faulty(format!("{source} answered {number}"))),
    }
}

async fn read_body(source: &str, mut response: Response) -> Result<Vec<u8>, ProviderError> {
    let too_large = || ProviderError::Faulty(format!("{source} answered more than {MAX_BODY} bytes"));
    if response.content_length().is_some_and(|length| length > MAX_BODY as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| judge_failure(source, error))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests;

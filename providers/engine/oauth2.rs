//! OAuth 2.0 sign-in for providers that know no OpenID: authorization code (RFC 6749 §4.1), then their own way of saying who
//! it is. The code is redeemed with the client secret; an access token from anywhere else is never accepted.

use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{Arrival, Departure, Destination, Handoff, Memo, ProviderError};
use serde_json::Value;

use super::answers;
use super::fetch::{Answer, Fetch, Request};
use super::query::with_parameters;
use crate::{ConfigurationError, Parts};

/// Longest name of an error that the log shows.
const MAX_SHOWN: usize = 60;

/// What such providers have in common.
pub(crate) struct OAuth2 {
    pub(crate) fetch: Fetch,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret<String>,
    authorization_endpoint: String,
    token_endpoint: String,
    scope: String,
}

/// Where a provider is, unless the configuration says otherwise.
pub(crate) struct Preset<'a> {
    pub(crate) authorization_endpoint: &'a str,
    pub(crate) token_endpoint: &'a str,
    pub(crate) scopes: &'a [&'a str],
    /// What stands between scopes: RFC 6749 §3.3 says a space, some say a comma.
    pub(crate) scope_separator: &'a str,
}

impl OAuth2 {
    /// From the section of the configuration.
    ///
    /// # Errors
    /// `client_id` or `client_secret` is missing.
    pub(crate) fn new(parts: &Parts, preset: &Preset<'_>) -> Result<Self, ConfigurationError> {
        let settings = &parts.settings;
        let client_id = parts.required("client_id", settings.client_id.as_deref())?.to_owned();
        let secret = settings.client_secret.as_ref().map(|secret| secret.expose().as_str());
        let client_secret = Secret::from(parts.required("client_secret", secret)?);
        let or = |own: &Option<String>, usual: &str| own.clone().unwrap_or_else(|| usual.to_owned());
        let scope = match &settings.scopes {
            Some(scopes) => scopes.join(preset.scope_separator),
            None => preset.scopes.join(preset.scope_separator),
        };
        Ok(Self {
            fetch: parts.fetch.clone(),
            client_id,
            client_secret,
            authorization_endpoint: or(&settings.authorization_endpoint, preset.authorization_endpoint),
            token_endpoint: or(&settings.token_endpoint, preset.token_endpoint),
            scope,
        })
    }

    /// The authorization request (RFC 6749 §4.1.1). Nothing has to be remembered: the code is bound to our redirect URI
    /// and secret, the browser to `state`.
    ///
    /// # Errors
    /// Misconfigured: the address of the provider cannot be used.
    pub(crate) fn depart(&self, departure: &Departure) -> Result<Handoff, ProviderError> {
        let target = self.fetch.checked(&self.authorization_endpoint)?;
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &departure.callback_url),
            ("scope", &self.scope),
            ("state", departure.state.expose()),
        ];
        let destination = Destination::Redirect(with_parameters(&target, &parameters));
        let memo = Memo::of(&()).map_err(|error| ProviderError::Misconfigured(error.to_string()))?;
        Ok(Handoff { destination, memo })
    }

    /// An address of the provider with these parameters.
    ///
    /// # Errors
    /// Misconfigured: the address cannot be used.
    pub(crate) fn address(&self, base: &str, parameters: &[(&str, &str)]) -> Result<String, ProviderError> {
        Ok(with_parameters(&self.fetch.checked(base)?, parameters))
    }

    /// Redeems the code that the browser brought (RFC 6749 §4.1.3); answers the token response.
    ///
    /// # Errors
    /// Denied, Refused, Unreachable, Faulty, Misconfigured.
    pub(crate) async fn redeem(&self, arrival: &Arrival) -> Result<Value, ProviderError> {
        let code = code(arrival)?;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose().as_str()),
            ("redirect_uri", arrival.callback_url.as_str()),
            ("code", code),
        ];
        self.ask(Request::post_form(&self.token_endpoint, &form)).await
    }

    /// Asks for JSON.
    ///
    /// # Errors
    /// Refused with what the provider calls the error, or Misconfigured when that is about our client.
    pub(crate) async fn ask(&self, request: Request<'_>) -> Result<Value, ProviderError> {
        let answer = self.fetch.send(request).await?;
        let body: Value = answer.json()?;
        if answer.is_success() && body.get("error").is_none() {
            return Ok(body);
        }
        Err(refusal(&answer, &body))
    }
}

/// The code of a successful authorization response; the provider's error otherwise (RFC 6749 §4.1.2.1).
fn code(arrival: &Arrival) -> Result<&str, ProviderError> {
    answers::check_arrival(arrival)?;
    // Facebook and Instagram end their redirects with `#_`, which careless clients take for a part of the code.
    let code = arrival.parameter("code").map(|code| code.strip_suffix("#_").unwrap_or(code));
    code.filter(|code| !code.is_empty())
        .ok_or_else(|| ProviderError::Untrusted("the callback has neither code nor error".to_owned()))
}

/// What an answer that is no success says. Facebook wraps its errors, Instagram calls them `error_type`.
fn refusal(answer: &Answer, body: &Value) -> ProviderError {
    let error = &body["error"];
    let name = [error, &error["type"], &body["error_type"]].into_iter().find_map(Value::as_str);
    let number = error["code"].as_i64();
    let what = format!("{} {}", shown(name.unwrap_or("an unknown error")), number.unwrap_or_default());
    let told =
        format!("{} answered {}: {}", answer.source, answer.status.as_u16(), what.trim_end_matches(" 0"));
    // 1: the secret is wrong, 101: there is no such app, as Facebook numbers them.
    if matches!(name, Some("invalid_client" | "unauthorized_client")) || matches!(number, Some(1 | 101)) {
        return ProviderError::Misconfigured(format!("{told}; check client_id and client_secret"));
    }
    ProviderError::Refused(told)
}

/// A provider's word, if it looks like the name of an error: messages can quote what strangers wrote.
fn shown(name: &str) -> &str {
    let is_name = !name.is_empty()
        && name.len() <= MAX_SHOWN
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name { name } else { "an unknown error" }
}

/// An id that is a text of digits or a whole number, as text: numbers beyond 2^53 stay what they are.
pub(crate) fn id(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_u64()?.to_string(),
        _ => return None,
    };
    let is_id = !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arrival(pairs: &[(&str, &str)]) -> Arrival {
        let parameters =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
        Arrival { parameters, ..Arrival::default() }
    }

    #[test]
    fn ids_stay_exact() {
        assert_eq!(id(&json!(17_841_400_000_000_001_u64)).as_deref(), Some("17841400000000001"));
        assert_eq!(id(&json!("17841400000000001")).as_deref(), Some("17841400000000001"));
        for value in
            [json!(1.5), json!(-1), json!(1e20), json!(""), json!("a"), json!("1 "), json!(null), json!([1])]
        {
            assert_eq!(id(&value), None, "{value}");
        }
        assert_eq!(id(&json!("1".repeat(65))), None);
    }

    #[test]
    fn the_tail_of_the_redirect_is_no_part_of_the_code() {
        assert_eq!(code(&arrival(&[("code", "abc#_")])).ok(), Some("abc"));
        assert_eq!(code(&arrival(&[("code", "abc")])).ok(), Some("abc"));
        for nothing in [&[][..], &[("code", "")], &[("code", "#_")]] {
            assert!(matches!(code(&arrival(nothing)), Err(ProviderError::Untrusted(_))), "{nothing:?}");
        }
    }

    #[test]
    fn errors_are_no_success() {
        let cancelled = arrival(&[("error", "access_denied"), ("code", "abc")]);
        assert!(matches!(code(&cancelled), Err(ProviderError::Denied(_))));
        let hostile = arrival(&[("error", "<script>\n\u{1b}[31m"), ("code", "abc")]);
        let Err(ProviderError::Refused(text)) = code(&hostile) else { panic!("an error is no success") };
        assert_eq!(text, "an unknown error");
    }
}

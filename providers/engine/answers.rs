//! Error answers of OAuth 2.0 servers: from the browser (RFC 6749 §4.1.2.1) and from the token endpoint (§5.2).
//!
//! Only their codes get into messages: descriptions can quote codes, tokens and whatever a stranger wrote into the URL.

use doorward_core::ports::provider::{Arrival, ProviderError};
use serde::Deserialize;

use super::fetch::Answer;

/// What the browser brought when the provider said no.
///
/// # Errors
/// There is an `error` parameter: Denied, Refused, Faulty or Misconfigured.
pub(crate) fn check_arrival(arrival: &Arrival) -> Result<(), ProviderError> {
    let Some(code) = arrival.parameter("error") else { return Ok(()) };
    let hint = arrival.parameter("error_description").and_then(message_number);
    let text = describe(code, hint.as_deref());
    Err(match code {
        "access_denied"
        | "user_cancelled_authorize"
        | "user_denied"
        | "consent_required"
        | "login_required"
        | "interaction_required"
        | "account_selection_required" => ProviderError::Denied(text),
        "server_error" => ProviderError::Faulty(text),
        "temporarily_unavailable" => ProviderError::Unreachable(text),
        "invalid_request"
        | "invalid_scope"
        | "unauthorized_client"
        | "invalid_client"
        | "unsupported_response_type" => ProviderError::Misconfigured(format!(
            "the provider does not accept our request ({text}): check client_id, redirect_uri and scopes there"
        )),
        _ => ProviderError::Refused(text),
    })
}

/// The body of an error answer (RFC 6749 §5.2).
#[derive(Deserialize)]
struct ErrorBody {
    error: String,
    error_description: Option<String>,
}

/// What a 4xx of a token, userinfo or revocation endpoint means.
pub(crate) fn judge_refusal(answer: &Answer) -> ProviderError {
    let status = answer.status.as_u16();
    let Ok(body) = answer.json::<ErrorBody>() else {
        let text = format!("{} answered {status}", answer.source);
        return match status {
            // No OAuth 2.0 server is there.
            404 | 405 => ProviderError::Misconfigured(format!("{text}: check the address of the endpoint")),
            401 | 403 => ProviderError::Refused(text),
            _ => ProviderError::Faulty(text),
        };
    };
    let hint = body.error_description.as_deref().and_then(message_number);
    let text = format!("{} answered {}", answer.source, describe(&body.error, hint.as_deref()));
    match body.error.as_str() {
        "invalid_client" | "unauthorized_client" => ProviderError::Misconfigured(format!(
            "{text}: check client_id and client_secret (wrong, expired, or of another application)"
        )),
        "unsupported_grant_type" | "invalid_scope" | "redirect_uri_mismatch" => {
            ProviderError::Misconfigured(format!("{text}: check the application's settings at the provider"))
        }
        "server_error" | "temporarily_unavailable" => ProviderError::Faulty(text),
        _ => ProviderError::Refused(text),
    }
}

/// The code, if it looks like one, and the number of the message.
fn describe(code: &str, hint: Option<&str>) -> String {
    let is_code = !code.is_empty()
        && code.len() <= 60
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let code = if is_code { code } else { "an unknown error" };
    hint.map_or_else(|| code.to_owned(), |hint| format!("{code}, {hint}"))
}

/// `AADSTS7000222: The provided client secret keys are expired …` → `AADSTS7000222`, by which the manuals are sorted.
fn message_number(description: &str) -> Option<String> {
    let word = description.split([':', ' ']).next()?;
    let digits = word.strip_prefix("AADSTS")?;
    let plausible = (1..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    plausible.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use doorward_core::domain::secret::Secret;
    use reqwest::StatusCode;

    use super::*;

    fn arrival(error: &str, description: &str) -> ProviderError {
        let parameters = [("error", error), ("error_description", description)];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), Secret::from(value))).to_vec();
        check_arrival(&Arrival { parameters, ..Arrival::default() }).expect_err("an error")
    }

    fn refusal(status: u16, body: &str) -> ProviderError {
        let status = StatusCode::from_u16(status).expect("a status");
        let body = Secret::new(body.as_bytes().to_vec());
        judge_refusal(&Answer { source: "idp.test/token".into(), status, body })
    }

    #[test]
    fn pressing_cancel_is_no_fault() {
        for code in ["access_denied", "user_cancelled_authorize"] {
            assert!(matches!(arrival(code, "hunter2"), ProviderError::Denied(_)), "{code}");
        }
        assert!(matches!(arrival("invalid_scope", ""), ProviderError::Misconfigured(_)));
        assert!(matches!(arrival("server_error", ""), ProviderError::Faulty(_)));
        assert!(check_arrival(&Arrival::default()).is_ok());
    }

    #[test]
    fn texts_of_strangers_stay_outside() {
        let error = arrival("<script>alert(1)</script>", "hunter2 <b>").to_string();
        assert_eq!(error, "refused by the provider: an unknown error");
        let error = refusal(400, r#"{"error":"invalid_grant","error_description":"code hunter2 is used"}"#);
        assert!(
            matches!(error, ProviderError::Refused(_)) && !error.to_string().contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn an_expired_secret_is_ours_to_change() {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys"}"#;
        let error = refusal(401, body);
        assert!(matches!(error, ProviderError::Misconfigured(_)), "{error}");
        assert!(error.to_string().contains("invalid_client, AADSTS7000222"), "{error}");
    }

    #[test]
    fn answers_without_a_code_are_judged_by_status() {
        assert!(matches!(refusal(404, "<html>"), ProviderError::Misconfigured(_)));
        assert!(matches!(refusal(403, "<html>"), ProviderError::Refused(_)));
        assert!(matches!(refusal(400, "<html>"), ProviderError::Faulty(_)));
    }
}

//! Authorization responses (RFC 6749 §4.1.2, RFC 9207 §2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::browser_session::SignedIn;
use super::transaction::Step;
use super::turn::{ClientReply, Next, Turn, browser_state};
use crate::domain::authorization_request::ReturnAddress;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::redirect_uri::web_origin;
use crate::domain::secret::{Secret, TokenHash};
use crate::usecase::Core;

impl Core {
    /// The browser goes back with an error (RFC 6749 §4.1.2.1).
    pub(super) fn refusal(&self, reply_to: &ReturnAddress, error: &Error) -> Turn {
        let (word, description) = in_words(error.kind);
        let description = if error.public.is_empty() { description } else { error.public.as_ref() };
        let state = reply_to.state.clone().map(|state| ("state".to_owned(), state));
        let parameters = [("error", word), ("error_description", description)];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let issuer = ("iss".to_owned(), self.settings.issuer.clone());
        let turn = reply(reply_to, parameters.into_iter().chain(state).chain([issuer]).collect());
        Turn { refused: Some(error.kind), ..turn }
    }

    /// The browser goes back with a code.
    pub(super) fn success(&self, step: &Step, who: &SignedIn, code: &Secret<String>) -> Turn {
        let request = &step.transaction.request;
        let mut parameters = vec![
            ("code".to_owned(), code.expose().clone()),
            ("iss".to_owned(), self.settings.issuer.clone()),
        ];
        let state = request.reply_to.state.clone();
        parameters.extend(state.map(|state| ("state".to_owned(), state)));
        parameters.push(("client_id".to_owned(), request.client_id.clone()));
        if request.is_openid()
            && let Some(session_state) = self.session_state(step, who)
        {
            parameters.push(("session_state".to_owned(), session_state));
        }
        reply(&request.reply_to, parameters)
    }

    /// `session_state` (OpenID Connect Session Management §3): hex SHA-256 of client, origin, the readable cookie and a salt
    /// with spaces between them; then a dot and the salt.
    fn session_state(&self, step: &Step, who: &SignedIn) -> Option<String> {
        let request = &step.transaction.request;
        let origin = web_origin(&request.reply_to.redirect_uri)?;
        let salt = URL_SAFE_NO_PAD.encode(self.random::<12>());
        let text = format!("{} {origin} {} {salt}", request.client_id, browser_state(&who.token));
        Some(format!("{}.{salt}", hex::encode(TokenHash::of(&text).as_bytes())))
    }
}

fn reply(reply_to: &ReturnAddress, parameters: Vec<(String, String)>) -> Turn {
    Turn::to(Next::Client(ClientReply {
        redirect_uri: reply_to.redirect_uri.clone(),
        response_mode: reply_to.response_mode,
        parameters,
    }))
}

/// The word for it, and a sentence without quotes.
fn in_words(kind: ErrorKind) -> (&'static str, &'static str) {
    match kind {
        ErrorKind::RequestInvalid => ("invalid_request", "The request is not valid."),
        ErrorKind::ResponseTypeUnsupported => {
            ("unsupported_response_type", "Only response_type code is supported.")
        }
        ErrorKind::GrantNotAllowed => ("unauthorized_client", "This client may not use authorization codes."),
        ErrorKind::ScopeInvalid => ("invalid_scope", "A scope is unknown or not for this client."),
        ErrorKind::TargetInvalid => ("invalid_target", "A resource is not for this client."),
        ErrorKind::RequestObjectUnsupported => {
            ("request_not_supported", "The parameter request is not supported.")
        }
        ErrorKind::RequestUriUnsupported => {
            ("request_uri_not_supported", "The parameter request_uri is not supported.")
        }
        ErrorKind::RegistrationUnsupported => {
            ("registration_not_supported", "The parameter registration is not supported.")
        }
        ErrorKind::LoginRequired => ("login_required", "The user has to sign in."),
        ErrorKind::ConsentRequired => ("consent_required", "The user has to consent."),
        ErrorKind::InteractionRequired => ("interaction_required", "The user has to prove a second factor."),
        ErrorKind::AccessDenied => ("access_denied", "The user did not allow it."),
        ErrorKind::ClientNotAllowed | ErrorKind::NoAllowedClients => {
            ("access_denied", "The user may not use this client.")
        }
        ErrorKind::Unavailable | ErrorKind::Overloaded(_) => {
            ("temporarily_unavailable", "Please try again in a moment.")
        }
        _ => ("server_error", "Something went wrong here."),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rfc6749_4_1_2_1_errors_have_their_words_and_plain_sentences() {
        for (kind, word) in [
            (ErrorKind::RequestInvalid, "invalid_request"),
            (ErrorKind::ResponseTypeUnsupported, "unsupported_response_type"),
            (ErrorKind::GrantNotAllowed, "unauthorized_client"),
            (ErrorKind::ScopeInvalid, "invalid_scope"),
            (ErrorKind::TargetInvalid, "invalid_target"),
            (ErrorKind::RequestObjectUnsupported, "request_not_supported"),
            (ErrorKind::RequestUriUnsupported, "request_uri_not_supported"),
            (ErrorKind::RegistrationUnsupported, "registration_not_supported"),
            (ErrorKind::LoginRequired, "login_required"),
            (ErrorKind::ConsentRequired, "consent_required"),
            (ErrorKind::InteractionRequired, "interaction_required"),
            (ErrorKind::AccessDenied, "access_denied"),
            (ErrorKind::ClientNotAllowed, "access_denied"),
            (ErrorKind::NoAllowedClients, "access_denied"),
            (ErrorKind::Unavailable, "temporarily_unavailable"),
            (ErrorKind::Overloaded(Duration::ZERO), "temporarily_unavailable"),
            (ErrorKind::Internal, "server_error"),
        ] {
            let (told, sentence) = in_words(kind);
            assert_eq!(told, word);
            let is_plain = |byte: u8| (0x20..=0x7e).contains(&byte) && !b"\"\\".contains(&byte);
            assert!(sentence.bytes().all(is_plain), "{sentence}");
        }
    }
}

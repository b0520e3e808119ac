//! Authorization requests (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2, OpenID Connect Core §3.1.2.1): what is asked, judged
//! without asking anybody.

mod claims;
mod parameters;
mod scopes;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::parameters::Parameters;
use super::authorization::{ClaimsRequest, GrantType};
use super::client::Client;
use super::error::{Error, ErrorKind};

/// Longest `state` and `nonce`, in bytes.
pub const MAX_STATE: usize = 2048;

/// Longest `login_hint` that is shown, in bytes.
const MAX_LOGIN_HINT: usize = 255;

/// Most languages of `ui_locales` that are looked at.
const MAX_LOCALES: usize = 10;

/// Longest language that is looked at, in bytes (RFC 5646 §4.4.1).
const MAX_LOCALE: usize = 35;

/// Characters of an S256 challenge: 256 bits in base64url (RFC 7636 §4.2).
const CHALLENGE_LENGTH: usize = 43;

/// How an authorization response travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI (OAuth 2.0 Multiple Response Types §2.1).
    #[default]
    Query,
    /// In a form that sends itself (OAuth 2.0 Form Post Response Mode §2).
    FormPost,
}

/// What the client wants of the user's presence (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// No page may be shown.
    None,
    /// Somebody has to sign in, whoever is signed in already.
    Login,
    /// Consent is to be asked for.
    Consent,
    /// The account is to be chosen: by signing in.
    SelectAccount,
}

/// How strong the sign-in has to be (OpenID Connect Core §5.5.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// As this service says.
    #[default]
    Any,
    /// `aal2`, of users who have an authenticator app.
    SecondFactorPreferred,
    /// `aal2`, or nothing.
    SecondFactorRequired,
}

/// Where the answer goes. Its address is one of the client's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReturnAddress {
    /// The redirect URI, as it was given.
    pub redirect_uri: String,
    /// How the answer travels.
    pub response_mode: ResponseMode,
    /// `state`, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// A request of a known client that is right in itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client's public identifier.
    pub client_id: String,
    /// Where the answer goes.
    pub reply_to: ReturnAddress,
    /// `nonce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// What is asked for, each once, in the order asked.
    pub scopes: Vec<String>,
    /// Resources the tokens are for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Claims asked for one by one.
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// PKCE challenge, method S256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    /// What the client wants of the user's presence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompt: Vec<Prompt>,
    /// How old a sign-in may be, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// Who the client thinks will sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// An ID token of who is expected, not looked at yet.
    #[serde(skip)]
    pub id_token_hint: Option<String>,
    /// The `sub` that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How strong the sign-in has to be.
    #[serde(default)]
    pub assurance: Assurance,
    /// Languages of the pages, preferred ones first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ui_locales: Vec<String>,
}

/// The client and the redirect URI of a request, neither of them trusted.
///
/// # Errors
/// RequestInvalid (one of them twice, or no client), RedirectUriInvalid (none; OpenID Connect Core §3.1.2.1 requires it).
pub fn addressed(parameters: &[(String, String)]) -> Result<(&str, &str), Error> {
    let parameters = Parameters::new(parameters);
    if parameters.is_repeated("client_id") || parameters.is_repeated("redirect_uri") {
        return Err(invalid("client_id and redirect_uri may come once"));
    }
    let client_id = parameters.get("client_id").filter(|id| !id.chars().any(char::is_control));
    let client_id = client_id.ok_or_else(|| invalid("client_id is missing"))?;
    let redirect_uri = parameters.get("redirect_uri").ok_or(ErrorKind::RedirectUriInvalid)?;
    Ok((client_id, redirect_uri))
}

impl ReturnAddress {
    /// Where the answer to these parameters goes, right or wrong as they may be. A `state` that is too long, or comes twice,
    /// is not repeated.
    #[must_use]
    pub fn of(parameters: &[(String, String)], redirect_uri: &str) -> Self {
        let parameters = Parameters::new(parameters);
        let state =
            parameters.get("state").filter(|state| !parameters.is_repeated("state") && is_short(state));
        let is_form = parameters.get("response_mode") == Some("form_post");
        Self {
            redirect_uri: redirect_uri.to_owned(),
            response_mode: if is_form { ResponseMode::FormPost } else { ResponseMode::Query },
            state: state.map(str::to_owned),
        }
    }
}

impl AuthorizationRequest {
    /// The request of the client, if it is right in itself.
    ///
    /// # Errors
    /// In this order: RequestInvalid (a parameter twice, a text too long), ResponseTypeUnsupported, RequestInvalid
    /// (`response_mode`), RequestObjectUnsupported, RequestUriUnsupported, RegistrationUnsupported, GrantNotAllowed,
    /// ScopeInvalid, RequestInvalid (`prompt`, `max_age`, PKCE), TargetInvalid, RequestInvalid (`claims`), AccessDenied (a
    /// strength that no sign-in has here).
    pub fn judge(
        parameters: &[(String, String)],
        client: &Client,
        reply_to: ReturnAddress,
    ) -> Result<Self, Error> {
        let parameters = Parameters::new(parameters);
        parameters.check_texts()?;
        parameters.check_kind()?;
        if !client.grants.iter().any(|grant| grant == GrantType::AuthorizationCode.as_str()) {
            return Err(ErrorKind::GrantNotAllowed.into());
        }
        let scopes = scopes::asked(parameters.get("scope"), client)?;
        let prompt = prompts(parameters.get("prompt"))?;
        let max_age = parameters.get("max_age").map(max_age).transpose()?;
        let code_challenge = code_challenge(&parameters, client)?;
        let resources = scopes::resources(&parameters, client)?;
        let claims = claims::asked(parameters.get("claims"), client)?;
        let assurance = claims::assurance(&claims, parameters.get("acr_values"))?;
        let words = |name| parameters.get(name).unwrap_or_default().split_ascii_whitespace();
        Ok(Self {
            client_id: client.client_id.clone(),
            reply_to,
            nonce: parameters.owned("nonce"),
            scopes,
            resources,
            code_challenge,
            prompt,
            max_age,
            login_hint: parameters.owned("login_hint").filter(|hint| hint.len() <= MAX_LOGIN_HINT),
            id_token_hint: parameters.owned("id_token_hint"),
            subject: claims::subject(&claims),
            claims,
            assurance,
            ui_locales: words("ui_locales")
                .take(MAX_LOCALES)
                .filter(|locale| locale.len() <= MAX_LOCALE)
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Whether that is asked of the user's presence.
    #[must_use]
    pub fn prompts(&self, prompt: Prompt) -> bool {
        self.prompt.contains(&prompt)
    }

    /// Whether a sign-in from before the request does not count.
    #[must_use]
    pub fn wants_new_sign_in(&self) -> bool {
        self.prompts(Prompt::Login) || self.prompts(Prompt::SelectAccount) || self.max_age == Some(0)
    }

    /// Whether it is one of OpenID Connect.
    #[must_use]
    pub fn is_openid(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "openid")
    }
}

/// A request that is wrong in that way; the text has no quotes and no backslash (RFC 6749 §4.1.2.1).
fn invalid(text: &'static str) -> Error {
    Error::with_public(ErrorKind::RequestInvalid, text)
}

fn is_short(text: &str) -> bool {
    text.len() <= MAX_STATE && !text.contains('\0')
}

/// `prompt` (OpenID Connect Core §3.1.2.1): `none` stands alone.
fn prompts(text: Option<&str>) -> Result<Vec<Prompt>, Error> {
    let mut prompts = Vec::new();
    for word in text.unwrap_or_default().split_ascii_whitespace() {
        let prompt = match word {
            "none" => Prompt::None,
            "login" => Prompt::Login,
            "consent" => Prompt::Consent,
            "select_account" => Prompt::SelectAccount,
            _ => return Err(invalid("prompt may be none, login, consent and select_account")),
        };
        if !prompts.contains(&prompt) {
            prompts.push(prompt);
        }
    }
    if prompts.contains(&Prompt::None) && prompts.len() > 1 {
        return Err(invalid("prompt none stands alone"));
    }
    Ok(prompts)
}

fn max_age(text: &str) -> Result<u64, Error> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| is_number);
    seconds.ok_or_else(|| invalid("max_age is a number of seconds"))
}

/// PKCE (RFC 7636 §4.3): S256 only, and only a confidential client can be excused from it.
fn code_challenge(parameters: &Parameters<'_>, client: &Client) -> Result<Option<String>, Error> {
    let method = parameters.get("code_challenge_method");
    let Some(challenge) = parameters.get("code_challenge") else {
        let is_required = client.client_type.is_public() || client.oauth.require_pkce;
        return match method {
            _ if is_required => Err(invalid("code_challenge is missing")),
            Some(_) => Err(invalid("code_challenge_method without code_challenge")),
            None => Ok(None),
        };
    };
    if method != Some("S256") {
        return Err(invalid("code_challenge_method must be S256"));
    }
    let is_hash = challenge.len() == CHALLENGE_LENGTH
        && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_hash { Ok(Some(challenge.to_owned())) } else { Err(invalid("code_challenge is no S256 challenge")) }
}

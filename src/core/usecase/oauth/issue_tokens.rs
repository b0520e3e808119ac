//! The token endpoint: which grant is asked for, and what is answered (RFC 6749 §5.1).

use super::client_authentication::PresentedClient;
use super::code_grant::CodeProof;
use super::id_token::Occasion;
use super::password_grant::PasswordDemand;
use super::refresh_grant::RefreshDemand;
use crate::domain::actor::Origin;
use crate::domain::authorization::GrantType;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::domain::user::Password;
use crate::usecase::issue_tokens::{TokenHolder, may_refresh};
use crate::usecase::{Core, TokenPair};

/// A client's wish for tokens.
#[derive(Debug)]
pub struct TokenRequest {
    /// Where the request comes from.
    pub origin: Origin,
    /// What the client proves itself with.
    pub client: PresentedClient,
    /// For what.
    pub grant: GrantRequest,
}

/// By which grant.
#[derive(Debug)]
pub enum GrantRequest {
    /// With a code (RFC 6749 §4.1.3).
    Code {
        /// The code.
        code: Secret<String>,
        /// The redirect URI it was issued for.
        redirect_uri: Option<String>,
        /// The PKCE verifier (RFC 7636 §4.5).
        code_verifier: Option<Secret<String>>,
        /// `resource`, as often as it came (RFC 8707 §2.2).
        resources: Vec<String>,
    },
    /// With a refresh token (RFC 6749 §6).
    Refresh {
        /// The token.
        refresh_token: Secret<String>,
        /// Fewer scopes than were granted, with spaces between them; `None` = all of them.
        scope: Option<String>,
        /// `resource`, as often as it came.
        resources: Vec<String>,
    },
    /// With the client's own credentials (RFC 6749 §4.4).
    Client {
        /// Scopes with spaces between them; `None` = all of the client's.
        scope: Option<String>,
        /// `resource`, as often as it came.
        resources: Vec<String>,
    },
    /// With the user's password (RFC 6749 §4.3).
    Password {
        /// The account.
        username: String,
        /// Its password.
        password: Password,
        /// Scopes with spaces between them; `None` = all of the client's.
        scope: Option<String>,
        /// `resource`, as often as it came.
        resources: Vec<String>,
    },
}

/// Tokens (RFC 6749 §5.1).
#[derive(Debug)]
pub struct TokenReply {
    /// The access token, a JWT.
    pub access_token: Secret<String>,
    /// The refresh token, where the client may have one.
    pub refresh_token: Option<Secret<String>>,
    /// The ID token, where `openid` was granted.
    pub id_token: Option<Secret<String>>,
    /// Granted scopes.
    pub scope: Vec<String>,
    /// Lifetime of the access token less one, in seconds: as older clients know it, and never too long.
    pub expires_in: i64,
}

impl Core {
    /// Tokens for an authenticated client.
    ///
    /// # Errors
    /// RequestInvalid, ClientAuthFailed, GrantNotAllowed, ScopeInvalid, TargetInvalid, and those of the grant:
    /// CodeUnknownOrUsed, CodeExpired, RedirectUriMismatch, PkceMismatch, RefreshUnknownOrUsed, InvalidCredentials,
    /// SecondFactorPending and the others of a sign-in.
    pub async fn issue_oauth_tokens(&self, request: TokenRequest) -> Result<TokenReply, Error> {
        let TokenRequest { origin, client, grant } = request;
        let client = self.authenticate_presented(&client, &origin).await?;
        match grant {
            GrantRequest::Code { code, redirect_uri, code_verifier, resources } => {
                let proof = CodeProof { redirect_uri, code_verifier, resources };
                self.code_grant(client, &code, &proof, &origin).await
            }
            GrantRequest::Refresh { refresh_token, scope, resources } => {
                let demand = RefreshDemand { refresh_token, scope, resources };
                self.refresh_grant(client, &demand, &origin).await
            }
            GrantRequest::Client { scope, resources } => {
                self.client_grant(&client, scope.as_deref(), &resources).await
            }
            GrantRequest::Password { username, password, scope, resources } => {
                let demand = PasswordDemand { username, password, scope, resources };
                self.password_grant(client, &demand, &origin).await
            }
        }
    }

    /// The reply of a grant with a user.
    pub(super) async fn token_reply(
        &self,
        holder: TokenHolder<'_>,
        pair: TokenPair,
        occasion: Occasion<'_>,
    ) -> Result<TokenReply, Error> {
        let TokenPair { access_token, refresh_token, expires_at } = pair;
        let id_token = self.id_token(holder, &access_token, occasion).await?;
        let left = expires_at.unix_seconds() - self.now().unix_seconds();
        Ok(TokenReply {
            access_token,
            refresh_token: may_refresh(holder.client, holder.session).then_some(refresh_token),
            id_token,
            scope: holder.session.oauth.as_ref().map(|oauth| oauth.scopes.clone()).unwrap_or_default(),
            expires_in: (left - 1).max(0),
        })
    }
}

/// # Errors
/// GrantNotAllowed.
pub(super) fn require_grant(client: &Client, grant: GrantType) -> Result<(), Error> {
    if client.may_use(grant) { Ok(()) } else { Err(ErrorKind::GrantNotAllowed.into()) }
}

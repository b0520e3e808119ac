//! A user's password → tokens (RFC 6749 §4.3), only for clients that were given this grant.

use std::sync::Arc;

use super::id_token::Occasion;
use super::issue_tokens::{TokenReply, require_grant};
use super::scopes::{resources_of_client, scopes_of_client};
use crate::domain::actor::Origin;
use crate::domain::authorization::{Authorization, ClaimsRequest, GrantType};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::second_factor::Wanted;
use crate::domain::user::Password;
use crate::usecase::issue_tokens::{Opened, TokenHolder};
use crate::usecase::sign_in::SignIn;
use crate::usecase::{Core, rerun};

/// A user's credentials and what is wanted for them.
pub(super) struct PasswordDemand {
    pub(super) username: String,
    pub(super) password: Password,
    pub(super) scope: Option<String>,
    pub(super) resources: Vec<String>,
}

impl Core {
    /// A session with its first tokens.
    pub(super) async fn password_grant(
        &self,
        client: Arc<Client>,
        demand: &PasswordDemand,
        origin: &Origin,
    ) -> Result<TokenReply, Error> {
        require_grant(&client, GrantType::Password)?;
        if demand.username.is_empty() || demand.password.expose().is_empty() {
            return Err(ErrorKind::CredentialsMissing.into());
        }
        let authorization = Authorization {
            grant_type: GrantType::Password,
            scopes: scopes_of_client(&client, demand.scope.as_deref())?,
            resources: resources_of_client(&client, &demand.resources)?,
            claims: ClaimsRequest::default(),
            auth_time: self.now().unix_seconds(),
            browser_session: None,
        };
        let client = Arc::unwrap_or_clone(client);
        let sign_in = self.check_password_sign_in(client, &demand.username, &demand.password, origin).await?;
        let SignIn { client, account, membership, .. } = &sign_in;
        if self.lacking(client, &account.user, membership).await? != Wanted::Nothing {
            return Err(second_factor_wanted());
        }
        let opened = rerun(|| self.write_password_session(&sign_in, &authorization, origin)).await?;
        let session = opened.session.clone();
        let pair = self.sign_opened(&sign_in, opened).await?;
        let holder = TokenHolder { client, session: &session, user: &account.user, membership };
        self.token_reply(holder, pair, Occasion::default()).await
    }

    async fn write_password_session(
        &self,
        sign_in: &SignIn,
        authorization: &Authorization,
        origin: &Origin,
    ) -> Result<Opened, Error> {
        let mut tx = self.writing("password_grant").await?;
        if !self.is_whole(&mut *tx, sign_in).await? {
            return Err(second_factor_wanted());
        }
        let opened = self.open_session_for(&mut *tx, sign_in, Some(authorization.clone()), origin).await?;
        tx.commit().await?;
        Ok(opened)
    }
}

/// This grant has no place for a second factor.
fn second_factor_wanted() -> Error {
    let text = "a second factor is needed: use the authorization code grant";
    Error::with_public(ErrorKind::SecondFactorPending, text)
}

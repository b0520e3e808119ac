//! Username and password → authorization code.

use super::Core;
use super::rerun;
use super::second_factor::{Gate, PendingSignIn};
use super::sign_in::SignIn;
use crate::domain::actor::Actor;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::grant::Grant;
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::Password;

/// A sign-in with username and password through an authenticated client.
#[derive(Debug)]
pub struct PasswordLogin {
    /// Who asks.
    pub actor: Actor,
    /// The client.
    pub client_id: String,
    /// Its secret; public clients have none.
    pub client_secret: Option<Secret<String>>,
    /// The account, in any case.
    pub username: String,
    /// Its password.
    pub password: Password,
}

/// An authorization code, or one that is worth nothing until the second factor is given: nothing tells them apart.
#[derive(Debug)]
pub struct IssuedCode {
    /// 256 random bits, base64url; only its hash is stored.
    pub code: Secret<String>,
}

impl Core {
    /// A fresh authorization code for the user at the client; one that waits, where a second factor is missing.
    ///
    /// # Errors
    /// ClientAuthFailed, CredentialsMissing, and those of a password sign-in.
    pub async fn password_login(&self, command: PasswordLogin) -> Result<IssuedCode, Error> {
        let sign_in = self.check_login(&command).await?;
        let code = self.opaque_token();
        match self.gate(&sign_in, &code, &command.actor.origin).await? {
            Gate::Open => {
                let grant = self.new_grant(&sign_in, &code);
                rerun(|| self.write_grant(&grant)).await?;
            }
            Gate::Pending(pending) => rerun(|| self.write_waiting(&sign_in, &pending)).await?,
        }
        Ok(IssuedCode { code })
    }

    /// Client, password and account of a login command. The client is judged first, as in the old service.
    pub(super) async fn check_login(&self, command: &PasswordLogin) -> Result<SignIn, Error> {
        let secret = command.client_secret.as_ref().map(|secret| secret.expose().as_str());
        let origin = &command.actor.origin;
        let client = self.authenticate_client(&command.client_id, secret, origin).await?;
        if command.username.is_empty() || command.password.expose().is_empty() {
            return Err(ErrorKind::CredentialsMissing.into());
        }
        self.check_password_sign_in(client, &command.username, &command.password, origin).await
    }

    /// A grant of a sign-in that was proved.
    pub(super) fn new_grant(&self, sign_in: &SignIn, code: &Secret<String>) -> Grant {
        let now = self.now();
        Grant {
            id: self.new_id(),
            code_hash: TokenHash::of(code.expose()),
            client: sign_in.client.key,
            user: sign_in.account.user.id,
            tenant: sign_in.membership.tenant,
            membership: sign_in.membership.id,
            credential_version: sign_in.account.user.credential_version,
            methods: sign_in.methods.clone(),
            oauth: None,
            created_at: now,
            expires_at: now.plus(sign_in.client.auth_code_ttl),
        }
    }

    async fn write_grant(&self, grant: &Grant) -> Result<(), Error> {
        let mut tx = self.writing("password_login").await?;
        if !tx.confirm_sign_in(grant.user, grant.credential_version, None).await? {
            return Err(ErrorKind::InvalidCredentials.into());
        }
        tx.add_grant(grant).await?;
        Ok(tx.commit().await?)
    }

    /// A sign-in with a password that waits for its second factor.
    pub(super) async fn write_waiting(&self, sign_in: &SignIn, pending: &PendingSignIn) -> Result<(), Error> {
        let mut tx = self.writing("pending_sign_in").await?;
        let user = &sign_in.account.user;
        if !tx.confirm_sign_in(user.id, user.credential_version, None).await? {
            return Err(ErrorKind::InvalidCredentials.into());
        }
        self.write_pending(&mut *tx, pending).await?;
        self.commit_and_send(tx).await
    }
}

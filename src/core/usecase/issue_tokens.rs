//! Tokens: a session's first pair, and the pieces rotation shares with it.

use std::time::Duration;

use super::sign_in::SignIn;
use super::{Core, MAX_ACCESS_TOKEN_TTL};
use crate::domain::activity::{Activity, LoginType};
use crate::domain::actor::Origin;
use crate::domain::authorization::{Authorization, GrantType};
use crate::domain::claims::{Claims, TokenContext, UserClaims};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{TenantId, UserId};
use crate::domain::membership::Membership;
use crate::domain::refresh::{IssuedAccess, Refresh};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::ports::store::Tx;

/// An access token and the refresh token issued with it (RFC 6749 §5.1).
#[derive(Debug)]
pub struct TokenPair {
    /// The access token, a JWT.
    pub access_token: Secret<String>,
    /// The refresh token, 64 hex characters.
    pub refresh_token: Secret<String>,
    /// When the access token expires.
    pub expires_at: Timestamp,
}

/// A session with its first refresh token, written but not yet signed.
pub(super) struct Opened {
    pub(super) session: Session,
    refresh_token: Secret<String>,
    access: IssuedAccess,
    /// Whether a message to the user was queued.
    has_notice: bool,
}

/// Whom an access token speaks for.
#[derive(Clone, Copy)]
pub(super) struct TokenHolder<'a> {
    pub(super) client: &'a Client,
    pub(super) session: &'a Session,
    pub(super) user: &'a User,
    pub(super) membership: &'a Membership,
}

impl Core {
    /// Writes session, refresh family and activity of a sign-in into the transaction.
    ///
    /// # Errors
    /// InvalidCredentials when the password changed, or the user was removed, since it was checked.
    pub(super) async fn open_session(
        &self,
        tx: &mut dyn Tx,
        sign_in: &SignIn,
        origin: &Origin,
    ) -> Result<Opened, Error> {
        self.open_session_for(tx, sign_in, None, origin).await
    }

    /// [`Core::open_session`] of what was authorized in the OAuth 2.0 dialect; `None` in the native one.
    pub(super) async fn open_session_for(
        &self,
        tx: &mut dyn Tx,
        sign_in: &SignIn,
        authorization: Option<Authorization>,
        origin: &Origin,
    ) -> Result<Opened, Error> {
        let now = self.now();
        let SignIn { client, account, membership, .. } = sign_in;
        let user = &account.user;
        let last_login = (!membership.status.is_first_time()).then_some(now);
        if !tx.confirm_sign_in(user.id, user.credential_version, last_login).await? {
            return Err(ErrorKind::InvalidCredentials.into());
        }
        let session = Session { oauth: authorization, ..self.new_session(sign_in, origin, now) };
        let refresh_token = Secret::new(hex::encode(self.random::<32>()));
        let access = self.new_access(client, &session, now);
        let refresh = Refresh {
            id: self.new_id(),
            session: session.id,
            token_hash: TokenHash::of(refresh_token.expose()),
            parent: None,
            key_version: None,
            access,
            created_at: now,
            expires_at: refresh_expiry(client, &session, now),
            consumption: None,
        };
        let has_notice = self.notice_new_device(tx, sign_in, origin).await?;
        tx.add_session(&session).await?;
        if may_refresh(client, &session) {
            tx.add_refresh(&refresh).await?;
        }
        let payload = self.token_payload(user, membership, client, now);
        tx.record_activity(&self.activity(LoginType::Access, user.id, Some(session.tenant), payload, origin))
            .await?;
        Ok(Opened { session, refresh_token, access, has_notice })
    }

    /// Signs what [`Core::open_session`] wrote; called after the commit, after which its messages may be sent too.
    pub(super) async fn sign_opened(&self, sign_in: &SignIn, opened: Opened) -> Result<TokenPair, Error> {
        let Opened { session, refresh_token, access, has_notice } = opened;
        if has_notice {
            self.outbox_bell.notify_one();
        }
        let SignIn { client, account, membership, .. } = sign_in;
        let holder = TokenHolder { client, session: &session, user: &account.user, membership };
        self.sign_pair(holder, access, refresh_token).await
    }

    /// The pair of one issue, in the dialect of the session; the same arguments give the same access token claims again.
    pub(super) async fn sign_pair(
        &self,
        holder: TokenHolder<'_>,
        access: IssuedAccess,
        refresh_token: Secret<String>,
    ) -> Result<TokenPair, Error> {
        let TokenHolder { client, session, user, membership } = holder;
        let access_token = if let Some(authorization) = &session.oauth {
            let claims = self.oauth_claims(holder, authorization, access);
            self.ports.signer.sign_oauth(&claims, client).await?
        } else {
            let context = TokenContext {
                issuer: &self.settings.issuer,
                default_locale: &self.settings.default_locale,
                client,
                session,
                access,
            };
            self.ports.signer.sign(&Claims::access_token(user, membership, context), client).await?
        };
        Ok(TokenPair { access_token, refresh_token, expires_at: access.expires_at })
    }

    fn new_session(&self, sign_in: &SignIn, origin: &Origin, now: Timestamp) -> Session {
        let SignIn { client, account, membership, methods } = sign_in;
        Session {
            id: self.new_id(),
            user: account.user.id,
            client: client.key,
            tenant: membership.tenant,
            membership: membership.id,
            methods: methods.clone(),
            oauth: None,
            created_at: now,
            last_used_at: now,
            expires_at: now.plus(self.settings.session_lifetime),
            ended_at: None,
            ip: origin.ip,
            user_agent: origin.user_agent.clone(),
            device_id: origin.device_id.clone(),
        }
    }

    /// Identity and times of a new access token: whole seconds, never beyond the session's end.
    pub(super) fn new_access(&self, client: &Client, session: &Session, now: Timestamp) -> IssuedAccess {
        let ttl: Duration = client.access_token_ttl.min(MAX_ACCESS_TOKEN_TTL);
        let expires_at = now.whole_seconds().plus(ttl).min(session.expires_at).whole_seconds();
        IssuedAccess { id: self.new_id(), issued_at: now.whole_seconds(), expires_at }
    }

    /// The activity row's JSON text: the user's claims and the client, never a token.
    pub(super) fn token_payload(
        &self,
        user: &User,
        membership: &Membership,
        client: &Client,
        now: Timestamp,
    ) -> String {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload<'a> {
            #[serde(flatten)]
            user: UserClaims,
            client_id: &'a str,
        }
        let user = UserClaims::describe(user, membership, &self.settings.default_locale, now);
        serde_json::to_string(&Payload { user, client_id: &client.client_id })
            .expect("string keys and plain values always serialise")
    }

    /// An activity row of this moment.
    pub(super) fn activity(
        &self,
        login_type: LoginType,
        user: UserId,
        tenant: Option<TenantId>,
        token_payload: String,
        origin: &Origin,
    ) -> Activity {
        Activity {
            id: self.new_id(),
            actor: user.to_string(),
            tenant,
            login_time: self.now(),
            token_payload,
            login_type: login_type.as_str().to_owned(),
            device_info: origin.user_agent.clone(),
            ip_address: origin.ip.map(|ip| ip.to_string()),
        }
    }
}

/// Whether tokens of the session can be refreshed: always in the native dialect.
pub(super) fn may_refresh(client: &Client, session: &Session) -> bool {
    session.oauth.is_none() || client.may_use(GrantType::RefreshToken)
}

/// Idle lifetime from now, never beyond the session's absolute end (RFC 9700 §4.14.2).
pub(super) fn refresh_expiry(client: &Client, session: &Session, now: Timestamp) -> Timestamp {
    now.plus(client.refresh_token_ttl).min(session.expires_at)
}

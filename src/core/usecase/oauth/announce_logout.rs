//! Telling clients that a session of theirs ended (OpenID Connect Back-Channel Logout §2).

use std::time::Duration;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::access_claims::subject;
use crate::domain::client::Client;
use crate::domain::error::Error;
use crate::domain::ids::{SessionId, uuid_v7};
use crate::domain::oidc_scope::OPENID;
use crate::domain::secret::Secret;
use crate::domain::session::Session;
use crate::ports::signer::Statement;
use crate::ports::store::Mode;
use crate::usecase::{Core, Ports, Subject};

/// How long a logout token counts.
const LIFE: Duration = Duration::from_mins(2);
/// Waits between the attempts to tell a client.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// The one event (OpenID Connect Back-Channel Logout §2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Goes to the clients after the reply.
#[derive(Clone)]
struct Herald {
    ports: Ports,
    issuer: String,
    subject: Subject,
}

/// A client that wants to know, and whom it knew there.
struct Addressee {
    uri: String,
    client: Client,
    subject: String,
}

impl Core {
    /// Tells the clients of the sessions that want to know, after the reply; what fails is tried again and then logged.
    pub(in crate::usecase) fn announce_logout(&self, sessions: Vec<Session>) {
        for session in sessions {
            self.herald().announce_later(session);
        }
    }

    /// The same, of sessions of which no more is known.
    pub(in crate::usecase) fn announce_logout_of(&self, ids: Vec<SessionId>) {
        if ids.is_empty() {
            return;
        }
        let herald = self.herald();
        self.ports.tasks.spawn(async move {
            for id in ids {
                match herald.session(id).await {
                    Ok(Some(session)) => herald.clone().announce_later(session),
                    Ok(None) => {}
                    Err(error) => warn(id, &error),
                }
            }
        });
    }

    fn herald(&self) -> Herald {
        Herald {
            ports: self.ports.clone(),
            issuer: self.settings.issuer.clone(),
            subject: self.settings.oauth.subject,
        }
    }
}

impl Herald {
    async fn session(&self, id: SessionId) -> Result<Option<Session>, Error> {
        Ok(self.ports.store.begin("ended_session", Mode::Read).await?.session(id).await?)
    }

    fn announce_later(self, session: Session) {
        // Without an ID token the client never heard of `sub` and `sid`.
        if session.oauth.as_ref().is_some_and(|oauth| oauth.has_scope(OPENID)) {
            let tasks = self.ports.tasks.clone();
            tasks.spawn(async move {
                if let Err(error) = self.try_announce(&session).await {
                    warn(session.id, &error);
                }
            });
        }
    }

    async fn try_announce(&self, session: &Session) -> Result<(), Error> {
        let Some(addressee) = self.addressee(session).await? else { return Ok(()) };
        let mut pauses = PAUSES.into_iter();
        loop {
            let token = self.logout_token(session, &addressee).await?;
            let Err(error) = self.ports.logout_notifier.tell(&addressee.uri, &token).await else {
                return Ok(());
            };
            let Some(pause) = pauses.next() else { return Err(Error::internal(error)) };
            tokio::time::sleep(pause).await;
        }
    }

    async fn addressee(&self, session: &Session) -> Result<Option<Addressee>, Error> {
        let mut tx = self.ports.store.begin("logout_addressee", Mode::Read).await?;
        let Some(client) = tx.client(session.client).await?.filter(|client| client.enabled) else {
            return Ok(None);
        };
        let Some(uri) = client.oauth.backchannel_logout_uri.clone() else { return Ok(None) };
        let account = tx.account(session.user).await?;
        Ok(account.map(|account| Addressee { uri, client, subject: subject(self.subject, &account.user) }))
    }

    async fn logout_token(&self, session: &Session, addressee: &Addressee) -> Result<Secret<String>, Error> {
        let client = &addressee.client;
        let claims = self.logout_claims(session, addressee);
        self.ports
            .signer
            .sign_statement(Statement::LogoutToken, &claims, client.oauth.id_token_algorithm)
            .await
    }

    /// There must be no `nonce`: nobody may take it for an ID token.
    fn logout_claims(&self, session: &Session, addressee: &Addressee) -> Map<String, Value> {
        let now = self.ports.clock.now().whole_seconds();
        let claims = [
            ("iss", json!(self.issuer)),
            ("sub", json!(addressee.subject)),
            ("aud", json!(addressee.client.client_id)),
            ("iat", json!(now.unix_seconds())),
            ("exp", json!(now.plus(LIFE).unix_seconds())),
            ("jti", json!(self.new_jti())),
            ("sid", json!(session.id)),
            ("events", json!({ EVENT: {} })),
        ];
        claims.into_iter().map(|(claim, value)| (claim.to_owned(), value)).collect()
    }

    fn new_jti(&self) -> Uuid {
        let mut random = [0; 10];
        self.ports.entropy.fill(&mut random);
        let millis = u64::try_from(self.ports.clock.now().unix_millis()).unwrap_or(0);
        uuid_v7(millis, &random)
    }
}

fn warn(session: SessionId, error: &Error) {
    tracing::warn!(event = "backchannel_logout_failed", session_id = %session, error = %error);
}

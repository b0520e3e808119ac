//! Who signs in, through which client, into which tenant: shared by every way of signing in.

use super::Core;
use super::half_way::no_place;
use crate::domain::activity::{Activity, LoginType};
use crate::domain::actor::Origin;
use crate::domain::authentication::{Method, Methods};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::membership::{Membership, choose_membership};
use crate::domain::user::{Account, Password, username_key};
use crate::ports::password::Verdict;
use crate::ports::store::{Mode, Store};

/// Everything that was proved about a sign-in, before anything is written.
#[derive(Clone, Debug)]
pub(super) struct SignIn {
    pub(super) client: Client,
    pub(super) account: Account,
    pub(super) membership: Membership,
    /// What was proved.
    pub(super) methods: Methods,
}

impl Core {
    /// Proves username and password, then that the account may sign in through the client.
    ///
    /// # Errors
    /// InvalidCredentials (unknown and wrong alike, in the same time), NoAllowedClients, ClientNotAllowed,
    /// UserNotActiveYet, UserInactive, TooManyAttempts, Overloaded.
    ///
    /// # Security
    /// The account's state is judged only after the password was right, so it tells a stranger nothing.
    pub(super) async fn check_password_sign_in(
        &self,
        client: Client,
        username: &str,
        password: &Password,
        origin: &Origin,
    ) -> Result<SignIn, Error> {
        let key = username_key(username);
        let attempt = self.password_attempt(&key, origin);
        let mut tx = self.reading("sign_in").await?;
        let turn = attempt.look(&mut *tx).await?;
        let account = tx.account_by_username_key(&key).await?;
        drop(tx);
        let attempt = self.begin_password_attempt(attempt, turn, account.as_ref(), origin).await?;
        let checked = self.check_password(account, password, &client, origin).await;
        if checked.as_ref().is_err_and(|error| error.kind == ErrorKind::InvalidCredentials) {
            attempt.failed().await?;
        }
        let sign_in = self.admit(client, checked?, Methods::one(Method::Password)).await?;
        self.demand_new_password(sign_in).await
    }

    async fn check_password(
        &self,
        account: Option<Account>,
        password: &Password,
        client: &Client,
        origin: &Origin,
    ) -> Result<Account, Error> {
        let known = account.and_then(|account| account.password_hash.clone().map(|hash| (account, hash)));
        let Some((account, hash)) = known else {
            self.ports.passwords.verify_nobody(password.clone()).await?;
            return Err(ErrorKind::InvalidCredentials.into());
        };
        match self.ports.passwords.verify(password.clone(), &hash).await? {
            Verdict::Match => Ok(account),
            Verdict::MatchRehash => {
                self.rehash_later(&account, password.clone());
                Ok(account)
            }
            Verdict::NoMatch => {
                self.record_failure(&account, client, origin);
                Err(ErrorKind::InvalidCredentials.into())
            }
        }
    }

    /// Whether the account may sign in through the client, and into which tenant.
    pub(super) async fn admit(
        &self,
        client: Client,
        account: Account,
        methods: Methods,
    ) -> Result<SignIn, Error> {
        if account.clients.is_empty() {
            return Err(ErrorKind::NoAllowedClients.into());
        }
        if !account.clients.contains(&client.key) {
            return Err(ErrorKind::ClientNotAllowed.into());
        }
        let memberships = self.reading("admit").await?.memberships(account.user.id).await?;
        let membership = choose_membership(&memberships, account.user.default_tenant).map_err(no_place)?;
        Ok(SignIn { client, membership: membership.clone(), account, methods })
    }

    /// Gives the hash our parameters after the reply: the sign-in must not wait for a second hashing.
    fn rehash_later(&self, account: &Account, password: Password) {
        let ports = self.ports.clone();
        let (user, version) = (account.user.id, account.user.credential_version);
        self.ports.tasks.spawn(async move {
            let rehashed: Result<(), Error> = async {
                let hash = ports.passwords.hash(password).await?;
                let scheme = ports.passwords.scheme(&hash);
                let mut tx = ports.store.begin("rehash_password", Mode::Write).await?;
                tx.rehash_password(user, version, &hash, &scheme).await?;
                Ok(tx.commit().await?)
            }
            .await;
            if let Err(error) = rehashed {
                tracing::warn!(event = "password_rehash_failed", user_id = %user, error = %error);
            }
        });
    }

    /// Notes a failed sign-in of a known account after the reply: an unknown account writes nothing, and time must not tell.
    pub(super) fn record_failure(&self, account: &Account, client: &Client, origin: &Origin) {
        let payload = serde_json::json!({ "id": account.user.id, "clientId": client.client_id });
        let (user, tenant) = (account.user.id, account.user.default_tenant);
        let activity = self.activity(LoginType::Failed, user, tenant, payload.to_string(), origin);
        let store = self.ports.store.clone();
        self.ports.tasks.spawn(async move {
            if let Err(error) = record(store.as_ref(), activity).await {
                tracing::error!(event = "login_activity_lost", error = %error);
            }
        });
    }
}

async fn record(store: &dyn Store, mut activity: Activity) -> Result<(), Error> {
    let mut tx = store.begin("record_failed_sign_in", Mode::Write).await?;
    if activity.tenant.is_none()
        && let Ok(user) = activity.actor.parse()
    {
        activity.tenant = tx.memberships(user).await?.first().map(|membership| membership.tenant);
    }
    tx.record_activity(&activity).await?;
    Ok(tx.commit().await?)
}

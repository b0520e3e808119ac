//! The state of a sign-in on the hosted pages: no row anywhere, only a text that the one browser which began can open.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::turn::{BrowserCookies, Stage};
use crate::domain::actor::Origin;
use crate::domain::authorization_request::AuthorizationRequest;
use crate::domain::browser_session::BrowserSession;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{BrowserSessionId, GrantId};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::time::Timestamp;
use crate::usecase::Core;
use crate::usecase::begin_federated_login::is_opaque;

/// How long somebody may take to sign in.
const LIFETIME: Duration = Duration::from_mins(30);

/// Longest sealed transaction, in bytes: it travels in addresses, and a sign-in at a provider keeps it. The longest `state`,
/// `nonce` and `claims` fit, in letters.
const MAX_LENGTH: usize = 16 * 1024;
/// What the steps of a sign-in add to it at most.
const ROOM: usize = 1024;

/// What is under way in a browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Transaction {
    /// A sign-in for a client.
    SignIn(Box<SignInTransaction>),
    /// A form of its own.
    Form,
    /// A question whether to sign out.
    SignOut(SignOutTransaction),
}

/// A sign-in for a client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SignInTransaction {
    pub(super) request: AuthorizationRequest,
    pub(super) stage: Stage,
    pub(super) begun_at: Timestamp,
    /// Who was signed in then does not count as somebody new.
    pub(super) begun_in: Option<BrowserSessionId>,
    /// Only a sign-in made since does.
    pub(super) wants_new_sign_in: bool,
    /// The code of a sign-in that waits for its second factor; it never leaves this text.
    pub(super) code: Option<String>,
    /// When the first factor was proved, if that was in an earlier sign-in.
    pub(super) proved_at: Option<Timestamp>,
    /// The browser session of that sign-in: what was proved counts as long as it lives.
    #[serde(default)]
    pub(super) proved_in: Option<BrowserSessionId>,
    /// What holds the provider's side of a sign-in, and the browser session which that sign-in opened.
    pub(super) upstream: Option<(GrantId, BrowserSessionId)>,
    /// In which browser session consent is asked for.
    pub(super) asked_in: Option<BrowserSessionId>,
}

impl SignInTransaction {
    /// Whether the sign-in of the browser session is recent enough for the request: one made since it began always is
    /// (OpenID Connect Core §3.1.2.1).
    pub(super) fn is_satisfied_by(&self, session: &BrowserSession, now: Timestamp) -> bool {
        let is_in_time = |age: u64| now.since(session.authenticated_at).as_secs() <= age;
        self.is_made_for_it(session)
            || (!self.wants_new_sign_in && self.request.max_age.is_none_or(is_in_time))
    }

    /// Whether somebody signed in since the request began.
    pub(super) fn is_made_for_it(&self, session: &BrowserSession) -> bool {
        self.begun_in != Some(session.id) && session.authenticated_at >= self.begun_at
    }

    /// As if nothing had been proved in it yet.
    pub(super) fn start_over(&mut self) {
        self.stage = Stage::SignIn;
        (self.code, self.asked_in) = (None, None);
        (self.proved_at, self.proved_in) = (None, None);
    }
}

/// Where to go after signing out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SignOutTransaction {
    pub(super) redirect: Option<String>,
    pub(super) session: BrowserSessionId,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    expires_at: Timestamp,
    transaction: Transaction,
}

/// A step of a sign-in: the browser proved that it is its own.
pub(super) struct Step {
    pub(super) origin: Origin,
    pub(super) cookies: BrowserCookies,
    pub(super) browser: Secret<String>,
    pub(super) client: Client,
    pub(super) transaction: SignInTransaction,
    /// Whether something is shown before the browser goes on.
    pub(super) pause: bool,
}

impl Core {
    /// The browser's token, and whether it has to be told of it.
    pub(super) fn browser_of(&self, cookies: &BrowserCookies) -> (Secret<String>, Option<Secret<String>>) {
        if let Some(token) = cookies.browser.clone().filter(|token| is_opaque(token.expose())) {
            return (token, None);
        }
        let token = self.opaque_token();
        (token.clone(), Some(token))
    }

    /// The text of the transaction, for that browser.
    ///
    /// # Errors
    /// Internal.
    pub(super) fn seal_transaction(
        &self,
        browser: &Secret<String>,
        transaction: &Transaction,
    ) -> Result<Secret<String>, Error> {
        let begun_at = match transaction {
            Transaction::SignIn(sign_in) => sign_in.begun_at,
            Transaction::Form | Transaction::SignOut(_) => self.now(),
        };
        let sealed = Sealed { expires_at: begun_at.plus(LIFETIME), transaction: transaction.clone() };
        let plain = Secret::new(serde_json::to_vec(&sealed).map_err(Error::internal)?);
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(self.ports.sealer.seal(&place(browser), plain.expose()))))
    }

    /// Opens what was sealed for the browser, which is told by its cookie.
    ///
    /// # Errors
    /// TransactionUnknown: another browser's, too old, or no such text.
    pub(super) fn open_transaction(
        &self,
        transaction: &Secret<String>,
        cookies: &BrowserCookies,
    ) -> Result<(Secret<String>, Transaction), Error> {
        let opened = || {
            let browser = cookies.browser.clone().filter(|token| is_opaque(token.expose()))?;
            let text = Some(transaction.expose()).filter(|text| text.len() <= MAX_LENGTH)?;
            let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
            let plain = self.ports.sealer.open(&place(&browser), &sealed).ok()?;
            let sealed: Sealed = serde_json::from_slice(plain.expose()).ok()?;
            (self.now() < sealed.expires_at).then_some((browser, sealed.transaction))
        };
        opened().ok_or_else(|| ErrorKind::TransactionUnknown.into())
    }

    /// A step of a sign-in for a client that may still have people signed in.
    ///
    /// # Errors
    /// TransactionUnknown, ClientUnknown.
    pub(super) async fn step(
        &self,
        origin: Origin,
        transaction: &Secret<String>,
        cookies: BrowserCookies,
    ) -> Result<Step, Error> {
        let (browser, opened) = self.open_transaction(transaction, &cookies)?;
        let Transaction::SignIn(transaction) = opened else {
            return Err(ErrorKind::TransactionUnknown.into());
        };
        let client = self.known_client(&transaction.request.client_id).await?;
        Ok(Step { origin, cookies, browser, client, transaction: *transaction, pause: false })
    }

    /// The text of a step's transaction as it stands.
    ///
    /// # Errors
    /// RequestInvalid for an authorization request that is too long; Internal.
    pub(super) fn seal_step(&self, step: &Step) -> Result<Secret<String>, Error> {
        let transaction = Transaction::SignIn(Box::new(step.transaction.clone()));
        let sealed = self.seal_transaction(&step.browser, &transaction)?;
        let room = if step.transaction.stage == Stage::SignIn { ROOM } else { 0 };
        if sealed.expose().len() + room > MAX_LENGTH {
            return Err(Error::with_public(ErrorKind::RequestInvalid, "the request is too long"));
        }
        Ok(sealed)
    }
}

fn place(browser: &Secret<String>) -> String {
    format!("sign_in_transaction/{}", hex::encode(TokenHash::of(browser.expose()).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::authentication::Methods;
    use crate::domain::authorization_request::ReturnAddress;
    use crate::domain::ids::{ClientKey, Id, MembershipId, TenantId, UserId};

    const MINUTE: Duration = Duration::from_mins(1);

    fn id<T: Id>(number: u128) -> T {
        T::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn at(minutes: u32) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000).expect("in range").plus(MINUTE * minutes)
    }

    /// A request made ten minutes in, in the browser session 1.
    fn transaction(parameters: &[(&str, &str)]) -> SignInTransaction {
        let challenge = "j3wKnK2Fa_mc2tgdqa6GtUfCYjdWSA5S23JKTTtPF8Y";
        let own =
            [("response_type", "code"), ("code_challenge", challenge), ("code_challenge_method", "S256")];
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let parameters: Vec<_> = own.iter().chain(parameters).map(text).collect();
        let reply_to = ReturnAddress::of(&parameters, "https://a.test/cb");
        let client = Client::sample("a");
        let request = AuthorizationRequest::judge(&parameters, &client, reply_to).expect("a right request");
        SignInTransaction {
            wants_new_sign_in: request.wants_new_sign_in(),
            request,
            stage: Stage::SignIn,
            begun_at: at(10),
            begun_in: Some(id(1)),
            code: None,
            proved_at: None,
            proved_in: None,
            upstream: None,
            asked_in: None,
        }
    }

    fn session(number: u128, authenticated_at: Timestamp) -> BrowserSession {
        BrowserSession {
            id: id(number),
            token_hash: TokenHash::of("x"),
            user: id::<UserId>(1),
            tenant: id::<TenantId>(1),
            membership: id::<MembershipId>(1),
            client: id::<ClientKey>(1),
            credential_version: 1,
            user_epoch: 0,
            membership_epoch: 0,
            methods: Methods::default(),
            authenticated_at,
            last_used_at: authenticated_at,
            expires_at: authenticated_at.plus(MINUTE * 1000),
            ended_at: None,
            ip: None,
            user_agent: None,
        }
    }

    #[test]
    fn oidc_core_3_1_2_1_an_earlier_sign_in_counts_unless_the_client_wants_a_new_one() {
        let before = session(1, at(0));
        for (parameters, is_enough) in [
            (&[][..], true),
            (&[("prompt", "consent")], true),
            (&[("prompt", "none")], true),
            (&[("prompt", "login")], false),
            (&[("prompt", "select_account")], false),
            (&[("max_age", "600")], true),
            (&[("max_age", "599")], false),
            (&[("max_age", "0")], false),
        ] {
            let transaction = transaction(parameters);
            assert_eq!(transaction.is_satisfied_by(&before, at(10)), is_enough, "{parameters:?}");
            let since = session(2, at(11));
            assert!(transaction.is_satisfied_by(&since, at(30)), "whoever signed in for it has done enough");
        }
    }

    #[test]
    fn the_session_of_the_beginning_is_never_a_new_one() {
        let transaction = transaction(&[("prompt", "login")]);
        assert!(
            !transaction.is_satisfied_by(&session(1, at(10)), at(10)),
            "the same session, at the same time"
        );
        assert!(!transaction.is_satisfied_by(&session(2, at(9)), at(10)), "a step up of an earlier sign-in");
        assert!(transaction.is_satisfied_by(&session(2, at(10)), at(10)));
    }
}

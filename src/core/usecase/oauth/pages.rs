//! What the hosted pages show.

use super::turn::{BrowserCookies, Stage, Turn};
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::hosted_pages::HostedPages;
use crate::domain::second_factor::Channel;
use crate::domain::secret::Secret;
use crate::ports::provider::ProviderKind;
use crate::usecase::Core;

/// Everything a page of a sign-in shows.
#[derive(Clone, Debug)]
pub struct PageView {
    /// Where the sign-in stands: a page of another stage sends the browser to the page of this one.
    pub stage: Stage,
    /// The client's public identifier.
    pub client_id: String,
    /// Its name.
    pub client_name: String,
    /// Where the sign-in leads in the end: the page's policy has to let its forms be redirected there.
    pub redirect_uri: String,
    /// How pages look on the way to it: its own words over its tenant's.
    pub pages: HostedPages,
    /// Who the client thinks will sign in, to fill the field with; nothing is known about it.
    pub login_hint: Option<String>,
    /// Languages in the order the client asked for (OpenID Connect Core §3.1.2.1).
    pub ui_locales: Vec<String>,
    /// Providers somebody can sign in at.
    pub providers: Vec<ProviderButton>,
    /// What is asked at [`Stage::SecondFactor`].
    pub second_factor: Option<SecondFactorAsked>,
    /// The scopes that are asked at [`Stage::Consent`].
    pub scopes: Vec<String>,
    /// Who is signed in, as far as that was proved: a name to greet with.
    pub person: Option<String>,
    /// Whether somebody may sign up.
    pub may_sign_up: bool,
}

/// A way to sign in elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderButton {
    /// The provider instance.
    pub id: String,
    /// Its kind.
    pub kind: ProviderKind,
    /// What people call it.
    pub label: String,
}

/// A second factor that is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecondFactorAsked {
    /// A code of the authenticator app, or a recovery code.
    App,
    /// The code that was sent.
    Sent(Channel),
}

/// A page that was loaded again, or goes on after recovery codes were shown.
#[derive(Debug)]
pub struct ResumePage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
}

impl Core {
    /// What the page of that transaction shows; nothing changes.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown.
    pub async fn look_at_page(
        &self,
        transaction: &Secret<String>,
        cookies: &BrowserCookies,
    ) -> Result<PageView, Error> {
        let _ = (transaction, cookies);
        Err(ErrorKind::Unavailable.into())
    }

    /// Goes on with whoever is signed in in the browser.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown.
    pub async fn resume_page(&self, command: ResumePage) -> Result<Turn, Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }
}

//! What the hosted pages show.

use super::transaction::Step;
use super::turn::{BrowserCookies, Stage, Turn};
use crate::domain::actor::Origin;
use crate::domain::challenge::Expected;
use crate::domain::client::Client;
use crate::domain::consent::wanted;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::hosted_pages::HostedPages;
use crate::domain::second_factor::Channel;
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::{Account, User};
use crate::ports::provider::{ProviderInfo, ProviderKind};
use crate::usecase::Core;
use crate::usecase::half_way::Held;

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

/// Where a sign-in stands, as far as it can still go on.
struct Standing {
    stage: Stage,
    second_factor: Option<SecondFactorAsked>,
    account: Option<Account>,
}

impl Default for Standing {
    fn default() -> Self {
        Self { stage: Stage::SignIn, second_factor: None, account: None }
    }
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
        let step = self.step(Origin::default(), transaction, cookies.clone()).await?;
        let Standing { stage, second_factor, account } = self.standing(&step).await?;
        let Step { client, transaction, .. } = step;
        let request = transaction.request;
        let scopes = if stage == Stage::Consent { wanted(&request) } else { Vec::new() };
        Ok(PageView {
            stage,
            pages: self.pages_of(&client).await?,
            client_id: client.client_id,
            client_name: client.name,
            redirect_uri: request.reply_to.redirect_uri,
            login_hint: request.login_hint,
            ui_locales: request.ui_locales,
            providers: self.provider_buttons(),
            second_factor,
            scopes,
            person: account.map(|account| name_of(&account.user)),
            may_sign_up: self.settings.sign_up.is_some(),
        })
    }

    /// Where the sign-in stands: at its beginning, if what it waited for is gone.
    async fn standing(&self, step: &Step) -> Result<Standing, Error> {
        match step.transaction.stage {
            Stage::SignIn => Ok(Standing::default()),
            Stage::SecondFactor | Stage::Enrol => self.second_half(step).await,
            Stage::Consent => {
                let who = self.signed_in(&step.cookies).await?;
                let who = who.filter(|who| Some(who.session.id) == step.transaction.asked_in);
                Ok(who.map_or_else(Standing::default, |who| Standing {
                    stage: Stage::Consent,
                    second_factor: None,
                    account: Some(who.account),
                }))
            }
        }
    }

    async fn second_half(&self, step: &Step) -> Result<Standing, Error> {
        if !self.earlier_sign_in_stands(step).await? {
            return Ok(Standing::default());
        }
        let code = step.transaction.code.as_deref().unwrap_or_default();
        let challenge = match self.held(&TokenHash::of(code), Some(&step.client)).await {
            Ok(Held::Pending(challenge)) => challenge,
            Ok(Held::Grant(_)) => return Ok(Standing::default()),
            Err(error) if matches!(error.kind, ErrorKind::CodeUnknownOrUsed | ErrorKind::CodeExpired) => {
                return Ok(Standing::default());
            }
            Err(error) => return Err(error),
        };
        let account = match challenge.user {
            Some(user) => self.reading("page_account").await?.account(user).await?,
            None => None,
        };
        let asked = match challenge.expected {
            Expected::Sent { channel, .. } => SecondFactorAsked::Sent(channel),
            Expected::Totp => SecondFactorAsked::App,
        };
        let stage = step.transaction.stage;
        let second_factor = (stage == Stage::SecondFactor).then_some(asked);
        Ok(Standing { stage, second_factor, account })
    }

    /// The client's words over its tenant's.
    async fn pages_of(&self, client: &Client) -> Result<HostedPages, Error> {
        let Some(tenant) = client.tenant else { return Ok(client.oauth.pages.clone()) };
        let tenants = self.reading("hosted_pages").await?.hosted_pages(tenant).await?;
        Ok(client.oauth.pages.over(&tenants))
    }

    fn provider_buttons(&self) -> Vec<ProviderButton> {
        let all = self.ports.providers.all();
        all.iter().map(|provider| button(provider.info())).collect()
    }

    /// Goes on with whoever is signed in in the browser.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown.
    pub async fn resume_page(&self, command: ResumePage) -> Result<Turn, Error> {
        let ResumePage { origin, transaction, cookies } = command;
        let step = self.step(origin, &transaction, cookies).await?;
        let who = self.signed_in(&step.cookies).await?;
        self.proceed(step, who, false).await
    }
}

fn button(info: &ProviderInfo) -> ProviderButton {
    let is_only = info.id == info.kind.as_str();
    let label = match info.kind {
        ProviderKind::Google => "Google".to_owned(),
        ProviderKind::Azure => "Microsoft".to_owned(),
        ProviderKind::Cognito => "Amazon Cognito".to_owned(),
        ProviderKind::Keycloak => "Keycloak".to_owned(),
        ProviderKind::Apple => "Apple".to_owned(),
        ProviderKind::Facebook => "Facebook".to_owned(),
        ProviderKind::Instagram => "Instagram".to_owned(),
        ProviderKind::Saml if is_only => "SAML".to_owned(),
        ProviderKind::Oidc if is_only => "OpenID Connect".to_owned(),
        ProviderKind::Saml | ProviderKind::Oidc => titled(&info.id),
    };
    // More than one of a kind are told apart by the operator's names for them.
    let label = if is_only || label == titled(&info.id) { label } else { format!("{label} ({})", info.id) };
    ProviderButton { id: info.id.clone(), kind: info.kind, label }
}

/// `acme-login` as people write it: `Acme login`.
fn titled(id: &str) -> String {
    let words = id.replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn name_of(user: &User) -> String {
    let last = user.last_name.as_deref().unwrap_or_default();
    let name = format!("{} {last}", user.first_name);
    let name = name.trim();
    if name.is_empty() { user.username.clone() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_as_people_write_them() {
        assert_eq!([titled("acme-login"), titled("élan_x"), titled("")], ["Acme login", "Élan x", ""]);
        let user = User { last_name: Some("Doe".to_owned()), ..User::sample("alice") };
        assert_eq!(name_of(&user), "Alice Doe");
        assert_eq!(name_of(&User { first_name: String::new(), last_name: None, ..user }), "alice");
    }
}

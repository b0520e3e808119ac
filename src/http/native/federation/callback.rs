//! A browser comes back from a provider.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::{FinishFederatedLogin, PageReturn};
use poem::http::{HeaderMap, header};
use poem::{FromRequest, Request, RequestBody, Result};

use super::begin::{found, see_other};
use super::redirect::{Redirect, client_location};
use crate::extract::login_cookie::LoginCookie;
use crate::extract::origin::RequestOrigin;
use crate::meter;
use crate::native::error::Failure;
use crate::native::form::Brought;
use crate::page::FormPage;
use crate::settings::HttpSettings;
use crate::shared::App;
use crate::urlencoded::percent_encoded;

/// The field that says that a form was sent again from our own page.
const SENT_AGAIN: &str = "doorward_sent_again";

/// What every callback reads of a request.
pub(super) struct Callback {
    app: App,
    origin: RequestOrigin,
    cookie: LoginCookie,
    brought: Brought,
    path: String,
    is_from_elsewhere: bool,
}

impl<'a> FromRequest<'a> for Callback {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let app = App::of(request)?;
        Ok(Self {
            origin: RequestOrigin::from_request(request, body).await?,
            cookie: LoginCookie::from_request(request, body).await?,
            brought: Brought::from_request(request, body).await?,
            path: request.uri().path().to_owned(),
            is_from_elsewhere: is_from_elsewhere(request.headers(), &app.settings),
            app,
        })
    }
}

impl Callback {
    /// The browser goes on to its client, with a code or with what went wrong.
    pub(super) async fn finish(mut self, provider: &str) -> Result<Redirect, Failure> {
        let sent_again = self.take_mark();
        if !sent_again && self.lost_its_cookie(provider) {
            return Ok(self.send_again());
        }
        let Self { app, origin, cookie, brought, .. } = self;
        let parameters = brought.parameters.into_iter();
        let command = FinishFederatedLogin {
            actor: origin.anonymous(),
            provider: provider.to_owned(),
            browser_tokens: cookie.0,
            parameters: parameters.map(|(name, value)| (name, Secret::new(value))).collect(),
            by_post: brought.by_post,
            public_url: app.settings.public_url.clone(),
        };
        let finish = |core: std::sync::Arc<doorward_core::usecase::Core>| async move {
            meter::returned(core.finish_federated_login(command).await)
        };
        let returned = app.run_to_end(finish).await?;
        if let Some(page) = returned.page {
            return see_other(&page_return(&app.settings, &page)).map(Redirect);
        }
        let location = client_location(&returned, app.settings.web_app_url.as_deref());
        found(&location).map(Redirect)
    }

    fn take_mark(&mut self) -> bool {
        let before = self.brought.parameters.len();
        self.brought.parameters.retain(|(name, _)| name != SENT_AGAIN);
        self.brought.parameters.len() < before
    }

    /// Whether the browser kept its `Lax` cookie back because the form came from the provider's page.
    fn lost_its_cookie(&self, provider: &str) -> bool {
        let Some(provider) = self.app.core.ports().providers.provider(provider) else { return false };
        let state = provider.info().state_parameter;
        let has_state =
            self.brought.parameters.iter().any(|(name, value)| name == state && !value.is_empty());
        self.brought.by_post && self.is_from_elsewhere && self.cookie.0.is_empty() && has_state
    }

    /// The same form again, once, from a page of ours: with it the cookie comes.
    fn send_again(&self) -> Redirect {
        let own = [(SENT_AGAIN, "1")];
        let brought = self.brought.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let fields: Vec<(&str, &str)> = brought.chain(own).collect();
        let page = FormPage {
            title: "Sign in",
            text: "You are back from your identity provider.",
            action: &self.path,
            fields: &fields,
            submits_itself: true,
        };
        Redirect(page.response())
    }
}

/// The hosted page that a sign-in at a provider goes on at: there the browser sends that page's cookies, which it keeps back
/// from the form of another site.
fn page_return(settings: &HttpSettings, page: &PageReturn) -> String {
    let result = page.result.as_ref().map(|result| ("result", result.expose().as_str()));
    let error = page.error.map(|error| ("error", error));
    let transaction = ("transaction", page.transaction.expose().as_str());
    let pairs = [Some(transaction), result, error].into_iter().flatten();
    let query: Vec<String> =
        pairs.map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
    format!("{}?{}", settings.path("/sign-in/return"), query.join("&"))
}

/// Whether the browser says that another site's page sent this (Fetch Metadata; else RFC 6454 §7).
fn is_from_elsewhere(headers: &HeaderMap, settings: &HttpSettings) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site.as_bytes() == b"cross-site";
    }
    let own = settings.public_url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    headers.get(header::ORIGIN).is_some_and(|origin| !origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(name: &'static str, value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header"));
        let settings =
            HttpSettings { public_url: "https://auth.test:8443/base".to_owned(), ..crate::fakes::settings() };
        is_from_elsewhere(&headers, &settings)
    }

    #[test]
    fn a_sign_in_that_began_on_a_page_goes_on_there() {
        let settings =
            HttpSettings { public_url: "https://auth.test/base/".to_owned(), ..crate::fakes::settings() };
        let page = |result, error| PageReturn { transaction: Secret::from("t-_1"), result, error };
        let came = page_return(&settings, &page(Some(Secret::from("r&1")), None));
        assert_eq!(came, "/base/sign-in/return?transaction=t-_1&result=r%261");
        let refused = page_return(&settings, &page(None, Some("access_denied")));
        assert_eq!(refused, "/base/sign-in/return?transaction=t-_1&error=access_denied");
    }

    #[test]
    fn the_browser_says_where_a_form_comes_from() {
        assert!(judge("sec-fetch-site", "cross-site"));
        assert!(!judge("sec-fetch-site", "same-origin"));
        assert!(!judge("sec-fetch-site", "none"));
        assert!(judge("origin", "https://appleid.apple.com"));
        assert!(judge("origin", "null"));
        assert!(judge("origin", "https://auth.test"));
        assert!(!judge("origin", "https://auth.test:8443"));
        assert!(!is_from_elsewhere(&HeaderMap::new(), &crate::fakes::settings()));
    }
}

//! A browser leaves for a provider.

use doorward_core::domain::error::Error;
use doorward_core::ports::provider::Destination;
use doorward_core::usecase::{BeginFederatedLogin, Browser, Departing};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{FromRequest, IntoResponse, Request, RequestBody, Response, Result};
use serde_json::json;

use super::redirect::Redirect;
use crate::extract::login_cookie::{LoginCookie, set_cookie};
use crate::extract::origin::RequestOrigin;
use crate::native::error::Failure;
use crate::native::wire::{ClientAuthRequest, secret};
use crate::page::FormPage;
use crate::settings::HttpSettings;
use crate::shared::App;

/// What every start route reads of a request.
pub(super) struct Start {
    pub(super) app: App,
    pub(super) origin: RequestOrigin,
    pub(super) cookie: LoginCookie,
}

impl<'a> FromRequest<'a> for Start {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        Ok(Self {
            app: App::of(request)?,
            origin: RequestOrigin::from_request(request, body).await?,
            cookie: LoginCookie::from_request(request, body).await?,
        })
    }
}

impl Start {
    /// With client credentials of a form.
    pub(super) async fn by_form(
        self,
        provider: &str,
        client: ClientAuthRequest,
    ) -> Result<Redirect, Failure> {
        let Self { app, origin, cookie } = self;
        let browser = browser(&app, cookie, &origin);
        let command = BeginFederatedLogin {
            actor: origin.anonymous(),
            provider: provider.to_owned(),
            client_id: client.client_id,
            client_secret: secret(client.client_secret),
            browser,
        };
        let departing = app.run_to_end(|core| async move { core.begin_federated_login(command).await }).await;
        away(&app.settings, departing)
    }

    /// With client credentials of the query, where a secret has no business.
    pub(super) async fn by_query(
        self,
        provider: &str,
        client: ClientAuthRequest,
    ) -> Result<Redirect, Failure> {
        if client.client_secret.is_some() && !self.app.settings.allow_secret_in_query {
            let details = json!({
                "parameter": "client_secret",
                "reason": "a secret in the query ends up in logs: use POST, or set native.allow_secret_in_query",
            });
            let message = "Invalid data for parameter \"client_secret\".".to_owned();
            return Err(Failure::invalid_parameter(message, details));
        }
        self.by_form(provider, client).await
    }
}

/// The browser, and where it has to come back to.
pub(super) fn browser(app: &App, cookie: LoginCookie, origin: &RequestOrigin) -> Browser {
    let token = cookie.0.into_iter().next();
    Browser { token, public_url: app.settings.public_url.clone(), ip: origin.0.ip }
}

/// The reply that sends the browser away, with the cookie it has to bring back.
pub(super) fn away(
    settings: &HttpSettings,
    departing: Result<Departing, Error>,
) -> Result<Redirect, Failure> {
    let departing = departing?;
    let Departing { browser_token, answers_by_post, lifetime, .. } = &departing;
    let cookie = set_cookie(settings, browser_token, *answers_by_post, *lifetime);
    let mut response = match departing.destination {
        Destination::Redirect(location) => found(&location)?,
        Destination::AutoPost { action, fields } => {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            FormPage {
                title: "Sign in",
                text: "You are being sent to your identity provider.",
                action: &action,
                fields: &fields,
                submits_itself: true,
            }
            .response()
        }
    };
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Failure::internal())?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(Redirect(response))
}

/// 302 to that address.
pub(super) fn found(location: &str) -> Result<Response, Failure> {
    go_on(StatusCode::FOUND, location)
}

/// 303 to that address.
pub(super) fn see_other(location: &str) -> Result<Response, Failure> {
    go_on(StatusCode::SEE_OTHER, location)
}

fn go_on(status: StatusCode, location: &str) -> Result<Response, Failure> {
    let location = HeaderValue::from_str(location).map_err(|_| {
        tracing::error!(event = "redirect_not_a_header", reason = "the address holds control characters");
        Failure::internal()
    })?;
    let mut response = status.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

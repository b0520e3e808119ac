//! Linking an account at a provider to the signed-in user: a ticket for the browser, a page that asks, the way there.

use doorward_core::domain::secret::Secret;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::begin::{away, browser};
use super::redirect::{Page, Redirect};
use crate::extract::bearer::Bearer;
use crate::extract::login_cookie::LoginCookie;
use crate::extract::origin::RequestOrigin;
use crate::native::Tag;
use crate::native::error::Failure;
use crate::native::form::{Form, Query};
use crate::native::reply::Reply;
use crate::native::wire::{LinkResponse, TicketRequest};
use crate::page::FormPage;
use crate::shared::App;

pub(crate) struct LinkApi;

#[OpenApi(tag = "Tag::ProviderController")]
impl LinkApi {
    /// An address at which the caller's browser can link an account at the provider; works once, for two minutes
    #[oai(path = "/auth/providers/:id/link", method = "post", operation_id = "ProviderController.link")]
    async fn link(&self, app: App, id: Path<String>, caller: Bearer) -> Result<Reply<LinkResponse>, Failure> {
        let provider = id.0.clone();
        let ticket =
            app.run_to_end(|core| async move { core.ticket_to_link(&caller.0, &id.0).await }).await?;
        let base = app.settings.public_url.trim_end_matches('/');
        let url = format!("{base}/auth/providers/{provider}/link/start?ticket={}", ticket.expose());
        Reply::of(&LinkResponse { url })
    }

    /// A page that says which account is about to be linked
    ///
    /// Without it, somebody who sends another person such an address would be given that person's account at the provider.
    #[oai(
        path = "/auth/providers/:id/link/start",
        method = "get",
        operation_id = "ProviderController.viewLink"
    )]
    async fn view(&self, app: App, id: Path<String>, ticket: Query<TicketRequest>) -> Result<Page, Failure> {
        let ticket = Secret::new(ticket.0.ticket);
        let view = app.core.view_ticket(&id.0, &ticket).await?;
        let (provider, username) = (&id.0, &view.username);
        let text = format!(
            "Your account at {provider} will be able to sign in as {username} here. Go on only if you are {username}."
        );
        let page = FormPage {
            title: "Link an account",
            text: &text,
            action: "start",
            fields: &[("ticket", ticket.expose())],
            submits_itself: false,
        };
        Ok(Page(page.response()))
    }

    /// Sends the browser to the provider
    #[oai(
        path = "/auth/providers/:id/link/start",
        method = "post",
        operation_id = "ProviderController.startLink"
    )]
    async fn start(
        &self,
        app: App,
        origin: RequestOrigin,
        cookie: LoginCookie,
        id: Path<String>,
        ticket: Form<TicketRequest>,
    ) -> Result<Redirect, Failure> {
        let ticket = Secret::new(ticket.0.ticket);
        let browser = browser(&app, cookie, &origin);
        let departing =
            app.run_to_end(|core| async move { core.begin_link(&id.0, &ticket, browser).await }).await;
        away(&app.settings, departing)
    }
}

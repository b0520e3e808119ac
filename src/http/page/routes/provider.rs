//! `/sign-in/provider` and `/sign-in/return`: to an identity provider and back.

use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::ports::provider::Destination;
use doorward_core::usecase::oauth::{DepartFromPage, ReturnToPage};
use doorward_core::usecase::{Browser, Departing};
use poem::Response;

use super::reply::{go_to, respond, with_cookies};
use super::sign_in::again;
use super::visit::Visit;
use crate::extract::login_cookie::set_cookie;
use crate::page::render::render;
use crate::page::view::FormPost;

/// Sends the browser to the provider whose button was pressed.
pub(super) async fn depart(visit: Visit) -> Result<Response, Error> {
    let transaction = visit.transaction()?;
    let browser = Browser {
        token: visit.at_providers.first().cloned(),
        public_url: visit.app.settings.public_url.clone(),
        ip: visit.origin.ip,
    };
    let command = DepartFromPage {
        origin: visit.origin.clone(),
        transaction: transaction.clone(),
        cookies: visit.cookies.clone(),
        provider: visit.field("provider"),
        browser,
    };
    match visit.app.run_to_end(|core| async move { core.depart_from_page(command).await }).await {
        Ok(departing) => Ok(away(&visit, departing)),
        Err(error) => again(&visit, &transaction, error).await,
    }
}

/// Goes on with what the provider said of the browser; the sign-in page again where it said no.
pub(super) async fn arrive(visit: Visit) -> Result<Response, Error> {
    let transaction = visit.transaction()?;
    let command = ReturnToPage {
        origin: visit.origin.clone(),
        transaction: transaction.clone(),
        cookies: visit.cookies.clone(),
        result: visit.secret("result"),
        error: visit.parameter("error").map(str::to_owned),
    };
    match visit.app.run_to_end(|core| async move { Box::pin(core.return_to_page(command)).await }).await {
        Ok(turn) => Ok(respond(&visit, turn)),
        Err(error) if error.kind == ErrorKind::TransactionUnknown => Err(error),
        Err(error) => again(&visit, &transaction, error).await,
    }
}

fn away(visit: &Visit, departing: Departing) -> Response {
    let Departing { destination, browser_token, answers_by_post, lifetime } = departing;
    let cookie = set_cookie(&visit.app.settings, &browser_token, answers_by_post, lifetime);
    let response = match destination {
        Destination::Redirect(address) => go_to(visit, &address),
        Destination::AutoPost { action, fields } => render(&FormPost { action, fields }, &visit.look()),
    };
    with_cookies(response, [cookie])
}

//! `/sign-in`: username, password and the providers.

use doorward_core::domain::error::Error;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::{PageView, SignInOnPage};
use poem::Response;

use super::form::Refusal;
use super::reply::{instead_of_page, respond, shown};
use super::visit::Visit;
use crate::meter;
use crate::page::alert::{Alert, Reason};
use crate::page::render::render;
use crate::page::view::{ProviderButton, SignIn};

/// The form; also for who is further already and wants to be somebody else.
pub(super) async fn show(visit: Visit) -> Result<Response, Error> {
    let Some(transaction) = visit.secret("transaction") else {
        return Ok(instead_of_page(&visit, Reason::StartAtApp));
    };
    let view = visit.app.core.look_at_page(&transaction, &visit.cookies).await?;
    let username = view.login_hint.clone().unwrap_or_default();
    Ok(draw(&visit, &view, &transaction, username, None))
}

/// Signs in.
pub(super) async fn submit(visit: Visit) -> Result<Response, Error> {
    let transaction = visit.transaction()?;
    let command = SignInOnPage {
        origin: visit.origin.clone(),
        transaction: transaction.clone(),
        cookies: visit.cookies.clone(),
        username: visit.field("username"),
        password: Secret::new(visit.field("password")),
    };
    let work = |core: std::sync::Arc<doorward_core::usecase::Core>| async move {
        meter::turn(Box::pin(core.sign_in_on_page(command)).await)
    };
    match visit.app.run_to_end(work).await {
        Ok(turn) => Ok(respond(&visit, turn)),
        Err(error) => again(&visit, &transaction, error).await,
    }
}

/// The form with what went wrong.
pub(super) async fn again(
    visit: &Visit,
    transaction: &Secret<String>,
    error: Error,
) -> Result<Response, Error> {
    let view = visit.app.core.look_at_page(transaction, &visit.cookies).await?;
    let refusal = Refusal::of(error)?;
    let page = draw(visit, &view, transaction, visit.field("username"), Some(refusal.alert()));
    Ok(refusal.sent(page))
}

fn draw(
    visit: &Visit,
    view: &PageView,
    transaction: &Secret<String>,
    username: String,
    alert: Option<Alert>,
) -> Response {
    let button = |button: &doorward_core::usecase::oauth::ProviderButton| ProviderButton {
        id: button.id.clone(),
        kind: button.kind.as_str(),
        label: button.label.clone(),
    };
    let page = SignIn {
        transaction: shown(transaction),
        client_name: Some(view.client_name.clone()).filter(|name| !name.is_empty()),
        username,
        alert,
        providers: view.providers.iter().map(button).collect(),
        offers_sign_up: view.may_sign_up,
        offers_reset: true,
    };
    render(&page, &visit.look_of(view))
}

//! `/reset-password`: takes a new password from whom a link was sent to.

use doorward_core::domain::error::Error;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::ResetPasswordOnPage;
use poem::Response;

use super::form::{Form, Refusal, interrupted_sign_in};
use super::reply::{go_to, shown, with_cookies};
use super::visit::Visit;
use crate::extract::browser_cookies::remove_left_transaction;
use crate::page::alert::Alert;
use crate::page::render::render;
use crate::page::view::{Done, Finished, ResetPassword};

const PATH: &str = "/reset-password";

/// The form, or that it is done.
pub(super) async fn show(visit: Visit) -> Result<Response, Error> {
    if visit.parameter("done").is_some() {
        return done(&visit, Finished::PasswordReset).await;
    }
    visit.app.core.check_reset_link(&visit.secret("token").unwrap_or_default()).await?;
    let form = Form::of(&visit).await?;
    Ok(draw(&visit, &form, None))
}

/// Sets the password.
pub(super) async fn submit(visit: Visit) -> Result<Response, Error> {
    let command = ResetPasswordOnPage {
        origin: visit.origin.clone(),
        transaction: visit.transaction()?,
        cookies: visit.cookies.clone(),
        token: visit.secret("token").unwrap_or_default(),
        password: Secret::new(visit.field("new_password")),
    };
    match visit.app.run_to_end(|core| async move { core.reset_password_on_page(command).await }).await {
        Ok(set) => Ok(finished(&visit, PATH, set.continue_with).await),
        Err(error) => {
            let refusal = Refusal::of(error)?;
            let form = Form::of(&visit).await?;
            Ok(refusal.sent(draw(&visit, &form, Some(refusal.alert()))))
        }
    }
}

/// On to the page that says that it is done, with the sign-in that waited for it.
pub(super) async fn finished(visit: &Visit, path: &str, sign_in: Option<Secret<String>>) -> Response {
    let sign_in = match sign_in {
        Some(transaction) => Some(transaction),
        None => interrupted_sign_in(visit).await.map(|(transaction, _)| transaction),
    };
    let page = match &sign_in {
        Some(transaction) => format!("{}&done=1", visit.path_with(path, transaction)),
        None => format!("{}?done=1", visit.path(path)),
    };
    with_cookies(go_to(visit, &page), [remove_left_transaction(&visit.app.settings)])
}

/// That something is done, and the way on to the sign-in that waited for it.
pub(super) async fn done(visit: &Visit, what: Finished) -> Result<Response, Error> {
    let sign_in = interrupted_sign_in(visit).await;
    let continue_to = sign_in.as_ref().map(|(transaction, _)| visit.path_with("/sign-in", transaction));
    let look = sign_in.as_ref().map_or_else(|| visit.look(), |(_, view)| visit.look_of(view));
    Ok(render(&Done { what, continue_to }, &look))
}

fn draw(visit: &Visit, form: &Form, alert: Option<Alert>) -> Response {
    let page = ResetPassword {
        transaction: Some(shown(&form.transaction)),
        back: form.back(),
        token: visit.field("token"),
        alert,
    };
    form.sent(visit, render(&page, &form.look(visit)))
}

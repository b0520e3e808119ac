//! `/forgot-password`: asks who somebody is, and says the same whoever it is.

use doorward_core::domain::error::Error;
use doorward_core::usecase::oauth::ForgetPasswordOnPage;
use poem::Response;

use super::form::{Form, Refusal, interrupted_sign_in};
use super::reply::{go_to, shown, with_cookies};
use super::visit::Visit;
use crate::extract::browser_cookies::set_left_transaction;
use crate::page::alert::Alert;
use crate::page::render::render;
use crate::page::view::{CheckYourMail, ForgotPassword, MailPurpose};

const PATH: &str = "/forgot-password";

/// The form, or what became of it.
pub(super) async fn show(visit: Visit) -> Result<Response, Error> {
    if visit.parameter("sent").is_some() {
        return mail_under_way(&visit, MailPurpose::ResetPassword).await;
    }
    let form = Form::of(&visit).await?;
    Ok(draw(&visit, &form, None))
}

/// Asks for the mail.
pub(super) async fn submit(visit: Visit) -> Result<Response, Error> {
    let username = visit.field("username");
    if username.is_empty() {
        visit.app.core.check_form(&visit.transaction()?, &visit.cookies)?;
        return again(&visit, doorward_core::domain::error::ErrorKind::CredentialsMissing.into()).await;
    }
    let command = ForgetPasswordOnPage {
        origin: visit.origin.clone(),
        transaction: visit.transaction()?,
        cookies: visit.cookies.clone(),
        username,
    };
    match visit.app.run_to_end(|core| async move { core.forget_password_on_page(command).await }).await {
        Ok(()) => Ok(mail_sent(&visit, PATH).await),
        Err(error) => again(&visit, error).await,
    }
}

/// On to the page that says that a mail is under way; the browser keeps the sign-in that waits for it.
pub(super) async fn mail_sent(visit: &Visit, path: &str) -> Response {
    let Some((transaction, _)) = interrupted_sign_in(visit).await else {
        return go_to(visit, &format!("{}?sent=1", visit.path(path)));
    };
    let page = go_to(visit, &format!("{}&sent=1", visit.path_with(path, &transaction)));
    with_cookies(page, set_left_transaction(&visit.app.settings, &transaction))
}

/// The page that says so, whether or not there was anybody to send it to.
pub(super) async fn mail_under_way(visit: &Visit, purpose: MailPurpose) -> Result<Response, Error> {
    let form = Form::of(visit).await?;
    Ok(render(&CheckYourMail { transaction: form.back(), purpose }, &form.look(visit)))
}

async fn again(visit: &Visit, error: Error) -> Result<Response, Error> {
    let refusal = Refusal::of(error)?;
    let form = Form::of(visit).await?;
    Ok(refusal.sent(draw(visit, &form, Some(refusal.alert()))))
}

fn draw(visit: &Visit, form: &Form, alert: Option<Alert>) -> Response {
    let page = ForgotPassword {
        transaction: Some(shown(&form.transaction)),
        back: form.back(),
        username: visit.field("username"),
        alert,
    };
    form.sent(visit, render(&page, &form.look(visit)))
}

//! `/sign-up`: asks for an address; with the token of the mail that was sent to it, for the account.

use doorward_core::domain::error::Error;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::{RequestSignUp, SignUp};
use poem::Response;

use super::forgotten_password::{mail_sent, mail_under_way};
use super::form::{Form, Refusal};
use super::new_password::{done, finished};
use super::reply::shown;
use super::visit::Visit;
use crate::page::alert::Alert;
use crate::page::render::render;
use crate::page::view::{Finished, MailPurpose, SignUpAddress, SignUpForm};

const PATH: &str = "/sign-up";

/// The form for the address, or for the account; or what became of them.
pub(super) async fn show(visit: Visit) -> Result<Response, Error> {
    if visit.parameter("sent").is_some() {
        return mail_under_way(&visit, MailPurpose::SignUp).await;
    }
    if visit.parameter("done").is_some() {
        return done(&visit, Finished::SignedUp).await;
    }
    let form = Form::of(&visit).await?;
    let Some(token) = visit.secret("token") else {
        return Ok(draw_address(&visit, &form, None));
    };
    let email = visit.app.core.sign_up_view(&token).await?.email;
    Ok(draw_account(&visit, &form, Some(email), None))
}

/// Asks for the mail; or makes the account.
pub(super) async fn submit(visit: Visit) -> Result<Response, Error> {
    visit.app.core.check_form(&visit.transaction()?, &visit.cookies)?;
    match visit.secret("token") {
        None => ask_for_mail(&visit).await,
        Some(token) => make_account(&visit, token).await,
    }
}

async fn ask_for_mail(visit: &Visit) -> Result<Response, Error> {
    let command = RequestSignUp { actor: visit.actor(), email: visit.field("email"), data: None };
    match visit.app.run_to_end(|core| async move { core.request_sign_up(command).await }).await {
        Ok(()) => Ok(mail_sent(visit, PATH).await),
        Err(error) => {
            let refusal = Refusal::of(error)?;
            let form = Form::of(visit).await?;
            Ok(refusal.sent(draw_address(visit, &form, Some(refusal.alert()))))
        }
    }
}

async fn make_account(visit: &Visit, token: Secret<String>) -> Result<Response, Error> {
    // The link says which address it is; that of the form is for password managers.
    let email = visit.app.core.sign_up_view(&token).await?.email;
    let command = SignUp {
        actor: visit.actor(),
        token,
        email: email.clone(),
        password: Secret::new(visit.field("new_password")),
        first_name: visit.parameter("first_name").map(str::to_owned),
        middle_name: None,
        last_name: visit.parameter("last_name").map(str::to_owned),
    };
    match visit.app.run_to_end(|core| async move { core.sign_up(command).await }).await {
        Ok(_) => Ok(finished(visit, PATH, None).await),
        Err(error) => {
            let refusal = Refusal::of(error)?;
            let form = Form::of(visit).await?;
            Ok(refusal.sent(draw_account(visit, &form, Some(email), Some(refusal.alert()))))
        }
    }
}

fn draw_address(visit: &Visit, form: &Form, alert: Option<Alert>) -> Response {
    let page = SignUpAddress {
        transaction: Some(shown(&form.transaction)),
        back: form.back(),
        email: visit.field("email"),
        alert,
    };
    form.sent(visit, render(&page, &form.look(visit)))
}

fn draw_account(visit: &Visit, form: &Form, email: Option<String>, alert: Option<Alert>) -> Response {
    let page = SignUpForm {
        transaction: Some(shown(&form.transaction)),
        token: visit.field("token"),
        email,
        first_name: visit.field("first_name"),
        last_name: visit.field("last_name"),
        alert,
    };
    form.sent(visit, render(&page, &form.look(visit)))
}

//! `/verify-email`: a button, so that programs that follow links in mails confirm nothing.

use doorward_core::domain::error::Error;
use doorward_core::usecase::VerifyEmail as Command;
use poem::Response;

use super::form::Form;
use super::new_password::{done, finished};
use super::reply::shown;
use super::visit::Visit;
use crate::page::render::render;
use crate::page::view::{Finished, VerifyEmail};

/// The button, or that it is done.
pub(super) async fn show(visit: Visit) -> Result<Response, Error> {
    if visit.parameter("done").is_some() {
        return done(&visit, Finished::EmailVerified).await;
    }
    let form = Form::of(&visit).await?;
    let page = VerifyEmail { transaction: Some(shown(&form.transaction)), token: visit.field("token") };
    Ok(form.sent(&visit, render(&page, &form.look(&visit))))
}

/// Confirms the address.
pub(super) async fn submit(visit: Visit) -> Result<Response, Error> {
    visit.app.core.check_form(&visit.transaction()?, &visit.cookies)?;
    let token = visit.secret("token").unwrap_or_default();
    let command = Command { actor: visit.actor(), token };
    visit.app.run_to_end(|core| async move { core.verify_email(command).await }).await?;
    Ok(finished(&visit, "/verify-email", None).await)
}

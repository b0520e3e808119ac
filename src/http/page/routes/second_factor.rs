//! `/sign-in/second-factor`: the one-time code.

use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::second_factor::Channel;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::{
    AnotherCodeOnPage, PageView, SecondFactorAsked, SecondFactorOnPage, Stage, Turn,
};
use poem::Response;

use super::enrolment::with_recovery_codes;
use super::form::Refusal;
use super::reply::{go_to, path_of, respond, shown};
use super::sign_in::again;
use super::visit::Visit;
use crate::meter;
use crate::page::alert::Alert;
use crate::page::render::render;
use crate::page::view::{CodeFrom, SecondFactor};

/// The form, while a code is waited for.
pub(super) async fn show(visit: Visit) -> Result<Response, Error> {
    let transaction = visit.transaction()?;
    let view = visit.app.core.look_at_page(&transaction, &visit.cookies).await?;
    if view.stage != Stage::SecondFactor {
        return Ok(go_to(&visit, &visit.path_with(path_of(view.stage), &transaction)));
    }
    if view.second_factor.is_none() {
        // It was given too late, or too often: what is left is to sign in again.
        return Ok(go_to(&visit, &visit.path_with("/sign-in", &transaction)));
    }
    let note = visit.parameter("sent").map(|_| Alert::CodeSent);
    Ok(draw(&visit, &view, &transaction, note))
}

/// Completes the sign-in, or sends another code.
pub(super) async fn submit(visit: Visit) -> Result<Response, Error> {
    let transaction = visit.transaction()?;
    if visit.parameter("resend").is_some() {
        return resend(&visit, &transaction).await;
    }
    match answer(&visit, &transaction).await {
        Ok(turn) if turn.recovery_codes.is_empty() => Ok(respond(&visit, turn)),
        Ok(turn) => with_recovery_codes(&visit, transaction, turn).await,
        Err(error) => shown_again(&visit, &transaction, error).await,
    }
}

/// Sends another code, and comes back to the form by a redirect, so that loading it again sends no third.
async fn resend(visit: &Visit, transaction: &Secret<String>) -> Result<Response, Error> {
    let command = AnotherCodeOnPage {
        origin: visit.origin.clone(),
        transaction: transaction.clone(),
        cookies: visit.cookies.clone(),
    };
    match visit.app.run_to_end(|core| async move { core.another_code_on_page(command).await }).await {
        Ok(()) => {
            let page = visit.path_with("/sign-in/second-factor", transaction);
            Ok(go_to(visit, &format!("{page}&sent=1")))
        }
        Err(error) => shown_again(visit, transaction, error).await,
    }
}

/// The form with what went wrong, as long as a code is waited for.
async fn shown_again(visit: &Visit, transaction: &Secret<String>, error: Error) -> Result<Response, Error> {
    let view = visit.app.core.look_at_page(transaction, &visit.cookies).await?;
    if view.second_factor.is_none() {
        return again(visit, transaction, error).await;
    }
    let refusal = Refusal::of(worded_for(&view, error))?;
    Ok(refusal.sent(draw(visit, &view, transaction, Some(refusal.alert()))))
}

/// Gives the code that was typed, here or on the enrolment page.
pub(super) async fn answer(visit: &Visit, transaction: &Secret<String>) -> Result<Turn, Error> {
    let otp = Secret::new(visit.field("otp").trim().to_owned());
    if otp.expose().is_empty() {
        return Err(ErrorKind::CredentialsMissing.into());
    }
    let command = SecondFactorOnPage {
        origin: visit.origin.clone(),
        transaction: transaction.clone(),
        cookies: visit.cookies.clone(),
        otp,
    };
    let work = |core: std::sync::Arc<doorward_core::usecase::Core>| async move {
        meter::turn(Box::pin(core.second_factor_on_page(command)).await)
    };
    visit.app.run_to_end(work).await
}

/// Nothing was sent that could be gone: an app's code that is unknown is a wrong one.
fn worded_for(view: &PageView, error: Error) -> Error {
    let is_of_app = view.second_factor == Some(SecondFactorAsked::App);
    if is_of_app && error.kind == ErrorKind::OneTimeCodeUnknown {
        return ErrorKind::OneTimeCodeWrong.into();
    }
    error
}

fn draw(visit: &Visit, view: &PageView, transaction: &Secret<String>, alert: Option<Alert>) -> Response {
    let asked = match view.second_factor {
        Some(SecondFactorAsked::Sent(Channel::Email)) => CodeFrom::Email(None),
        Some(SecondFactorAsked::Sent(Channel::Sms)) => CodeFrom::Sms(None),
        Some(SecondFactorAsked::App) | None => CodeFrom::App,
    };
    let offers_resend = asked != CodeFrom::App;
    let page = SecondFactor { transaction: shown(transaction), asked, alert, offers_resend };
    render(&page, &visit.look_of(view))
}

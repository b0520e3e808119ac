//! `/sign-in/enrol`: a new authenticator app, and the recovery codes it comes with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::{EnrolmentOnPage, Next, PageView, ResumePage, Stage, Turn};
use poem::Response;

use super::form::Refusal;
use super::reply::{cookies_of, go_to, path_of, respond, shown, with_cookies};
use super::second_factor::answer;
use super::sign_in::again;
use super::visit::Visit;
use crate::page::alert::Alert;
use crate::page::render::render;
use crate::page::view::{EnrolTotp, RecoveryCodes};

/// The QR code, and the form for the app's first code.
pub(super) async fn show(visit: Visit) -> Result<Response, Error> {
    let transaction = visit.transaction()?;
    let view = visit.app.core.look_at_page(&transaction, &visit.cookies).await?;
    if view.stage != Stage::Enrol {
        return Ok(go_to(&visit, &visit.path_with(path_of(view.stage), &transaction)));
    }
    draw(&visit, &view, &transaction, None).await
}

/// Takes the app's first code; or goes on, once the recovery codes are kept.
pub(super) async fn submit(visit: Visit) -> Result<Response, Error> {
    let transaction = visit.transaction()?;
    if visit.parameter("saved").is_some() {
        let (origin, cookies) = (visit.origin.clone(), visit.cookies.clone());
        let command = ResumePage { origin, transaction, cookies };
        let turn = visit.app.run_to_end(|core| async move { core.resume_page(command).await }).await?;
        return Ok(respond(&visit, turn));
    }
    match answer(&visit, &transaction).await {
        Ok(turn) if turn.recovery_codes.is_empty() => Ok(respond(&visit, turn)),
        Ok(turn) => with_recovery_codes(&visit, transaction, turn).await,
        Err(error) => {
            let view = visit.app.core.look_at_page(&transaction, &visit.cookies).await?;
            if view.stage != Stage::Enrol {
                return again(&visit, &transaction, error).await;
            }
            // Nothing was sent that could be gone: a code that is unknown is a wrong one.
            let error = match error.kind {
                ErrorKind::OneTimeCodeUnknown => ErrorKind::OneTimeCodeWrong.into(),
                _ => error,
            };
            let refusal = Refusal::of(error)?;
            Ok(refusal.sent(draw(&visit, &view, &transaction, Some(refusal.alert())).await?))
        }
    }
}

/// Shows the codes once, with the cookies of the sign-in that is complete by now; its button goes on.
pub(super) async fn with_recovery_codes(
    visit: &Visit,
    transaction: Secret<String>,
    turn: Turn,
) -> Result<Response, Error> {
    let cookies = cookies_of(visit, &turn);
    let transaction = match turn.next {
        Next::Page(next, _) => next,
        Next::Client(_) | Next::NewPassword { .. } => transaction,
    };
    let view = visit.app.core.look_at_page(&transaction, &visit.cookies).await?;
    let codes = turn.recovery_codes.iter().map(shown).collect();
    let page = RecoveryCodes { transaction: shown(&transaction), codes };
    Ok(with_cookies(render(&page, &visit.look_of(&view)), cookies))
}

async fn draw(
    visit: &Visit,
    view: &PageView,
    transaction: &Secret<String>,
    alert: Option<Alert>,
) -> Result<Response, Error> {
    let command = EnrolmentOnPage {
        origin: visit.origin.clone(),
        transaction: transaction.clone(),
        cookies: visit.cookies.clone(),
    };
    let enrolment = visit.app.run_to_end(|core| async move { core.enrolment_on_page(command).await }).await?;
    let page = EnrolTotp {
        transaction: shown(transaction),
        qr_code: format!("data:image/png;base64,{}", STANDARD.encode(enrolment.qr_code_png.expose())),
        secret_text: Some(shown(&enrolment.secret)),
        alert,
    };
    Ok(render(&page, &visit.look_of(view)))
}

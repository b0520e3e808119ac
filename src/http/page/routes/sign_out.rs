//! `/sign-out`: asks before ending anything; and `/signed-out`.

use doorward_core::domain::error::Error;
use doorward_core::usecase::oauth::{EndBrowserSession, SignedOut};
use poem::Response;

use super::reply::sign_out_reply;
use super::visit::Visit;
use crate::page::render::render;
use crate::page::view::SignedOut as SignedOutPage;

/// The question; who is not signed in is told so.
pub(super) async fn show(visit: Visit) -> Result<Response, Error> {
    let command = EndBrowserSession {
        origin: visit.origin.clone(),
        cookies: visit.cookies.clone(),
        ..EndBrowserSession::default()
    };
    let outcome = visit.app.run_to_end(|core| async move { core.end_browser_session(command).await }).await;
    Ok(sign_out_reply(&visit, outcome))
}

/// Signs out.
pub(super) async fn submit(visit: Visit) -> Result<Response, Error> {
    let command = EndBrowserSession {
        origin: visit.origin.clone(),
        cookies: visit.cookies.clone(),
        confirmation: Some(visit.transaction()?),
        ..EndBrowserSession::default()
    };
    let outcome = visit.app.run_to_end(|core| async move { core.end_browser_session(command).await }).await;
    let outcome = outcome.map(|outcome| match outcome {
        SignedOut::Done => SignedOut::Redirect(visit.path("/signed-out")),
        other => other,
    });
    Ok(sign_out_reply(&visit, outcome))
}

/// That it is done.
pub(super) async fn signed_out(visit: Visit) -> Result<Response, Error> {
    Ok(render(&SignedOutPage::default(), &visit.look()))
}

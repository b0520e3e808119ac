//! `/consent`: what an app will see.

use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::usecase::oauth::{ConsentOnPage, Stage};
use poem::Response;

use super::reply::{go_to, path_of, respond, shown};
use super::visit::Visit;
use crate::page::render::render;
use crate::page::view::Consent;

/// The question.
pub(super) async fn show(visit: Visit) -> Result<Response, Error> {
    let transaction = visit.transaction()?;
    let view = visit.app.core.look_at_page(&transaction, &visit.cookies).await?;
    if view.stage != Stage::Consent {
        return Ok(go_to(&visit, &visit.path_with(path_of(view.stage), &transaction)));
    }
    let look = visit.look_of(&view);
    let page = Consent {
        transaction: shown(&transaction),
        client_name: if view.client_name.is_empty() { view.client_id } else { view.client_name },
        client_logo: None,
        scopes: view.scopes,
        user: view.person.unwrap_or_default(),
    };
    Ok(render(&page, &look))
}

/// The answer.
pub(super) async fn submit(visit: Visit) -> Result<Response, Error> {
    let transaction = visit.transaction()?;
    let allow = match visit.parameter("decision") {
        Some("allow") => true,
        Some("deny") => false,
        _ => return Err(Error::with_public(ErrorKind::RequestInvalid, "decision: expected allow or deny")),
    };
    let (origin, cookies) = (visit.origin.clone(), visit.cookies.clone());
    let command = ConsentOnPage { origin, transaction, cookies, allow };
    let turn = visit.app.run_to_end(|core| async move { core.consent_on_page(command).await }).await?;
    Ok(respond(&visit, turn))
}

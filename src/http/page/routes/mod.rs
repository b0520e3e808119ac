//! The routes of the hosted pages: one file per page. What each shows is in [`super::view`], how it looks in
//! [`super::render`], what happens in the core.

mod consent;
mod email_verification;
mod enrolment;
mod forgotten_password;
mod form;
mod new_password;
mod provider;
pub(crate) mod reply;
mod second_factor;
mod sign_in;
mod sign_out;
mod sign_up;
pub(crate) mod visit;
mod wording;

use std::sync::Arc;

use doorward_core::domain::error::Error;
use poem::endpoint::{BoxEndpoint, EndpointExt as _, make};
use poem::{IntoResponse as _, Request, Response, Route, RouteMethod};

use self::reply::{error_page, unusable_page};
use self::visit::Visit;

/// All pages at their paths.
pub(crate) fn routes(route: Route) -> Route {
    route
        .at("/sign-in", form(sign_in::show, sign_in::submit))
        .at("/sign-in/second-factor", form(second_factor::show, second_factor::submit))
        .at("/sign-in/enrol", form(enrolment::show, enrolment::submit))
        .at("/sign-in/provider", RouteMethod::new().post(page(provider::depart)))
        .at("/sign-in/return", RouteMethod::new().get(page(provider::arrive)))
        .at("/consent", form(consent::show, consent::submit))
        .at("/sign-up", form(sign_up::show, sign_up::submit))
        .at("/forgot-password", form(forgotten_password::show, forgotten_password::submit))
        .at("/reset-password", form(new_password::show, new_password::submit))
        .at("/verify-email", form(email_verification::show, email_verification::submit))
        .at("/sign-out", form(sign_out::show, sign_out::submit))
        .at("/signed-out", RouteMethod::new().get(page(sign_out::signed_out)))
}

/// A page with a form that is sent to its own path.
fn form<Show, Shown, Submit, Submitted>(show: Show, submit: Submit) -> RouteMethod
where
    Show: Fn(Visit) -> Shown + Send + Sync + 'static,
    Shown: Future<Output = Result<Response, Error>> + Send + 'static,
    Submit: Fn(Visit) -> Submitted + Send + Sync + 'static,
    Submitted: Future<Output = Result<Response, Error>> + Send + 'static,
{
    RouteMethod::new().get(page(show)).post(page(submit))
}

/// Reads the request, turns forms of other sites away, and shows what went wrong.
fn page<Work, Worked>(work: Work) -> BoxEndpoint<'static, Response>
where
    Work: Fn(Visit) -> Worked + Send + Sync + 'static,
    Worked: Future<Output = Result<Response, Error>> + Send + 'static,
{
    let work = Arc::new(work);
    make(move |request| answer(request, Arc::clone(&work))).boxed()
}

async fn answer<Work, Worked>(mut request: Request, work: Arc<Work>) -> poem::Result<Response>
where
    Work: Fn(Visit) -> Worked + Send + Sync + 'static,
    Worked: Future<Output = Result<Response, Error>> + Send + 'static,
{
    let mut body = poem::RequestBody::new(request.take_body());
    let (visit, usable) = match Visit::read(&request, &mut body).await {
        Ok(read) => read,
        Err(failure) => return Ok(failure.into_response()),
    };
    if let Err(unusable) = usable {
        return Ok(unusable_page(&visit, &unusable));
    }
    let done = work(visit.clone()).await;
    Ok(done.unwrap_or_else(|error| error_page(&visit, &error)))
}

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
use poem::endpoint::{BoxEndpoint, EndpointExt as _, make, make_sync};
use poem::http::{StatusCode, header};
use poem::{IntoResponse as _, Request, Response, RouteMethod};

use self::reply::{error_page, unusable_page};
use self::visit::Visit;

/// All pages with their paths.
pub(crate) fn routes() -> Vec<(&'static str, RouteMethod)> {
    let enrol = form(enrolment::show, enrolment::submit).head(make_sync(|_| refused("GET, POST")));
    let arrive = RouteMethod::new().get(page(provider::arrive)).head(make_sync(|_| refused("GET")));
    vec![
        ("/sign-in", form(sign_in::show, sign_in::submit)),
        ("/sign-in/second-factor", form(second_factor::show, second_factor::submit)),
        ("/sign-in/enrol", enrol),
        ("/sign-in/provider", RouteMethod::new().post(page(provider::depart))),
        ("/sign-in/return", arrive),
        ("/consent", form(consent::show, consent::submit)),
        ("/sign-up", form(sign_up::show, sign_up::submit)),
        ("/forgot-password", form(forgotten_password::show, forgotten_password::submit)),
        ("/reset-password", form(new_password::show, new_password::submit)),
        ("/verify-email", form(email_verification::show, email_verification::submit)),
        ("/sign-out", form(sign_out::show, sign_out::submit)),
        ("/signed-out", RouteMethod::new().get(page(sign_out::signed_out))),
    ]
}

/// A HEAD where a GET changes something: it must not (RFC 9110 §9.2.1).
fn refused(allowed: &'static str) -> Response {
    let response = Response::builder().status(StatusCode::METHOD_NOT_ALLOWED);
    response.header(header::ALLOW, allowed).finish()
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

//! What a step of the core means for the browser: where it goes next, with which cookies.

use doorward_core::domain::authorization_request::ResponseMode;
use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::redirect_uri::with_parameters;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::{ClientReply, Next, SignedOut, Stage, Turn};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};

use super::visit::{Unusable, Visit};
use super::wording::Wording;
use crate::extract::browser_cookies::{remove_session, set_browser, set_session};
use crate::native::error::Failure;
use crate::page::alert::Reason;
use crate::page::render::render;
use crate::page::view::{ErrorPage, FormPost, SignOutConfirm, SignedOut as SignedOutPage};
use crate::urlencoded::percent_encoded;

/// The browser goes on: to its client, by redirect or by a form that sends itself, or to a page of ours.
pub(crate) fn respond(visit: &Visit, turn: Turn) -> Response {
    let cookies = cookies_of(visit, &turn);
    let response = match turn.next {
        Next::Client(reply) => to_client(visit, reply),
        Next::Page(transaction, stage) => go_to(visit, &visit.path_with(path_of(stage), &transaction)),
        Next::NewPassword { token, transaction } => {
            let page = visit.path_with("/reset-password", &transaction);
            go_to(visit, &format!("{page}&token={}", percent_encoded(token.expose())))
        }
    };
    with_cookies(response, cookies)
}

/// The cookies that a step sets.
pub(super) fn cookies_of(visit: &Visit, turn: &Turn) -> Vec<String> {
    let settings = &visit.app.settings;
    let browser = turn.browser_token.as_ref().map(|token| set_browser(settings, token));
    let session = turn.session.as_ref().map(|session| set_session(settings, session));
    browser.into_iter().chain(session.into_iter().flatten()).collect()
}

/// What cannot be done, in words, with the id of the request.
pub(crate) fn error_page(visit: &Visit, error: &Error) -> Response {
    instead_of_page(visit, Wording::of(error).instead)
}

/// The wish to sign out: the browser goes to its client, is told, or is asked first.
pub(crate) fn sign_out_reply(visit: &Visit, outcome: Result<SignedOut, Error>) -> Response {
    match outcome {
        Ok(SignedOut::Redirect(address)) => without_session(visit, go_to(visit, &address)),
        Ok(SignedOut::Done) if visit.wants_page => {
            without_session(visit, render(&SignedOutPage::default(), &visit.look()))
        }
        Ok(SignedOut::Done) => without_session(visit, StatusCode::NO_CONTENT.into_response()),
        Ok(SignedOut::Confirm { transaction, browser_token, leads_to }) => {
            let fields = vec![("transaction".to_owned(), transaction.expose().clone())];
            let look = leads_to.iter().fold(visit.look(), |look, address| look.leading_to(address));
            let page = render(&SignOutConfirm { fields, ..SignOutConfirm::default() }, &look);
            with_cookies(page, browser_token.map(|token| set_browser(&visit.app.settings, &token)))
        }
        Err(error) if error.kind == ErrorKind::RedirectUriInvalid => {
            instead_of_page(visit, Reason::LogoutUriInvalid)
        }
        Err(error) => error_page(visit, &error),
    }
}

/// A request whose parameters are none.
pub(super) fn unusable_page(visit: &Visit, unusable: &Unusable) -> Response {
    let mut response = error_page(visit, &unusable.error);
    response.set_status(unusable.status);
    response
}

/// The page that says why there is none.
pub(super) fn instead_of_page(visit: &Visit, reason: Reason) -> Response {
    // Where nothing went wrong there is nothing to look up.
    let request_id = visit.request_id.clone().filter(|_| reason != Reason::StartAtApp);
    render(&ErrorPage { reason, request_id }, &visit.look())
}

/// Where the sign-in stands.
pub(super) fn path_of(stage: Stage) -> &'static str {
    match stage {
        Stage::SignIn => "/sign-in",
        Stage::SecondFactor => "/sign-in/second-factor",
        Stage::Enrol => "/sign-in/enrol",
        Stage::Consent => "/consent",
    }
}

/// A redirect; after a form it is one that does not send the form on (RFC 9700 §4.12).
pub(super) fn go_to(visit: &Visit, address: &str) -> Response {
    let Ok(address) = HeaderValue::from_str(address) else {
        tracing::error!(event = "redirect_not_a_header", reason = "the address holds control characters");
        return Failure::internal().into_response();
    };
    let status = if visit.by_post { StatusCode::SEE_OTHER } else { StatusCode::FOUND };
    let mut response = status.into_response();
    response.headers_mut().insert(header::LOCATION, address);
    response
}

/// The same with `Set-Cookie`s.
pub(super) fn with_cookies(mut response: Response, cookies: impl IntoIterator<Item = String>) -> Response {
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        } else {
            tracing::error!(event = "cookie_not_a_header");
        }
    }
    response
}

/// An authorization response (RFC 6749 §4.1.2, OAuth 2.0 Form Post Response Mode §2).
fn to_client(visit: &Visit, reply: ClientReply) -> Response {
    match reply.response_mode {
        ResponseMode::Query => go_to(visit, &with_parameters(&reply.redirect_uri, &reply.parameters)),
        ResponseMode::FormPost => {
            let page = FormPost { action: reply.redirect_uri, fields: reply.parameters };
            render(&page, &visit.look())
        }
    }
}

/// A browser that sent no session keeps what it has: it holds its cookies back from forms of other sites, which otherwise
/// could sign anybody out here (OpenID Connect RP-Initiated Logout §6).
fn without_session(visit: &Visit, response: Response) -> Response {
    if visit.cookies.session.is_none() {
        return response;
    }
    with_cookies(response, remove_session(&visit.app.settings))
}

/// The transaction as pages show it.
pub(super) fn shown(transaction: &Secret<String>) -> String {
    transaction.expose().clone()
}

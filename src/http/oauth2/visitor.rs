//! The browser at an endpoint that answers with redirects and pages.

use doorward_core::domain::error::{Error, ErrorKind};
use poem::error::ResponseError as _;
use poem::http::{HeaderValue, header};
use poem::{FromRequest, Request, RequestBody, Response, Result};

use super::error::Failure;
use crate::page::routes::reply::error_page;
use crate::page::routes::visit::Visit;

/// For caches that know nothing newer (RFC 9111 §5.4), as the dialect's older clients know it.
pub(super) fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Extracts the [`Visit`], of whose parameters nothing is read.
pub(super) struct Visitor(pub(super) Visit);

impl<'a> FromRequest<'a> for Visitor {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        Ok(Self(Visit::of(request).await?))
    }
}

impl Visitor {
    /// The page for parameters that cannot be read.
    pub(super) fn unreadable(&self, error: poem::Error) -> Response {
        let failure = Failure::from(error);
        let described = failure.description().to_owned();
        let mut page = error_page(&self.0, &Error::with_public(ErrorKind::RequestInvalid, described));
        page.set_status(failure.status());
        page
    }
}

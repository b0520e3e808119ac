//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

use super::turn::{BrowserCookies, Turn};
use crate::domain::actor::Origin;
use crate::domain::error::{Error, ErrorKind};
use crate::usecase::Core;

/// A client sends a browser to have somebody signed in.
#[derive(Debug)]
pub struct Authorize {
    /// Where the request comes from.
    pub origin: Origin,
    /// The parameters of query and form, in order, decoded.
    pub parameters: Vec<(String, String)>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
}

impl Core {
    /// The browser's next step: back to its client, with a code or an error, or to a page.
    ///
    /// # Errors
    /// What is shown on a page, since nobody may be redirected: RequestInvalid (`client_id` or `redirect_uri` twice),
    /// ClientUnknown, RedirectUriInvalid; and Unavailable.
    pub async fn authorize(&self, command: Authorize) -> Result<Turn, Error> {
        let _ = command;
        Err(ErrorKind::Unavailable.into())
    }
}

//! What a page's route reads of a request, and the one place where forms of other sites are turned away.

use std::ops::Deref;
use std::sync::Arc;

use doorward_core::domain::actor::{Actor, Origin};
use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::oauth::{BrowserCookies, PageView};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{FromRequest as _, Request, RequestBody};

use crate::body::{self, Unread};
use crate::extract::browser_cookies::{left_transaction, presented};
use crate::extract::login_cookie::LoginCookie;
use crate::extract::origin::RequestOrigin;
use crate::middleware::observe::RequestId;
use crate::native::error::Failure;
use crate::page::language::Language;
use crate::page::look::{Look, Nonce};
use crate::settings::HttpSettings;
use crate::shared::App;
use crate::urlencoded::{self, CONTENT_TYPE, percent_encoded};

/// A browser at one of our pages.
#[derive(Clone)]
pub(crate) struct Visit(Arc<Facts>);

/// What is known of it.
pub(crate) struct Facts {
    pub(crate) app: App,
    pub(crate) origin: Origin,
    pub(crate) cookies: BrowserCookies,
    /// The cookies of sign-ins at providers.
    pub(crate) at_providers: Vec<Secret<String>>,
    /// The sign-in that goes on once a mail was read.
    pub(crate) left_transaction: Option<Secret<String>>,
    pub(crate) accept_language: Option<String>,
    /// Whether it would rather have a page than anything else.
    pub(crate) wants_page: bool,
    pub(crate) request_id: Option<String>,
    /// Whether it sent a form.
    pub(crate) by_post: bool,
    /// Of the query, or of the form of a POST; empty values count as absent.
    parameters: Vec<(String, String)>,
}

/// Why there is nothing to answer to.
pub(crate) struct Unusable {
    pub(crate) status: StatusCode,
    pub(crate) error: Error,
}

impl Unusable {
    fn because(status: StatusCode, why: &'static str) -> Self {
        Self { status, error: Error::with_public(ErrorKind::RequestInvalid, why) }
    }
}

impl Deref for Visit {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl Visit {
    /// The browser behind a request; of the request's parameters nothing is read.
    pub(crate) async fn of(request: &Request) -> Result<Self, Failure> {
        Ok(Self(Arc::new(facts(request).await?)))
    }

    /// The same with its parameters: of the query, or of the form of a POST that a page of ours sent.
    pub(super) async fn read(
        request: &Request,
        body: &mut RequestBody,
    ) -> Result<(Self, Result<(), Unusable>), Failure> {
        let mut facts = facts(request).await?;
        let read = parameters(request, body, &facts.app.settings).await;
        let usable = read.map(|parameters| facts.parameters = parameters);
        Ok((Self(Arc::new(facts)), usable))
    }

    /// The only value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A field of a form; one that was left out counts as empty.
    pub(super) fn field(&self, name: &str) -> String {
        self.parameter(name).unwrap_or_default().to_owned()
    }

    /// The same for a secret.
    pub(super) fn secret(&self, name: &str) -> Option<Secret<String>> {
        self.parameter(name).map(Secret::from)
    }

    /// The sealed transaction.
    ///
    /// # Errors
    /// TransactionUnknown: there is none.
    pub(super) fn transaction(&self) -> Result<Secret<String>, Error> {
        self.secret("transaction").ok_or_else(|| ErrorKind::TransactionUnknown.into())
    }

    /// A caller who has proved nothing.
    pub(super) fn actor(&self) -> Actor {
        Actor::anonymous(self.origin.clone())
    }

    /// A path of ours, as browsers know it.
    pub(super) fn path(&self, path: &str) -> String {
        self.app.settings.path(path)
    }

    /// A page of ours that goes on with that transaction.
    pub(super) fn path_with(&self, path: &str, transaction: &Secret<String>) -> String {
        format!("{}?transaction={}", self.path(path), percent_encoded(transaction.expose()))
    }

    /// How a page of nobody in particular is drawn.
    pub(crate) fn look(&self) -> Look {
        self.look_in(&[])
    }

    /// How a page of this sign-in is drawn.
    pub(super) fn look_of(&self, view: &PageView) -> Look {
        self.look_in(&view.ui_locales).themed(view.pages.clone()).leading_to(&view.redirect_uri)
    }

    fn look_in(&self, ui_locales: &[String]) -> Look {
        let settings = &self.app.settings;
        let ui_locales = (!ui_locales.is_empty()).then(|| ui_locales.join(" "));
        let language = Language::choose(ui_locales.as_deref(), self.accept_language.as_deref());
        Look::new(&settings.public_url, Nonce::new(self.app.core.ports().entropy.as_ref()), language)
    }
}

async fn facts(request: &Request) -> Result<Facts, Failure> {
    let app = App::of(request)?;
    let mut no_body = RequestBody::default();
    let headers = request.headers();
    Ok(Facts {
        origin: RequestOrigin::from_request(request, &mut no_body).await?.0,
        cookies: presented(&app.settings, request),
        at_providers: LoginCookie::from_request(request, &mut no_body).await?.0,
        left_transaction: left_transaction(&app.settings, request),
        accept_language: text(headers, header::ACCEPT_LANGUAGE.as_str()),
        wants_page: text(headers, header::ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/html")),
        request_id: request.data::<RequestId>().map(|id| id.0.clone()),
        by_post: request.method() == Method::POST,
        parameters: Vec::new(),
        app,
    })
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

async fn parameters(
    request: &Request,
    body: &mut RequestBody,
    settings: &HttpSettings,
) -> Result<Vec<(String, String)>, Unusable> {
    if request.method() != Method::POST {
        return unique(request.uri().query().unwrap_or_default());
    }
    if is_from_elsewhere(request.headers(), settings) {
        let error = ErrorKind::TransactionUnknown.into();
        return Err(Unusable { status: StatusCode::FORBIDDEN, error });
    }
    let bytes = body::read(body).await.map_err(unread)?;
    if body::require_type(request.headers(), CONTENT_TYPE).is_err() {
        return Err(Unusable::because(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is no form"));
    }
    let text = std::str::from_utf8(&bytes);
    unique(text.map_err(|_| Unusable::because(StatusCode::BAD_REQUEST, "the form is no UTF-8"))?)
}

fn unread(unread: Unread) -> Unusable {
    match unread {
        Unread::TooLarge => Unusable::because(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large"),
        Unread::TooSlow => Unusable::because(StatusCode::REQUEST_TIMEOUT, "the form took too long"),
        Unread::Aborted | Unread::Unreadable => {
            Unusable::because(StatusCode::BAD_REQUEST, "the form cannot be read")
        }
        Unread::Taken => Unusable {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error: Error::internal("somebody has read the form before"),
        },
    }
}

/// The decoded pairs that are not empty. Of two with one name nobody could tell which one a check and its use would read.
fn unique(encoded: &str) -> Result<Vec<(String, String)>, Unusable> {
    let refuse = |why| Unusable::because(StatusCode::BAD_REQUEST, why);
    let mut pairs = urlencoded::pairs(encoded).map_err(|_| refuse("the parameters cannot be read"))?;
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|two| two[0] == two[1]) {
        return Err(refuse("a parameter is given more than once"));
    }
    if pairs.iter().any(|(_, value)| value.contains('\0')) {
        return Err(refuse("a parameter holds a NUL"));
    }
    pairs.retain(|(_, value)| !value.is_empty());
    Ok(pairs)
}

/// Whether the browser says that a page of another origin sent this (Fetch Metadata; else RFC 6454 §7).
///
/// Our pages send no referrer, and with that browsers say `Origin: null`: those too old for Fetch Metadata leave it to the
/// transaction, which nobody else has, to tell.
fn is_from_elsewhere(headers: &HeaderMap, settings: &HttpSettings) -> bool {
    if let Some(site) = headers.get("sec-fetch-site")
        && !matches!(site.as_bytes(), b"same-origin" | b"none")
    {
        return true;
    }
    let Some(origin) = headers.get(header::ORIGIN).map(HeaderValue::as_bytes) else { return false };
    let own = settings.public_url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    // Under another name than the public one, as on a developer's machine, the name asked for tells.
    let asked = headers.get(header::HOST).map_or(&b""[..], HeaderValue::as_bytes);
    let schemes = [&b"http://"[..], b"https://"].into_iter().filter(|_| !asked.is_empty());
    let mut names = schemes.filter_map(|scheme| origin.strip_prefix(scheme));
    let is_asked = names.any(|name| name.eq_ignore_ascii_case(asked));
    origin != b"null" && !origin.eq_ignore_ascii_case(own.as_bytes()) && !is_asked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        let settings =
            HttpSettings { public_url: "https://auth.test:8443/base".to_owned(), ..crate::fakes::settings() };
        is_from_elsewhere(&headers, &settings)
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        for pairs in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "nonsense")],
            &[("origin", "https://evil.test")],
            &[("origin", "https://auth.test")],
            &[("origin", "http://auth.test:8443")],
            &[("origin", "https://evil.test"), ("host", "auth.test:8443")],
            &[("origin", "http://"), ("host", "auth.test:8443")],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.test")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://auth.test:8443")],
        ] {
            assert!(is_refused(pairs), "{pairs:?}");
        }
    }

    #[test]
    fn our_own_forms_are_taken() {
        for pairs in [
            &[][..],
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://auth.test:8443")],
            &[("origin", "HTTPS://AUTH.test:8443")],
            &[("origin", "http://localhost:8080"), ("host", "localhost:8080")],
            &[("origin", "null")],
        ] {
            assert!(!is_refused(pairs), "{pairs:?}");
        }
    }

    #[test]
    fn parameters_come_once_and_without_nul() {
        let pairs = unique("a=1&b=&c=%20").unwrap_or_default();
        let expected = [("a", "1"), ("c", " ")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for bad in ["a=1&a=2", "a=&a=", "a=%00", "a=%ff"] {
            assert_eq!(
                unique(bad).err().map(|unusable| unusable.status),
                Some(StatusCode::BAD_REQUEST),
                "{bad}"
            );
        }
    }
}

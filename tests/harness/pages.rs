//! Somebody who visits the hosted pages: keeps cookies, follows redirects among the server's own pages, fills in forms,
//! and stops where a client is next.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use reqwest::header::{ACCEPT, COOKIE, HOST, HeaderName, ORIGIN, REFERER, SET_COOKIE};
use reqwest::{Method, Url};

use super::app::App;
use super::browser::Cookie;
use super::document::{Document, Submission};
pub use super::landing::{Departure, Landing, Page};
use super::plain::plain;
use super::reply::Reply;

/// Most hops of one journey.
const MAX_HOPS: usize = 12;

/// Somebody with a browser, without JavaScript.
#[derive(Debug)]
pub struct Visitor {
    address: Mutex<SocketAddr>,
    public: Url,
    http: reqwest::Client,
    cookies: Mutex<BTreeMap<String, Cookie>>,
    headers: Mutex<BTreeMap<String, String>>,
}

impl Visitor {
    /// A new one for a server that browsers know as `public_url`: `server.public_url`, or its address.
    #[must_use]
    pub fn new(app: &App, public_url: &str) -> Self {
        Self::at(app.address(), public_url)
    }

    /// As [`Visitor::new`], for any server.
    ///
    /// # Panics
    /// When `public_url` is not absolute.
    #[must_use]
    pub fn at(address: SocketAddr, public_url: &str) -> Self {
        let http = plain().pool_max_idle_per_host(0).build();
        Self {
            address: Mutex::new(address),
            public: Url::parse(public_url).expect("an absolute address"),
            http: http.expect("an HTTP client can be built"),
            cookies: Mutex::default(),
            headers: Mutex::default(),
        }
    }

    /// The server was restarted and listens elsewhere.
    ///
    /// # Panics
    /// Never: nobody panics holding the lock.
    pub fn moved_to(&self, address: SocketAddr) {
        *self.address.lock().expect("nobody panics holding it") = address;
    }

    /// Sends this header with everything from now on, in place of what a browser would send; an empty one is not sent.
    ///
    /// # Panics
    /// Never: nobody panics holding the lock.
    pub fn set_header(&self, name: &str, value: &str) {
        self.headers.lock().expect("nobody panics holding it").insert(name.to_owned(), value.to_owned());
    }

    /// The cookies.
    ///
    /// # Panics
    /// Never: nobody panics holding the lock.
    #[must_use]
    pub fn cookies(&self) -> Vec<Cookie> {
        self.cookies.lock().expect("nobody panics holding it").values().cloned().collect()
    }

    /// A cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<Cookie> {
        self.cookies().into_iter().find(|cookie| cookie.name == name)
    }

    /// Has these cookies instead: those of another, or those of earlier.
    ///
    /// # Panics
    /// Never: nobody panics holding the lock.
    pub fn set_cookies(&self, cookies: Vec<Cookie>) {
        let cookies = cookies.into_iter().map(|cookie| (cookie.name.clone(), cookie));
        *self.cookies.lock().expect("nobody panics holding it") = cookies.collect();
    }

    /// An address of the server as browsers know it.
    #[must_use]
    #[track_caller]
    pub fn url(&self, path: &str) -> Url {
        self.public.join(path).expect("a path, or an address")
    }

    /// Opens an address, or a path with its query, and follows where it leads.
    pub async fn get(&self, address: &str) -> Landing {
        self.travel(Request { method: Method::GET, url: self.url(address), fields: Vec::new(), from: None })
            .await
    }

    /// Fills in the fields with these ids and presses Enter; without fields it is the page's first form.
    pub async fn submit(&self, page: &Page, fields: &[(&str, &str)]) -> Landing {
        self.send(page, page.filled_in(fields, None)).await
    }

    /// As [`Visitor::submit`], but presses the button with that id.
    pub async fn press(&self, page: &Page, button: &str, fields: &[(&str, &str)]) -> Landing {
        self.send(page, page.filled_in(fields, Some(button))).await
    }

    /// Follows the link with that id.
    ///
    /// # Panics
    /// When the page has none.
    pub async fn follow(&self, page: &Page, id: &str) -> Landing {
        let link = page.find(id).filter(|link| link.has("href"));
        let link = link.unwrap_or_else(|| unreachable!("no link #{id} but {:?}", page.ids()));
        let url = page.url.join(link.attribute("href")).expect("a usable address");
        let from = Some(page.url.clone());
        self.travel(Request { method: Method::GET, url, fields: Vec::new(), from }).await
    }

    /// Sends a form that no page has, from this page; `None` = from nowhere, as a program would.
    pub async fn post(&self, address: &str, fields: &[(&str, &str)], from: Option<&Url>) -> Landing {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (url, from) = (self.url(address), from.cloned());
        self.travel(Request { method: Method::POST, url, fields, from }).await
    }

    /// Sends what a page's form would send.
    pub async fn send(&self, page: &Page, form: Submission) -> Landing {
        let from = Some(page.url.clone());
        let url = target(&page.url, &form.action);
        self.travel(Request::of(&form, url, from)).await
    }

    /// Opens an authorization request and signs in with a password; agrees where it is asked.
    ///
    /// # Panics
    /// When there is nothing to sign in with.
    pub async fn sign_in(&self, authorize: &str, username: &str, password: &str) -> Departure {
        let page = self.get(authorize).await.here();
        page.assert_shows(200, &["username", "password", "submit"]);
        match self.submit(&page, &[("username", username), ("password", password)]).await {
            Landing::Here(page) if page.find("allow").is_some() => {
                self.press(&page, "allow", &[]).await.away()
            }
            landing => landing.away(),
        }
    }

    fn is_ours(&self, url: &Url) -> bool {
        let address = *self.address.lock().expect("nobody panics holding it");
        let is_address =
            url.scheme() == "http" && url.socket_addrs(|| None).is_ok_and(|all| all == [address]);
        url.origin() == self.public.origin() || (is_ip(url) && is_address)
    }

    async fn travel(&self, start: Request) -> Landing {
        let mut request = start;
        for _ in 0..MAX_HOPS {
            let reply = self.open(&request).await;
            let Some(next) = next(&request, &reply) else {
                let is_page = reply.header("content-type").starts_with("text/html");
                let document = if is_page { Document::parse(&reply.text) } else { Document::default() };
                return match document.first_form().map(|form| (target(&request.url, &form.action), form)) {
                    Some((url, form)) if !self.is_ours(&url) => {
                        Landing::Away(Departure { url, form: Some(form.fields), reply })
                    }
                    _ => Landing::Here(Page { url: request.url, reply, document }),
                };
            };
            if !self.is_ours(&next.url) {
                return Landing::Away(Departure { url: next.url, form: None, reply });
            }
            request = next;
        }
        unreachable!("the journey has no end: {request:?}")
    }

    /// One request, with what a browser sends beside it.
    async fn open(&self, request: &Request) -> Reply {
        assert!(self.is_ours(&request.url), "{} is not the server's", request.url);
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let address = *self.address.lock().expect("nobody panics holding it");
        let url = format!("http://{address}{}{query}", request.url.path());
        let mut headers = self.browser_headers(request);
        headers.extend(self.headers.lock().expect("nobody panics holding it").clone());
        let mut sent = self.http.request(request.method.clone(), url);
        if request.method == Method::POST {
            sent = sent.form(&request.fields);
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            sent = sent.header(HeaderName::from_bytes(name.as_bytes()).expect("a header's name"), value);
        }
        let reply = Reply::read(sent.send().await.expect("the server answers")).await;
        self.keep_cookies(&reply);
        reply
    }

    fn browser_headers(&self, request: &Request) -> BTreeMap<String, String> {
        let site = match &request.from {
            None => "none",
            Some(from) if from.origin() == request.url.origin() => "same-origin",
            Some(_) => "cross-site",
        };
        let mut headers = BTreeMap::new();
        let mut set = |name: &str, value: &str| headers.insert(name.to_owned(), value.to_owned());
        set(HOST.as_str(), &authority(&request.url));
        set(ACCEPT.as_str(), "text/html,application/xhtml+xml,*/*;q=0.8");
        set("sec-fetch-site", site);
        set("sec-fetch-mode", "navigate");
        set("sec-fetch-dest", "document");
        let may_send = |cookie: &Cookie| {
            let is_secure = cookie.attribute("secure").is_some();
            let is_foreign = site == "cross-site" && request.method == Method::POST;
            (!is_secure || self.public.scheme() == "https")
                && (!is_foreign || cookie.attribute("samesite").as_deref() == Some("none"))
        };
        let cookies = self.cookies().into_iter().filter(may_send);
        let cookies: Vec<String> =
            cookies.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        set(COOKIE.as_str(), &cookies.join("; "));
        if let Some(from) = request.from.as_ref().filter(|_| request.method == Method::POST) {
            set(ORIGIN.as_str(), &from.origin().ascii_serialization());
            set(REFERER.as_str(), "");
        }
        headers
    }

    fn keep_cookies(&self, reply: &Reply) {
        let mut jar = self.cookies.lock().expect("nobody panics holding it");
        for text in reply.headers.get_all(SET_COOKIE) {
            let cookie = text.to_str().ok().and_then(Cookie::parse).expect("a well-formed cookie");
            let is_secure = cookie.attribute("secure").is_some();
            assert!(!cookie.name.starts_with("__Host-") || is_secure, "no browser keeps {cookie:?}");
            assert!(!is_secure || self.public.scheme() == "https", "no browser keeps {cookie:?}");
            let age = cookie.attribute("max-age").and_then(|age| age.parse::<i64>().ok());
            if age.is_some_and(|age| age <= 0) {
                jar.remove(&cookie.name);
            } else {
                jar.insert(cookie.name.clone(), cookie);
            }
        }
    }
}

/// What is about to be opened.
#[derive(Clone, Debug)]
struct Request {
    method: Method,
    url: Url,
    fields: Vec<(String, String)>,
    /// The page that leads there; `None` = typed in.
    from: Option<Url>,
}

impl Request {
    fn of(form: &Submission, mut url: Url, from: Option<Url>) -> Self {
        if form.method == "POST" {
            return Self { method: Method::POST, url, fields: form.fields.clone(), from };
        }
        url.query_pairs_mut().clear().extend_pairs(&form.fields);
        Self { method: Method::GET, url, fields: Vec::new(), from }
    }
}

/// Where a form goes.
fn target(page: &Url, action: &str) -> Url {
    if action.is_empty() { page.clone() } else { page.join(action).expect("a usable address") }
}

/// Where a redirect leads.
fn next(request: &Request, reply: &Reply) -> Option<Request> {
    if !(300..400).contains(&reply.status) || reply.status == 304 {
        return None;
    }
    // RFC 9700 §4.12: others would send the password on.
    assert!(matches!(reply.status, 302 | 303), "{} leads on with {}", request.url, reply.status);
    let url = request.url.join(reply.header("location")).expect("a usable address");
    // A redirect still comes from where the journey began.
    let from = request.from.clone();
    Some(Request { method: Method::GET, url, fields: Vec::new(), from })
}

fn is_ip(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok())
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

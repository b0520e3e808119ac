//! A browser as far as sign-in needs one: cookies with `SameSite`, redirects, forms that submit themselves.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::Method;
use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};

use super::app::App;
use super::plain::plain;
use super::reply::Reply;

/// The port of the client's redirect URL.
const CLIENT_PORT: u16 = 4200;
/// Most hops of one journey.
const MAX_HOPS: usize = 12;

/// A cookie of the server.
#[derive(Clone, Debug)]
pub struct Cookie {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
    /// Attributes, names in lower case; those without a value are empty.
    pub attributes: BTreeMap<String, String>,
}

impl Cookie {
    /// Reads a `Set-Cookie`; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let attributes = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
        let attributes = attributes.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Some(Self { name: name.to_owned(), value: value.to_owned(), attributes })
    }

    /// An attribute, in lower case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.get(name).map(|value| value.to_lowercase())
    }
}

/// A page that somebody is about to open.
#[derive(Clone, Debug)]
pub struct Visit {
    /// `GET` or `POST`.
    pub method: Method,
    /// Absolute address.
    pub url: reqwest::Url,
    /// The fields of a POST.
    pub fields: Vec<(String, String)>,
    /// The page that leads there; `None` = typed in.
    pub from: Option<reqwest::Url>,
}

impl Visit {
    /// Somebody types an address in.
    #[must_use]
    pub fn typed(url: &str) -> Self {
        let url = reqwest::Url::parse(url).expect("an absolute address");
        Self { method: Method::GET, url, fields: Vec::new(), from: None }
    }

    /// A parameter of query or form.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
        query.chain(self.fields.clone()).find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The same with another value of a parameter; `None` takes it away.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        let replace = |pairs: Vec<(String, String)>| {
            let kept = pairs.into_iter().filter(|(key, _)| key != name);
            kept.chain(value.map(|value| (name.to_owned(), value.to_owned()))).collect::<Vec<_>>()
        };
        if self.method == Method::POST {
            self.fields = replace(self.fields);
        } else {
            let pairs = replace(self.url.query_pairs().into_owned().collect());
            self.url.query_pairs_mut().clear().extend_pairs(pairs);
        }
        self
    }
}

/// Where a journey ended.
#[derive(Clone, Debug)]
pub enum Stop {
    /// At a place that is none of ours: the client's redirect URL.
    Away(reqwest::Url),
    /// At an answer that leads nowhere.
    Here(Reply),
}

/// A browser with its cookies.
pub struct Browser<'a> {
    app: &'a App,
    /// How the server is known to browsers.
    public: reqwest::Url,
    http: reqwest::Client,
    cookies: Mutex<BTreeMap<String, Cookie>>,
    /// Of the providers, by origin and name; their attributes are not our business.
    foreign_cookies: Mutex<BTreeMap<(String, String), String>>,
}

impl<'a> Browser<'a> {
    /// A new one, without cookies, for the server that is known as `public_url`.
    #[must_use]
    pub fn new(app: &'a App, public_url: &str) -> Self {
        let http = plain().pool_max_idle_per_host(0).build();
        Self {
            app,
            public: reqwest::Url::parse(public_url).expect("an absolute address"),
            http: http.expect("an HTTP client can be built"),
            cookies: Mutex::default(),
            foreign_cookies: Mutex::default(),
        }
    }

    /// How the server is known.
    #[must_use]
    pub fn public_url(&self) -> &reqwest::Url {
        &self.public
    }

    /// The cookies it has.
    #[must_use]
    pub fn cookies(&self) -> Vec<Cookie> {
        self.cookies.lock().expect("nobody panics holding it").values().cloned().collect()
    }

    /// What another one was given, as if this one had been.
    ///
    /// # Panics
    /// Never: nobody panics holding the lock.
    pub fn take_cookies_of(&self, other: &Self) {
        let theirs = other.cookies().into_iter().map(|cookie| (cookie.name.clone(), cookie));
        self.cookies.lock().expect("nobody panics holding it").extend(theirs);
    }

    /// The cookies it would send; `None` when there is none.
    fn cookie_header(&self, visit: &Visit) -> Option<String> {
        let is_cross_site = visit.from.as_ref().is_some_and(|from| from.host_str() != visit.url.host_str());
        let cookies = self.cookies();
        let sent = cookies.iter().filter(|cookie| {
            let same_site = cookie.attribute("samesite").unwrap_or_else(|| "lax".to_owned());
            match same_site.as_str() {
                "none" => cookie.attribute("secure").is_some(),
                "lax" => !is_cross_site || visit.method == Method::GET,
                _ => !is_cross_site,
            }
        });
        let is_secure = visit.url.scheme() == "https";
        let sent = sent.filter(|cookie| is_secure || cookie.attribute("secure").is_none());
        let pairs: Vec<String> = sent.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn is_ours(&self, url: &reqwest::Url) -> bool {
        url.origin() == self.public.origin()
    }

    /// Opens one page, and nothing that it leads to.
    pub async fn open(&self, visit: &Visit) -> Reply {
        if !self.is_ours(&visit.url) {
            return self.open_elsewhere(visit).await;
        }
        let query = visit.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut request = self.app.request(visit.method.clone(), &format!("{}{query}", visit.url.path()));
        if let Some(cookies) = self.cookie_header(visit) {
            request = request.header(COOKIE, cookies);
        }
        if visit.method == Method::POST {
            let origin =
                visit.from.as_ref().map_or("null".to_owned(), |from| from.origin().ascii_serialization());
            request = request.form(&visit.fields).header(ORIGIN, origin);
        }
        let site = match &visit.from {
            None => "none",
            Some(from) if from.origin() == visit.url.origin() => "same-origin",
            Some(_) => "cross-site",
        };
        let reply = self.app.send(request.header("sec-fetch-site", site)).await;
        self.keep_cookies(&reply);
        reply
    }

    async fn open_elsewhere(&self, visit: &Visit) -> Reply {
        let origin = visit.url.origin().ascii_serialization();
        let mut request = self.http.request(visit.method.clone(), visit.url.clone());
        if visit.method == Method::POST {
            request = request.form(&visit.fields);
        }
        let pairs: Vec<String> = {
            let jar = self.foreign_cookies.lock().expect("nobody panics holding it");
            let own = jar.iter().filter(|((known, _), _)| *known == origin);
            own.map(|((_, name), value)| format!("{name}={value}")).collect()
        };
        if !pairs.is_empty() {
            request = request.header(COOKIE, pairs.join("; "));
        }
        let reply = Reply::read(request.send().await.expect("the page answers")).await;
        let mut jar = self.foreign_cookies.lock().expect("nobody panics holding it");
        let set = reply.headers.get_all(SET_COOKIE).iter();
        for cookie in set.filter_map(|text| text.to_str().ok()).filter_map(Cookie::parse) {
            jar.insert((origin.clone(), cookie.name), cookie.value);
        }
        drop(jar);
        reply
    }

    fn keep_cookies(&self, reply: &Reply) {
        let mut jar = self.cookies.lock().expect("nobody panics holding it");
        for text in reply.headers.get_all(SET_COOKIE) {
            let cookie = text.to_str().ok().and_then(Cookie::parse).expect("a well-formed cookie");
            let is_insecure = cookie.attribute("secure").is_none();
            assert!(!cookie.name.starts_with("__Host-") || !is_insecure, "no browser keeps {cookie:?}");
            assert!(is_insecure || self.public.scheme() == "https", "no browser keeps {cookie:?}");
            jar.insert(cookie.name.clone(), cookie);
        }
    }

    /// Opens a page and whatever it leads to: until the client's is next, one that `stop_before` holds, or none.
    pub async fn travel(&self, start: Visit, stop_before: impl Fn(&Visit) -> bool) -> (Stop, Option<Visit>) {
        let mut visit = start;
        for _ in 0..MAX_HOPS {
            let reply = self.open(&visit).await;
            let Some(next) = next_visit(&visit, &reply) else { return (Stop::Here(reply), None) };
            let is_loopback = next.url.host_str().is_some_and(|host| host.starts_with("127."));
            // The providers are on loopback too.
            let is_provider = is_loopback && next.url.port() != Some(CLIENT_PORT);
            if !is_provider && !self.is_ours(&next.url) {
                return (Stop::Away(next.url), None);
            }
            if stop_before(&next) {
                return (Stop::Here(reply), Some(next));
            }
            visit = next;
        }
        unreachable!("the journey has no end: {visit:?}")
    }
}

/// Where an answer leads by itself: a redirect, or a page with one form.
#[must_use]
pub fn next_visit(visit: &Visit, reply: &Reply) -> Option<Visit> {
    let from = Some(visit.url.clone());
    if (300..400).contains(&reply.status) {
        let url = visit.url.join(reply.header("location")).expect("a usable address");
        // A redirect of a redirect still comes from where the journey began.
        return Some(Visit { method: Method::GET, url, fields: Vec::new(), from });
    }
    if !reply.header("content-type").starts_with("text/html") {
        return None;
    }
    let form = tag(&reply.text, "<form")?;
    let url = visit.url.join(&attribute(form, "action").unwrap_or_default()).expect("a usable address");
    assert_eq!(attribute(form, "method").unwrap_or_default().to_lowercase(), "post");
    let inputs = reply.text.match_indices("<input").filter_map(|(at, _)| tag(&reply.text[at..], "<input"));
    let fields = inputs.filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)));
    Some(Visit { method: Method::POST, url, fields: fields.collect(), from })
}

fn tag<'a>(html: &'a str, opening: &str) -> Option<&'a str> {
    let start = html.find(opening)?;
    let length = html[start..].find('>')?;
    Some(&html[start..start + length])
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let length = tag[start..].find('"')?;
    Some(unescape(&tag[start..start + length]))
}

fn unescape(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&#60;", "<"),
        ("&gt;", ">"),
        ("&#62;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
        ("&#38;", "&"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

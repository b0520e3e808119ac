//! Clients of the OAuth 2.0 dialect, and the requests that tests of it make.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::app::App;
use super::pages::{Departure, Visitor};
use super::reply::Reply;
use crate::bootstrap::{CLIENT_SECRET, PASSWORD};

/// A confidential client of the operator's, with every grant.
pub const SHOP: &str = "shop";
/// Another one.
pub const DESK: &str = "desk";
/// A confidential client of somebody else's: users are asked to consent.
pub const PARTNER: &str = "partner";
/// A public client of the operator's.
pub const SPA: &str = "single-page";
/// A public client that listens on a port of its own choice.
pub const CONSOLE: &str = "console";
/// A client without users.
pub const ROBOT: &str = "robot";

/// Where [`SHOP`] is called back; it has a second one.
pub const SHOP_CALLBACK: &str = "https://shop.test/cb";
/// The second one.
pub const SHOP_OTHER_CALLBACK: &str = "https://shop.test/other?x=1";
/// Where browsers go after [`SHOP`] signed them out.
pub const SHOP_GOODBYE: &str = "https://shop.test/goodbye";
/// A resource that [`SHOP`] and [`ROBOT`] may ask tokens for.
pub const API: &str = "https://api.test/v1";

/// PKCE verifier of every request of tests, and its challenge (contract §9.1).
pub const VERIFIER: &str = "ZpJiIM_G0SE9WlxzS69Cq0mQh8uyFaeEbILlW8tHs62SmEE6n7Nke0XJGx_F4OduTI4";
/// Its challenge.
pub const CHALLENGE: &str = "j3wKnK2Fa_mc2tgdqa6GtUfCYjdWSA5S23JKTTtPF8Y";

const CLIENTS: &str = r#"
[[clients]]
client_id = "shop"
client_secret = "{CLIENT_SECRET}"
name = "Shop"
type = "web"
first_party = true
redirect_uris = ["https://shop.test/cb", "https://shop.test/other?x=1"]
logout_redirect_uris = ["https://shop.test/goodbye"]
grants = ["authorization_code", "refresh_token", "client_credentials", "password"]
scopes = ["openid", "profile", "email", "address", "phone", "orders.read", "orders.write"]
resources = ["https://api.test/v1", "https://files.test"]
access_token_ttl = "15m"
refresh_token_ttl = "1d"
auth_code_ttl = "1m"

[[clients]]
client_id = "desk"
client_secret = "{CLIENT_SECRET}"
name = "Desk"
type = "web"
first_party = true
redirect_uris = ["https://desk.test/cb"]
logout_redirect_uris = ["https://desk.test/goodbye"]
grants = ["authorization_code", "refresh_token"]
scopes = ["openid", "email"]

[[clients]]
client_id = "partner"
client_secret = "{CLIENT_SECRET}"
name = "Partner & Co <b>"
type = "web"
redirect_uris = ["https://partner.test/cb"]
grants = ["authorization_code"]
scopes = ["openid", "profile", "email", "orders.read"]

[[clients]]
client_id = "single-page"
name = "Single page"
type = "spa"
first_party = true
redirect_uris = ["https://spa.test/cb"]
grants = ["authorization_code", "refresh_token"]
scopes = ["openid", "profile", "email"]

[[clients]]
client_id = "console"
name = "Console"
type = "spa"
first_party = true
redirect_uris = ["http://127.0.0.1/cb", "http://localhost/cb"]
grants = ["authorization_code"]
scopes = ["openid"]

[[clients]]
client_id = "robot"
client_secret = "{CLIENT_SECRET}"
name = "Robot"
type = "m2m"
grants = ["client_credentials"]
scopes = ["orders.read", "orders.write"]
resources = ["https://api.test/v1"]

[[users]]
username = "carol"
password = "{PASSWORD}"
email = "carol@example.com"
email_verified = true
phone = "+15550000077"
first_name = "Carol"
middle_name = "Q"
last_name = "Nakamura"
nickname = "Caz"
profile_url = "https://people.test/carol"
timezone = "Europe/Berlin"
address = { locality = "Berlin", country = "DE" }
clients = ["shop", "desk", "partner", "single-page", "console", "webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member", locale = "de" }]

[[users]]
username = "dave"
password = "{PASSWORD}"
clients = ["shop", "partner"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }]
"#;

/// A user of every client of these.
pub const CAROL: &str = "carol";
/// A user of [`SHOP`] and [`PARTNER`] only, of whom nothing is known.
pub const DAVE: &str = "dave";

/// What `Authorization: Basic` says (RFC 6749 §2.3.1).
#[must_use]
pub fn basic(client: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")))
}

/// PKCE: the challenge of a verifier (RFC 7636 §4.2).
#[must_use]
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// Tokens as answered by the token endpoint.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The whole body.
    pub body: Value,
}

impl Granted {
    /// Of an answer that has to be 200.
    #[must_use]
    #[track_caller]
    pub fn of(reply: &Reply) -> Self {
        assert_eq!(reply.header("cache-control"), "no-store", "{:?}", reply.headers);
        assert_eq!(reply.header("pragma"), "no-cache", "{:?}", reply.headers);
        Self { body: reply.ok() }
    }

    /// A field that has to be text.
    #[must_use]
    #[track_caller]
    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_else(|| unreachable!("no {name} in {}", self.body))
    }

    /// `access_token`.
    #[must_use]
    #[track_caller]
    pub fn access(&self) -> &str {
        self.text("access_token")
    }

    /// `refresh_token`.
    #[must_use]
    #[track_caller]
    pub fn refresh(&self) -> &str {
        self.text("refresh_token")
    }

    /// The claims of `id_token`, unverified.
    #[must_use]
    #[track_caller]
    pub fn id_claims(&self) -> Value {
        super::jwt::claims(self.text("id_token"))
    }

    /// The claims of `access_token`, unverified.
    #[must_use]
    #[track_caller]
    pub fn access_claims(&self) -> Value {
        super::jwt::claims(self.access())
    }
}

/// `path?query`, everything percent-encoded.
#[must_use]
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://x.test").expect("a constant address");
    url.set_path(path);
    url.query_pairs_mut().extend_pairs(pairs);
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// The path of a sound authorization request, with these parameters changed: an empty one is left out, and one that comes
/// twice is sent twice.
#[must_use]
pub fn authorize_url(client: &str, changes: &[(&str, &str)]) -> String {
    let redirect_uri = match client {
        SHOP => SHOP_CALLBACK,
        DESK => "https://desk.test/cb",
        PARTNER => "https://partner.test/cb",
        CONSOLE => "http://127.0.0.1/cb",
        _ => "https://spa.test/cb",
    };
    let sound = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", redirect_uri),
        ("scope", "openid email"),
        ("state", "abc123"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let is_changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
    let kept = sound.into_iter().filter(|(name, _)| !is_changed(name));
    let pairs: Vec<_> = kept.chain(changes.iter().copied().filter(|(_, value)| !value.is_empty())).collect();
    with_query("/oauth2/authorize", &pairs)
}

impl App {
    /// Adds the clients and users of the OAuth 2.0 tests.
    pub async fn introduce_relying_parties(&self) {
        let text = CLIENTS.replace("{CLIENT_SECRET}", CLIENT_SECRET).replace("{PASSWORD}", PASSWORD);
        self.apply(&text).await;
    }

    /// A new browser.
    #[must_use]
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self, &format!("http://{}", self.address()))
    }

    /// `POST /oauth2/token` with this form, as a confidential client (`Authorization: Basic`), or as a public one.
    pub async fn token(&self, client: &str, form: &[(&str, &str)]) -> Reply {
        self.send(self.token_request(client, form)).await
    }

    /// The same, not sent yet.
    pub fn token_request(&self, client: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let request = self.request(Method::POST, "/oauth2/token");
        let is_public = [SPA, CONSOLE].contains(&client);
        let mut form = form.to_vec();
        if is_public {
            form.push(("client_id", client));
            return request.form(&form);
        }
        request.header("authorization", basic(client, CLIENT_SECRET)).form(&form)
    }

    /// Any `POST` of a form as a confidential client.
    pub async fn post_form(&self, client: &str, path: &str, form: &[(&str, &str)]) -> Reply {
        let request = self.request(Method::POST, path);
        self.send(request.header("authorization", basic(client, CLIENT_SECRET)).form(form)).await
    }

    /// A code for the client, by signing in at the hosted page with a browser of its own.
    pub async fn authorize(&self, client: &str, username: &str, changes: &[(&str, &str)]) -> Departure {
        self.visitor().sign_in(&authorize_url(client, changes), username, PASSWORD).await
    }

    /// Redeems a code of [`authorize_url`].
    pub async fn redeem_code(&self, client: &str, departure: &Departure) -> Reply {
        let redirect_uri = redirect_uri_of(departure);
        let code = departure.code();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", redirect_uri.as_str()),
            ("code_verifier", VERIFIER),
        ];
        self.token(client, &form).await
    }

    /// Tokens by code.
    pub async fn grant(&self, client: &str, username: &str, changes: &[(&str, &str)]) -> Granted {
        let departure = self.authorize(client, username, changes).await;
        Granted::of(&self.redeem_code(client, &departure).await)
    }

    /// `grant_type=refresh_token`.
    pub async fn refresh_grant(&self, client: &str, refresh: &str, more: &[(&str, &str)]) -> Reply {
        let form: Vec<_> = [("grant_type", "refresh_token"), ("refresh_token", refresh)]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        self.token(client, &form).await
    }

    /// `GET /oauth2/userinfo`.
    pub async fn userinfo(&self, access: &str) -> Reply {
        self.get_as(access, "/oauth2/userinfo").await
    }

    /// `POST /oauth2/introspect`.
    pub async fn introspect(&self, client: &str, token: &str) -> Value {
        self.post_form(client, "/oauth2/introspect", &[("token", token)]).await.ok()
    }
}

/// Where the code was brought.
fn redirect_uri_of(departure: &Departure) -> String {
    let mut url = departure.url.clone();
    let own = ["code", "iss", "state", "client_id", "session_state"];
    let kept: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(name, _)| !own.contains(&name.as_str())).collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(&kept);
    }
    url.to_string()
}

impl Reply {
    /// It is the dialect's error (RFC 6749 §5.2), never cached.
    #[track_caller]
    pub fn assert_oauth_error(&self, status: u16, error: &str) {
        let body = self.json();
        assert_eq!((self.status, body["error"].as_str()), (status, Some(error)), "{}", self.text);
        assert!(body["error_description"].as_str().is_some_and(|text| !text.is_empty()), "{}", self.text);
        assert_eq!(self.header("cache-control"), "no-store", "{:?}", self.headers);
        assert!(self.header("content-type").starts_with("application/json"), "{:?}", self.headers);
        assert_eq!(self.header("x-content-type-options"), "nosniff");
    }
}

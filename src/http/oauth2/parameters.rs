//! Parameters of a request: of the form, of the query, or of both, where an endpoint reads both.

use std::collections::HashSet;

use poem::{FromRequest, Request, RequestBody, Result};

use super::error::Failure;
use crate::body;
use crate::urlencoded::{self, CONTENT_TYPE};

/// The only parameter that may come more than once (RFC 8707 §2).
const REPEATABLE: &str = "resource";

/// What has no business in a query, which ends up in logs (RFC 6749 §2.3.1, RFC 9700 §4.3.2).
const SECRETS: [&str; 7] = [
    "client_secret",
    "client_assertion",
    "password",
    "code",
    "code_verifier",
    "refresh_token",
    "access_token",
];

/// Every pair of query and form, in this order, as it came: also what comes twice.
pub(super) struct Everything(pub(super) Vec<(String, String)>);

/// Parameters of the form alone. A query with secrets is refused, any other is ignored.
pub(super) struct Form(pub(super) Parameters);

/// Parameters of query and form. A client's secret in the query is refused.
pub(super) struct Either(pub(super) Parameters);

/// Parameters of query and form, a client's secret among them.
pub(super) struct Anywhere(pub(super) Parameters);

/// Named values, none of them empty and, but for `resource`, each name once.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// RFC 6749 §3.1: a parameter without a value counts as omitted, and none comes twice.
    fn checked(pairs: Vec<(String, String)>) -> Result<Self, Failure> {
        let mut names = HashSet::new();
        if !pairs.iter().all(|(name, _)| name == REPEATABLE || names.insert(name.as_str())) {
            return Err(Failure::invalid_request("A parameter is given more than once."));
        }
        if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(Failure::invalid_request("A parameter holds a NUL."));
        }
        Ok(Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// Takes the value out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(named, _)| named == name)?;
        Some(self.0.swap_remove(index).1)
    }

    /// Takes out what has to be there.
    pub(super) fn require(&mut self, name: &str) -> Result<String, Failure> {
        self.take(name).ok_or_else(|| Failure::missing(name))
    }

    /// Every `resource`.
    pub(super) fn resources(&self) -> Vec<String> {
        self.0.iter().filter(|(name, _)| name == REPEATABLE).map(|(_, value)| value.clone()).collect()
    }
}

impl<'a> FromRequest<'a> for Everything {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let mut pairs = query(request)?;
        pairs.extend(form(request, body).await?);
        Ok(Self(pairs))
    }
}

impl<'a> FromRequest<'a> for Form {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        refuse_in_query(&query(request)?, &SECRETS)?;
        Ok(Self(Parameters::checked(form(request, body).await?)?))
    }
}

impl<'a> FromRequest<'a> for Either {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let mut pairs = query(request)?;
        refuse_in_query(&pairs, &SECRETS[..2])?;
        pairs.extend(form(request, body).await?);
        Ok(Self(Parameters::checked(pairs)?))
    }
}

impl<'a> FromRequest<'a> for Anywhere {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let Everything(pairs) = Everything::from_request(request, body).await?;
        Ok(Self(Parameters::checked(pairs)?))
    }
}

fn refuse_in_query(pairs: &[(String, String)], refused: &[&str]) -> Result<(), Failure> {
    if pairs.iter().any(|(name, _)| refused.contains(&name.as_str())) {
        return Err(Failure::invalid_request(
            "A secret is in the query, which ends up in logs: use the body.",
        ));
    }
    Ok(())
}

fn query(request: &Request) -> Result<Vec<(String, String)>, Failure> {
    decoded(request.uri().query().unwrap_or_default())
}

/// A body without a `Content-Type` is taken for a form: some clients send an empty one.
async fn form(request: &Request, body: &mut RequestBody) -> Result<Vec<(String, String)>, Failure> {
    let bytes = body::read(body).await?;
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    body::require_type(request.headers(), CONTENT_TYPE).map_err(|_| {
        Failure::invalid_request("The body has to be application/x-www-form-urlencoded, in UTF-8.")
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::invalid_request("The body is no UTF-8."))?;
    decoded(text)
}

fn decoded(encoded: &str) -> Result<Vec<(String, String)>, Failure> {
    urlencoded::pairs(encoded).map_err(|unreadable| {
        Failure::invalid_request(match unreadable {
            urlencoded::Unreadable::Encoding => "A parameter is no UTF-8.",
            urlencoded::Unreadable::TooMany => "There are more than 1000 parameters.",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form_request(query: &str, content_type: Option<&str>, body: &str) -> Request {
        let builder = Request::builder().uri_str(format!("/x{query}"));
        let builder = match content_type {
            Some(content_type) => builder.content_type(content_type),
            None => builder,
        };
        builder.body(body.to_owned())
    }

    async fn read<T: for<'a> FromRequest<'a>>(request: Request) -> Result<T, u16> {
        let (request, mut body) = request.split();
        T::from_request(&request, &mut body).await.map_err(|error| error.status().as_u16())
    }

    #[tokio::test]
    async fn forms_are_read_once_each_and_empty_is_absent() {
        let sent = "grant_type=x&scope=a+b&resource=https%3A%2F%2Fr&resource=https%3A%2F%2Fs&code=";
        let request =
            form_request("?ignored=1", Some("application/x-www-form-urlencoded; charset=UTF-8"), sent);
        let Form(mut parameters) = read(request).await.expect("readable");
        assert_eq!(parameters.take("scope").as_deref(), Some("a b"));
        assert_eq!(parameters.take("code"), None);
        assert!(parameters.require("code").is_err());
        assert_eq!(parameters.require("grant_type").expect("there"), "x");
        assert_eq!(parameters.take("ignored"), None);
        assert_eq!(parameters.resources(), ["https://r", "https://s"]);
    }

    #[tokio::test]
    async fn what_cannot_be_told_apart_is_refused() {
        let form = Some(CONTENT_TYPE);
        for (query, content_type, body) in [
            ("", form, "a=1&a=1"),
            ("", form, "a=&a=1"),
            ("", form, "a=%00"),
            ("", form, "a=%ff"),
            ("", form, "a=\u{0}"),
            ("", Some("application/json"), "{}"),
            ("", Some("text/plain"), "a=1"),
            ("", Some("application/x-www-form-urlencoded; charset=utf-16"), "a=1"),
            ("?client_secret=x", form, "a=1"),
            ("?password=x", None, ""),
        ] {
            let outcome = read::<Form>(form_request(query, content_type, body)).await;
            assert_eq!(outcome.err(), Some(400), "{query} {content_type:?} {body}");
        }
    }

    #[tokio::test]
    async fn query_and_form_count_together_where_both_are_read() {
        let Either(mut parameters) =
            read(form_request("?token=t", Some(CONTENT_TYPE), "client_id=c")).await.expect("readable");
        assert_eq!(parameters.take("token").as_deref(), Some("t"));
        assert_eq!(parameters.take("client_id").as_deref(), Some("c"));
        let Either(mut parameters) = read(form_request("?token=t&", None, "")).await.expect("readable");
        assert_eq!(parameters.take("token").as_deref(), Some("t"));
        assert!(read::<Either>(form_request("?token=t", None, "token=t")).await.is_err());
        assert!(read::<Either>(form_request("?client_secret=s", None, "token=t")).await.is_err());
        assert!(read::<Anywhere>(form_request("?client_secret=s&id_token=t", None, "")).await.is_ok());
        let Everything(pairs) = read(form_request("?a=1&a=2", None, "a=3")).await.expect("readable");
        assert_eq!(pairs.len(), 3);
    }
}

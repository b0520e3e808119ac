//! Forms (`application/x-www-form-urlencoded`): of clients, checked like any body of this dialect, and of providers.

use poem::http::Method;
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::{Map, Value};

use super::body::{self, RequestObject};
use super::error::Failure;
use crate::urlencoded::{self, CONTENT_TYPE};

/// A form as the request type it stands for.
pub(crate) struct Form<T>(pub(crate) T);

impl<T: RequestObject> Payload for Form<T> {
    const CONTENT_TYPE: &'static str = CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: RequestObject> ParsePayload for Form<T> {
    // As in the old document: an absent body counts as an empty form.
    const IS_REQUIRED: bool = false;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let pairs = read_form(request, body).await?;
        Ok(body::of_object(Value::Object(object_of(pairs))).map(Self)?)
    }
}

impl<'a, T: RequestObject> ApiExtractor<'a> for Form<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType {
            content_type: <Self as Payload>::CONTENT_TYPE,
            schema: <Self as Payload>::schema_ref(),
        }];
        Some(MetaRequest { description: None, content, required: <Self as ParsePayload>::IS_REQUIRED })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        <Self as ParsePayload>::from_request(request, body).await
    }
}

/// The query as the request type it stands for.
pub(crate) struct Query<T>(pub(crate) T);

impl<'a, T: RequestObject> FromRequest<'a> for Query<T> {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let pairs = unique(request.uri().query().unwrap_or_default())?;
        Ok(body::of_object(Value::Object(object_of(pairs))).map(Self)?)
    }
}

/// What a provider sent with the browser: the form of a POST, else the query. No name comes twice.
pub(crate) struct Brought {
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) by_post: bool,
}

impl<'a> FromRequest<'a> for Brought {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let by_post = request.method() == Method::POST;
        let parameters = if by_post {
            read_form(request, body).await?
        } else {
            unique(request.uri().query().unwrap_or_default())?
        };
        Ok(Self { parameters, by_post })
    }
}

async fn read_form(request: &Request, body: &mut RequestBody) -> Result<Vec<(String, String)>, Failure> {
    let bytes = body::read(body).await?;
    if !bytes.is_empty() {
        body::require_type(request.headers(), CONTENT_TYPE)?;
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::syntax("the form is no UTF-8"))?;
    unique(text)
}

/// The decoded pairs. Of two with one name nobody could tell which one a check and its use would read.
fn unique(encoded: &str) -> Result<Vec<(String, String)>, Failure> {
    let pairs = urlencoded::pairs(encoded).map_err(|problem| Failure::syntax(problem.to_string()))?;
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|two| two[0] == two[1]) {
        return Err(Failure::syntax("a parameter is given more than once"));
    }
    Ok(pairs)
}

fn object_of(pairs: Vec<(String, String)>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_once() {
        let pairs = unique("state=a%20b&code=c+d&empty").expect("fine");
        let expected = [("state", "a b"), ("code", "c d"), ("empty", "")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for twice in ["a=1&b=2&a=1", "a&a", "%61=1&a=2"] {
            assert_eq!(unique(twice).expect_err(twice).status.as_u16(), 400);
        }
        assert!(unique("a=%ff").is_err());
    }
}

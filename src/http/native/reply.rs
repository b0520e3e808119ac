//! Successful JSON, `application/json` without a charset as the old service wrote it.

use std::marker::PhantomData;

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::Serialize;

use super::error::Failure;

/// Room for the body of most replies, so that it need not grow.
const USUAL_BYTES: usize = 1024;

/// A 200 whose body is documented by `T`.
pub(crate) struct Reply<T> {
    body: Vec<u8>,
    documented_by: PhantomData<fn() -> T>,
}

impl<T> Reply<T> {
    /// The body is `value`, which `T` describes.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, Failure> {
        let mut body = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut body, value).map_err(|error| {
            tracing::error!(event = "reply_not_serialised", error = %error);
            Failure::internal()
        })?;
        Ok(Self { body, documented_by: PhantomData })
    }
}

impl<T: Type> Payload for Reply<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> ApiResponse for Reply<T> {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType {
            content_type: <Self as Payload>::CONTENT_TYPE,
            schema: <Self as Payload>::schema_ref(),
        }];
        let response =
            MetaResponse { description: "", status: Some(200), status_range: None, content, headers: vec![] };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        Response::builder().status(StatusCode::OK).content_type("application/json").body(self.body)
    }
}

/// A 204.
pub(crate) struct Done;

impl ApiResponse for Done {
    fn meta() -> MetaResponses {
        let response = MetaResponse {
            description: "",
            status: Some(204),
            status_range: None,
            content: vec![],
            headers: vec![],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(_registry: &mut Registry) {}
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

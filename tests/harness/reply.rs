//! An answer, and what tests ask about it.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// A whole HTTP answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub text: String,
}

/// The `name` that the native dialect gives an error of a status, where it is always the same.
fn error_name(status: u16) -> &'static str {
    match status {
        400 => "BadRequestError",
        401 => "UnauthorizedError",
        403 => "ForbiddenError",
        404 => "NotFoundError",
        422 => "UnprocessableEntityError",
        _ => "no name for this status",
    }
}

impl Reply {
    /// Reads the whole answer.
    pub(super) async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.expect("the body arrives");
        Self { status, headers, text }
    }

    /// A header's text; empty when it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| unreachable!("{error} in the JSON body of {self:?}"))
    }

    /// The body of an answer that has to be 200.
    #[must_use]
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        assert!(self.header("content-type").starts_with("application/json"), "{:?}", self.headers);
        self.json()
    }

    /// It is exactly the native dialect's error with this status and message (a string, or an object).
    #[track_caller]
    pub fn assert_error(&self, status: u16, message: impl Into<Value>) {
        let expected = json!({
            "error": { "statusCode": status, "name": error_name(status), "message": message.into() }
        });
        assert_eq!((self.status, self.json()), (status, expected));
        self.assert_error_headers();
    }

    /// As [`Reply::assert_error`], with the message wrapped in an object, as the old service does for client, password and
    /// bearer checks.
    #[track_caller]
    pub fn assert_wrapped_error(&self, status: u16, message: &str) {
        self.assert_error(status, json!({ "message": message }));
    }

    /// It is the native dialect's error with this status, `name` and, when given, `code`; the texts are free.
    #[track_caller]
    pub fn assert_error_named(&self, status: u16, name: &str) {
        let error = &self.json()["error"];
        assert_eq!(
            (self.status, &error["statusCode"], &error["name"]),
            (status, &json!(status), &json!(name)),
            "{}",
            self.text
        );
        assert!(!error["message"].is_null(), "{}", self.text);
        self.assert_error_headers();
    }

    /// It is the 422 of a body that breaks the schema; answers `details` as `(path, code)`.
    #[must_use]
    #[track_caller]
    pub fn validation_failures(&self) -> Vec<(String, String)> {
        let error = &self.json()["error"];
        assert_eq!((self.status, &error["code"]), (422, &json!("VALIDATION_FAILED")), "{}", self.text);
        assert_eq!(error["name"], "UnprocessableEntityError");
        assert_eq!(
            error["message"],
            "The request body is invalid. See error object `details` property for more info."
        );
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let details = error["details"].as_array().expect("details is a list");
        details.iter().map(|detail| (text(&detail["path"]), text(&detail["code"]))).collect()
    }

    #[track_caller]
    fn assert_error_headers(&self) {
        assert_eq!(self.header("content-type"), "application/json; charset=utf-8");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
    }
}

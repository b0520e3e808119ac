//! Whether the service lives and whether it can serve.

use poem::http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};
use serde_json::{Value, json};

use crate::shared::App;

/// `GET /ping`, as the scaffold of the old service answered it.
#[handler]
pub(crate) fn ping(Data(app): Data<&App>) -> Response {
    let date = app.core.ports().clock.now().to_iso_millis();
    answer(StatusCode::OK, &json!({ "greeting": "Hello from Doorward", "date": date, "url": "/ping" }))
}

/// `GET /health/live`: the process answers.
#[handler]
pub(crate) fn live() -> Response {
    answer(StatusCode::OK, &json!({ "status": "live" }))
}

/// `GET /health/ready`: database and revocation view are there; 503 otherwise.
#[handler]
pub(crate) async fn ready(Data(app): Data<&App>) -> Response {
    if app.core.is_ready().await {
        answer(StatusCode::OK, &json!({ "status": "ready" }))
    } else {
        answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "unavailable" }))
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}

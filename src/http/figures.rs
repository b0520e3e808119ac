//! `GET /metrics`: the figures of this process in the text format of Prometheus, on a listener of their own.
//!
//! # Security
//! Never on the public listener: the figures tell how many sign in and fail, and how full the queue for passwords is,
//! which is what somebody who guesses or floods would like to know.

use std::sync::Arc;

use poem::http::StatusCode;
use poem::{Endpoint, EndpointExt as _, Request, Response, Result, Route, get};

use crate::app::App;

/// Writes all figures down.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

struct Figures(Render);

impl Endpoint for Figures {
    type Output = Response;

    async fn call(&self, _request: Request) -> Result<Response> {
        let reply = Response::builder().status(StatusCode::OK);
        Ok(reply.content_type("text/plain; version=0.0.4; charset=utf-8").body((self.0)()))
    }
}

/// The router of the listener for metrics: one path.
pub(crate) fn app(render: Render) -> App {
    Route::new().at("/metrics", get(Figures(render))).boxed()
}

#[cfg(test)]
mod tests {
    use poem::test::TestClient;

    use super::*;

    #[tokio::test]
    async fn only_the_figures_are_there() {
        let client = TestClient::new(app(Arc::new(|| "doorward_build_info 1\n".to_owned())));
        let reply = client.get("/metrics").send().await;
        reply.assert_status_is_ok();
        reply.assert_header("content-type", "text/plain; version=0.0.4; charset=utf-8");
        reply.assert_text("doorward_build_info 1\n").await;
        client.get("/auth/me").send().await.assert_status(StatusCode::NOT_FOUND);
        client.post("/metrics").send().await.assert_status(StatusCode::METHOD_NOT_ALLOWED);
    }
}

//! The bare endpoint: what poem-openapi and our server cost before anything is done.

use std::net::SocketAddr;
use std::time::Duration;

use doorward_http::{HttpSettings, serve};
use poem::{EndpointExt as _, Route};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi, OpenApiService};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

struct HelloApi;

/// The reply.
#[derive(Object)]
struct Hello {
    message: String,
}

#[expect(clippy::unused_async, reason = "handlers are asynchronous, also one that waits for nothing")]
#[OpenApi]
impl HelloApi {
    /// Says hello.
    #[oai(path = "/hello", method = "get")]
    async fn hello(&self) -> Json<Hello> {
        Json(Hello { message: "hello".to_owned() })
    }
}

/// Serves `GET /hello` until it is killed, with the server that Doorward runs on.
pub(crate) async fn run(listen: SocketAddr) -> anyhow::Result<()> {
    let service = OpenApiService::new(HelloApi, "hello", "1");
    let app = Route::new().nest("/", service).boxed();
    let settings = HttpSettings {
        public_url: format!("http://{listen}"),
        trusted_proxies: Vec::new(),
        cors_origins: Vec::new(),
        body_limit: 1024 * 1024,
        request_timeout: Duration::from_secs(30),
        header_timeout: Duration::from_secs(10),
        http2: false,
        max_connections: 10_000,
        shutdown_timeout: Duration::from_secs(10),
        jwks_cache: Duration::from_mins(5),
        allow_access_token_in_query: false,
        web_app_url: None,
        allow_secret_in_query: false,
    };
    let listener = TcpListener::bind(listen).await?;
    Ok(serve(listener, app, settings, TaskTracker::new(), CancellationToken::new()).await?)
}

//! F10: what we ask of a provider stays on the way there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{DevIdp, Endpoint, Fault};
use doorward_tests::App;
use doorward_tests::Options;
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::federation::{HTTPS, start_form};
use reqwest::Method;
use tokio::net::TcpListener;

use super::{browser, codes, introduce, openid, usual};

federated![usual;
    f10_private_addresses_are_never_connected_to,
    f10_redirects_are_not_followed,
    f10_answers_without_end,
];

/// Listens and counts.
struct Canary {
    port: u16,
    touched: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Canary {
    #[expect(clippy::disallowed_methods, reason = "the test ends it")]
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let touched = Arc::new(AtomicUsize::new(0));
        let counter = touched.clone();
        let task = tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { port, touched, task }
    }
}

async fn f10_private_addresses_are_never_connected_to(app: &App, _idp: &DevIdp) {
    let canary = Canary::start().await;
    let port = canary.port;
    let hosts = [
        format!("127.0.0.1:{port}"),
        format!("127.1:{port}"),
        format!("[::1]:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("[::ffff:7f00:1]:{port}"),
        format!("0:{port}"),
        format!("0.0.0.0:{port}"),
        format!("2130706433:{port}"),
        format!("0x7f000001:{port}"),
        format!("017700000001:{port}"),
        format!("localhost:{port}"),
        format!("localhost.:{port}"),
        "169.254.169.254".to_owned(),
        "[fe80::1]".to_owned(),
        "10.0.0.1".to_owned(),
        "192.168.1.1".to_owned(),
        "100.64.0.1".to_owned(),
    ];
    let section = |(number, host)| {
        let client = "kind = 'oidc'\nclient_id = 'x'\nclient_secret = 'y'";
        format!("\n[providers.p{number}]\n{client}\nissuer = 'https://{host}'\n")
    };
    let file = hosts.iter().enumerate().map(section).collect::<Vec<_>>().concat();
    app.restart_with(Options::default().set("server.public_url", HTTPS).with_file(&file)).await;
    for (number, host) in hosts.iter().enumerate() {
        let start =
            app.request(Method::POST, &format!("/auth/providers/p{number}")).form(&start_form(WEBAPP));
        let reply = app.send(start).await;
        // 503: the name leads nowhere on this machine.
        let is_unknown_name = host.starts_with("localhost") && reply.status == 503;
        assert!(reply.status == 502 || is_unknown_name, "{host}: {} {}", reply.status, reply.text);
        assert!(!reply.text.contains(host.as_str()) && !reply.text.contains("issuer"), "{}", reply.text);
    }
    assert_eq!(canary.touched.load(Ordering::Relaxed), 0);
    canary.task.abort();
}

async fn f10_redirects_are_not_followed(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let asked = [Endpoint::Token, Endpoint::Jwks, Endpoint::Userinfo, Endpoint::DebugToken];
    for kind in super::played() {
        idp.heal();
        idp.forget_calls();
        let browser = browser(app);
        let callback = browser.callback(kind).await;
        for endpoint in asked {
            idp.fault_at(endpoint, Fault::Redirect);
        }
        let reply = browser.arrive(callback).await.here();
        assert_eq!(reply.status, 502, "{kind:?}: {}", reply.text);
        assert_eq!(idp.calls(kind, Endpoint::Token).len(), 1, "{kind:?}");
    }
    assert_eq!((idp.canary_calls(), codes(app).await), (0, 0));
}

async fn f10_answers_without_end(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    for kind in [openid()[0], ProviderKind::Oidc, ProviderKind::Facebook] {
        idp.heal();
        let browser = browser(app);
        let callback = browser.callback(kind).await;
        idp.fault_at(Endpoint::Token, Fault::Huge);
        let reply = browser.arrive(callback).await.here();
        assert_eq!(reply.status, 502, "{kind:?}: {}", reply.text);
    }
    // One byte a second is an answer that does not come in time.
    idp.heal();
    let browser = browser(app);
    let callback = browser.callback(ProviderKind::Oidc).await;
    idp.fault_at(Endpoint::Token, Fault::Drip);
    let reply = browser.arrive(callback).await.here();
    assert_eq!(reply.status, 503, "{}", reply.text);
    assert_eq!(codes(app).await, 0);
}

//! Where requests go and what is read of their answers.

use std::time::Duration;

use doorward_core::ports::provider::ProviderError;

use super::{Fetch, MAX_BODY, Request};
use crate::engine::upstream::{Upstream, raw};

const SHORT: Duration = Duration::from_millis(300);

fn strict() -> Fetch {
    Fetch::new(false, SHORT).expect("certificate authorities")
}

fn local() -> Fetch {
    Fetch::new(true, Duration::from_secs(5)).expect("certificate authorities")
}

async fn refusal(fetch: &Fetch, url: &str) -> ProviderError {
    fetch.send(Request::get(url)).await.expect_err(url)
}

#[tokio::test]
async fn only_https_to_public_addresses() {
    let canary = Upstream::start(|_| raw(200, "{}")).await;
    let port = canary.port();
    let hosts = [
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",
        "0",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "localhost",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "10.0.0.1",
        "192.168.0.1",
        "[fd00::1]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
    ];
    for host in hosts {
        for scheme in ["https", "http"] {
            let error = refusal(&strict(), &format!("{scheme}://{host}:{port}/x")).await;
            assert!(matches!(error, ProviderError::Misconfigured(_)), "{scheme}://{host}: {error}");
        }
    }
    for url in
        ["file:///etc/passwd", "gopher://1.1.1.1/", "ftp://1.1.1.1/", "http://1.1.1.1/", "data:,x", "/x", ""]
    {
        let error = refusal(&strict(), url).await;
        assert!(matches!(error, ProviderError::Misconfigured(_)), "{url}: {error}");
    }
    assert_eq!(canary.requests().len(), 0);
}

#[tokio::test]
async fn local_addresses_where_they_are_allowed_but_never_the_link_local_ones() {
    let upstream = Upstream::start(|_| raw(200, r#"{"a":1}"#)).await;
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/x", upstream.port());
        let value: serde_json::Value = local().get_json(&url).await.expect("an answer");
        assert_eq!(value["a"], 1);
    }
    for url in ["http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "file:///etc/passwd"] {
        let error = refusal(&local(), url).await;
        assert!(matches!(error, ProviderError::Misconfigured(_)), "{url}: {error}");
    }
}

#[tokio::test]
async fn messages_hold_no_query_and_no_password() {
    let error =
        refusal(&strict(), "http://user:hunter2@1.1.1.1/x?access_token=hunter2#hunter2").await.to_string();
    assert!(!error.contains("hunter2") && !error.contains("user"), "{error}");
    let error = refusal(&strict(), "https://user:hunter2@1.1.1.1/x").await.to_string();
    assert!(!error.contains("hunter2"), "{error}");
    let closed = Upstream::closed_port().await;
    let error = refusal(&local(), &format!("http://127.0.0.1:{closed}/x?access_token=hunter2")).await;
    assert!(matches!(error, ProviderError::Unreachable(_)), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let canary = Upstream::start(|_| raw(200, "{}")).await;
    let target = canary.url("/canary");
    let upstream = Upstream::start(move |_| raw(302, "").with_header("Location", &target)).await;
    let error = refusal(&local(), &upstream.url("/x")).await;
    assert!(matches!(error, ProviderError::Faulty(_)), "{error}");
    assert_eq!(canary.requests().len(), 0);
}

#[tokio::test]
async fn large_bodies_are_not_read() {
    for announced in [true, false] {
        let upstream = Upstream::start(move |_| {
            let answer = raw(200, &"x".repeat(MAX_BODY + 1));
            if announced { answer } else { answer.without_length() }
        })
        .await;
        let error = refusal(&local(), &upstream.url("/x")).await;
        assert!(matches!(error, ProviderError::Faulty(_)), "{error}");
    }
    let upstream = Upstream::start(|_| raw(200, &"x".repeat(MAX_BODY))).await;
    let answer = local().send(Request::get(&upstream.url("/x"))).await.expect("an answer");
    assert_eq!(answer.body.expose().len(), MAX_BODY);
}

#[tokio::test]
async fn compressed_bodies_are_not_unpacked() {
    let upstream = Upstream::start(|_| raw(200, "{}").with_header("Content-Encoding", "gzip")).await;
    let answer = local().send(Request::get(&upstream.url("/x"))).await.expect("an answer");
    assert_eq!(answer.body.expose(), b"{}");
    let asked = upstream.requests();
    assert!(!asked.iter().any(|request| request.header("accept-encoding").is_some()), "{asked:?}");
}

#[tokio::test]
async fn silence_and_trickles_end() {
    let silent = Upstream::start(|_| raw(200, "{}").after(Duration::from_mins(1))).await;
    let fetch = Fetch::new(true, SHORT).expect("certificate authorities");
    let error = refusal(&fetch, &silent.url("/x")).await;
    assert!(matches!(error, ProviderError::Unreachable(_)), "{error}");
    let trickle =
        Upstream::start(|_| raw(200, "{ }").with_pause_between_bytes(Duration::from_secs(30))).await;
    let error = refusal(&fetch, &trickle.url("/x")).await;
    assert!(matches!(error, ProviderError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn statuses_tell_refusals_from_faults() {
    let upstream = Upstream::start(|request| {
        let status: u16 = request.path.trim_start_matches('/').parse().expect("a status");
        raw(status, "<html>hunter2</html>")
    })
    .await;
    for status in [400, 401, 403, 404] {
        let answer =
            local().send(Request::get(&upstream.url(&format!("/{status}")))).await.expect("an answer");
        assert!(!answer.is_success());
    }
    for status in [301, 500, 502, 503] {
        let error = refusal(&local(), &upstream.url(&format!("/{status}"))).await;
        assert!(matches!(error, ProviderError::Faulty(_)), "{status}: {error}");
    }
    let error = refusal(&local(), &upstream.url("/429")).await;
    assert!(matches!(error, ProviderError::Unreachable(_)), "{error}");
    let error = local().get_json::<serde_json::Value>(&upstream.url("/200")).await.expect_err("HTML");
    assert!(matches!(error, ProviderError::Faulty(_)) && !error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn credentials_are_form_encoded_before_base64() {
    let upstream = Upstream::start(|_| raw(200, "{}")).await;
    let url = upstream.url("/token");
    let request = Request::post_form(&url, &[("code", "a b&c")]).with_basic("id:x", "s%cret +");
    local().send(request).await.expect("an answer");
    let asked = upstream.requests().remove(0);
    assert_eq!((asked.method.as_str(), asked.body.as_str()), ("POST", "code=a+b%26c"));
    let expected = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "id%3Ax:s%25cret+%2B");
    assert_eq!(asked.header("authorization"), Some(format!("Basic {expected}").as_str()));
}

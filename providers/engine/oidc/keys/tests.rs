//! When keys are asked for.

use std::time::Duration;

use doorward_core::ports::provider::ProviderError;

use crate::engine::testing::{Key, Scene, p256_key};
use crate::engine::upstream::raw;

const MINUTE: Duration = Duration::from_mins(1);

/// The provider signs with a new key, and publishes it if so wished.
fn rotate(scene: &Scene, name: &str, publish: bool) -> Key {
    let key = p256_key(name);
    let mut stage = scene.stage();
    if publish {
        stage.keys = vec![key.jwk.clone()];
    }
    stage.key = key.clone();
    key
}

async fn refused(scene: &Scene) {
    let error = scene.sign_in().await.expect_err("an unknown key");
    assert!(matches!(error, ProviderError::Untrusted(_)), "{error}");
}

#[tokio::test]
async fn keys_are_asked_for_once_an_hour() {
    let scene = Scene::open().await;
    for _ in 0..3 {
        scene.sign_in().await.expect("an identity");
    }
    assert_eq!(scene.upstream.count("/jwks"), 1);
    scene.clock.advance(MINUTE * 59);
    scene.sign_in().await.expect("an identity");
    assert_eq!(scene.upstream.count("/jwks"), 1);
    scene.clock.advance(MINUTE);
    scene.sign_in().await.expect("an identity");
    assert_eq!(scene.upstream.count("/jwks"), 2);
}

#[tokio::test]
async fn a_rotation_in_the_middle_of_a_sign_in_is_noticed() {
    let scene = Scene::open().await;
    scene.sign_in().await.expect("an identity");
    rotate(&scene, "second", true);
    scene.sign_in().await.expect("an identity with the new key");
    assert_eq!(scene.upstream.count("/jwks"), 2);
}

#[tokio::test]
async fn unknown_keys_make_us_ask_once_a_minute() {
    let scene = Scene::open().await;
    scene.sign_in().await.expect("an identity");
    for name in ["a", "b", "c", "d"] {
        rotate(&scene, name, false);
        refused(&scene).await;
    }
    assert_eq!(scene.upstream.count("/jwks"), 2);
    scene.clock.advance(Duration::from_secs(59));
    refused(&scene).await;
    assert_eq!(scene.upstream.count("/jwks"), 2);
    scene.clock.advance(Duration::from_secs(1));
    rotate(&scene, "e", true);
    scene.sign_in().await.expect("an identity with the new key");
    assert_eq!(scene.upstream.count("/jwks"), 3);
}

#[tokio::test]
async fn withdrawn_keys_stop_working_within_the_hour() {
    let scene = Scene::open().await;
    scene.sign_in().await.expect("an identity");
    scene.stage().keys = vec![p256_key("second").jwk];
    scene.clock.advance(MINUTE * 60);
    refused(&scene).await;
}

#[tokio::test]
async fn old_keys_do_when_new_ones_cannot_be_had() {
    let scene = Scene::open().await;
    scene.sign_in().await.expect("an identity");
    scene.stage().instead.insert("/jwks".to_owned(), raw(200, "<html>"));
    scene.clock.advance(MINUTE * 60);
    for _ in 0..3 {
        scene.sign_in().await.expect("an identity");
    }
    assert_eq!(scene.upstream.count("/jwks"), 2);
}

#[tokio::test]
async fn without_any_keys_the_provider_is_faulty() {
    let scene = Scene::open().await;
    for body in ["<html>", "{}", r#"{"keys":7}"#] {
        scene.stage().instead.insert("/jwks".to_owned(), raw(200, body));
        let error = scene.sign_in().await.expect_err(body);
        assert!(matches!(error, ProviderError::Faulty(_)), "{body}: {error}");
    }
    scene.stage().instead.insert("/jwks".to_owned(), raw(200, r#"{"keys":[]}"#));
    refused(&scene).await;
}

mod oauth;

use super::*;
use crate::keys::KeyOperations;
use crate::testing::{FakeShelf, HandClock, ISSUER, at, claims, client, client_key, forge, payload, sealer};
use crate::{ImportError, SystemEntropy};
use aws_lc_rs::hmac;
use serde_json::json;

const OLD_ISSUER: &str = "sourceloop";
const HOUR: Duration = Duration::from_hours(1);
const JWKS_CACHE: Duration = Duration::from_mins(5);

fn ring(shelf: &FakeShelf, clock: &Arc<HandClock>) -> KeyRing {
    let settings = KeySettings {
        issuer: ISSUER.to_owned(),
        legacy_issuer: Some(OLD_ISSUER.to_owned()),
        default_algorithm: Algorithm::ES256,
        longest_access_token: HOUR,
        longest_session: 10 * HOUR,
    };
    let clock = Arc::<HandClock>::clone(clock);
    KeyRing::over(Box::new(shelf.clone()), sealer(1), clock, Arc::new(SystemEntropy), settings)
}

fn operations(shelf: &FakeShelf, clock: &Arc<HandClock>) -> KeyOperations {
    KeyOperations::over(Box::new(shelf.clone()), sealer(1), Arc::<HandClock>::clone(clock), JWKS_CACHE)
}

fn fixture() -> (FakeShelf, Arc<HandClock>, KeyRing) {
    let (shelf, clock) = (FakeShelf::default(), Arc::new(HandClock::default()));
    let ring = ring(&shelf, &clock);
    (shelf, clock, ring)
}

fn kid_of(token: &str) -> String {
    token::read_header(token, token::ACCESS_TOKEN).unwrap().kid
}

async fn kids(ring: &KeyRing) -> Vec<String> {
    let jwks = ring.jwks().await.unwrap();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn refused(ring: &KeyRing, token: &str) {
    let error = ring.verify(token, Expiry::Ignored, at(0)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessTokenInvalid, "{error}");
}

#[tokio::test]
async fn every_algorithm_signs_and_another_node_verifies() {
    let (shelf, clock, one) = fixture();
    let two = ring(&shelf, &clock);
    two.prepare().await.unwrap();
    for algorithm in [None, Some(Algorithm::ES256), Some(Algorithm::EdDSA), Some(Algorithm::RS256)] {
        clock.advance(RELOAD_PERIOD);
        let token = one.sign(&claims(), &client(6, algorithm)).await.unwrap();
        let verified = two.verify(token.expose(), Expiry::Enforced, at(10)).await.unwrap();
        assert_eq!(*verified.claims, claims());
        assert!(kids(&two).await.contains(&kid_of(token.expose())));
    }
    assert_eq!(kids(&one).await.len(), 6, "two of each algorithm");
    assert!(shelf.reads() < 20);
}

#[tokio::test]
async fn the_jwks_is_never_empty_and_nodes_that_start_together_agree() {
    let (shelf, clock, one) = fixture();
    let two = ring(&shelf, &clock);
    let (left, right) = tokio::join!(kids(&one), kids(&two));
    assert_eq!(left.len(), 6, "two of each algorithm: who keeps the set needs those of tokens to come");
    assert_eq!(left, right);
}

#[tokio::test]
async fn without_the_store_the_keys_there_are_stay_published() {
    let (shelf, clock, ring) = fixture();
    ring.prepare().await.unwrap();
    shelf.lose();
    clock.advance(RELOAD_PERIOD);
    assert_eq!(kids(&ring).await.len(), 2, "those that were loaded; others cannot be made");
    let (shelf, _, ring) = fixture();
    shelf.lose();
    assert_eq!(ring.jwks().await.unwrap_err().kind, ErrorKind::Unavailable, "an empty set would be believed");
}

#[tokio::test]
async fn a_hit_in_the_cache_still_expires() {
    let (_, _, ring) = fixture();
    let token = ring.sign(&claims(), &client(6, None)).await.unwrap();
    assert!(ring.verify(token.expose(), Expiry::Enforced, at(899)).await.is_ok());
    assert!(ring.verify(token.expose(), Expiry::Enforced, at(900)).await.is_err());
    assert!(ring.verify(token.expose(), Expiry::Ignored, at(900)).await.is_ok());
    assert!(ring.verify(token.expose(), Expiry::Ignored, at(-6)).await.is_err());
}

#[tokio::test]
async fn rotation_fails_no_verification_and_old_keys_leave_in_order() {
    let (shelf, clock, one) = fixture();
    let two = ring(&shelf, &clock);
    let old = one.sign(&claims(), &client(6, None)).await.unwrap();
    let before = kids(&two).await;
    let rotation = operations(&shelf, &clock).rotate(Algorithm::ES256).await.unwrap();
    assert_eq!(rotation.signs_from, at(300));
    assert_eq!(rotation.current, before[1], "the key everybody knows already");
    one.reload().await.unwrap();
    clock.advance(Duration::from_secs(299));
    assert_eq!(kid_of(one.sign(&claims(), &client(6, None)).await.unwrap().expose()), before[0]);
    clock.advance(Duration::from_secs(1));
    let new = one.sign(&claims(), &client(6, None)).await.unwrap();
    assert_eq!(kid_of(new.expose()), before[1]);
    // A node that heard nothing of the rotation verifies both.
    for token in [&old, &new] {
        assert!(two.verify(token.expose(), Expiry::Ignored, at(300)).await.is_ok());
    }
    two.reload().await.unwrap();
    assert_eq!(kids(&two).await.len(), 3 + 4, "two of each other algorithm");
    clock.advance(HOUR);
    assert!(!kids(&two).await.contains(&before[0]), "its last token has expired");
    let late = clock.now();
    assert!(two.verify(old.expose(), Expiry::Ignored, late).await.is_ok());
    clock.advance(9 * HOUR);
    let (three, now) = (ring(&shelf, &clock), clock.now());
    assert!(three.verify(old.expose(), Expiry::Ignored, now).await.is_err());
    assert!(three.verify(new.expose(), Expiry::Ignored, now).await.is_ok());
    assert_eq!(three.purge_retired().await.unwrap(), 0);
    clock.advance(Duration::from_secs(1));
    assert_eq!(three.purge_retired().await.unwrap(), 1);
}

#[tokio::test]
async fn a_removed_key_takes_its_cached_tokens_along() {
    let (shelf, _, ring) = fixture();
    let token = ring.sign(&claims(), &client(6, None)).await.unwrap();
    assert!(ring.verify(token.expose(), Expiry::Enforced, at(0)).await.is_ok());
    shelf.edit_keys(|keys| keys.retain(|key| key.signs_from.is_none()));
    ring.reload().await.unwrap();
    refused(&ring, token.expose()).await;
}

#[tokio::test]
async fn invented_kids_ask_the_store_once_a_second() {
    let (shelf, clock, ring) = fixture();
    ring.prepare().await.unwrap();
    clock.advance(RELOAD_PERIOD);
    let before = shelf.reads();
    for number in 0..1000 {
        let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": format!("k{number}")}).to_string();
        refused(&ring, &forge(&header, &payload().to_string(), |_| vec![1; 64])).await;
    }
    assert_eq!(shelf.reads(), before + 1);
    clock.advance(RELOAD_PERIOD);
    refused(&ring, &forge(r#"{"typ":"at+jwt","alg":"ES256","kid":"k"}"#, "{}", |_| vec![1; 64])).await;
    assert_eq!(shelf.reads(), before + 2);
}

#[tokio::test]
async fn the_keys_algorithm_counts_not_the_headers() {
    let (_, _, ring) = fixture();
    let token = ring.sign(&claims(), &client(6, None)).await.unwrap();
    let kid = kid_of(token.expose());
    let jwks = ring.jwks().await.unwrap();
    let x = jwks["keys"][0]["x"].as_str().unwrap().to_owned();
    for alg in ["EdDSA", "RS256", "HS256"] {
        let header = json!({"typ": "at+jwt", "alg": alg, "kid": kid}).to_string();
        let confused = |message: &[u8]| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, x.as_bytes()), message).as_ref().to_vec()
        };
        refused(&ring, &forge(&header, &payload().to_string(), confused)).await;
    }
}

#[tokio::test]
async fn a_shared_key_speaks_for_its_client_only() {
    let (shelf, _, ring) = fixture();
    let secret = b"0123456789abcdef0123456789abcdef";
    let with_secret = |number: u128, secret: &[u8]| {
        let mut client = client(number, Some(Algorithm::HS256));
        let place = format!("clients/{}/hs256_secret", client.key);
        client.hs256_secret = Some(sealer(1).seal(&place, secret));
        client
    };
    let (six, seven) = (with_secret(6, secret), with_secret(7, secret));
    shelf.put_client(six.clone());
    shelf.put_client(seven.clone());
    let token = ring.sign(&claims(), &six).await.unwrap();
    assert_eq!(kid_of(token.expose()), format!("hs256.{}", client_key(6)));
    // An old service reads it with nothing but the secret.
    let (message, signature) = token.expose().rsplit_once('.').unwrap();
    let signature =
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, signature).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, message.as_bytes(), &signature).unwrap();
    assert_eq!(*ring.verify(token.expose(), Expiry::Enforced, at(0)).await.unwrap().claims, claims());
    // Claims of client 6 under the key of client 7.
    refused(&ring, ring.sign(&claims(), &seven).await.unwrap().expose()).await;
    for kid in [
        "hs256.",
        "hs256.x",
        "hs256.{00000000-0000-0000-0000-000000000006}",
        "hs256.00000000-0000-0000-0000-000000000099",
    ] {
        let header = json!({"typ": "at+jwt", "alg": "HS256", "kid": kid}).to_string();
        let sign = |message: &[u8]| hmac::sign(&key, message).as_ref().to_vec();
        refused(&ring, &forge(&header, &payload().to_string(), sign)).await;
    }
    assert!(ring.jwks().await.unwrap()["keys"].as_array().unwrap().iter().all(|key| key["kty"] != "oct"));
    let weak = with_secret(8, &secret[..31]);
    shelf.put_client(weak.clone());
    let header = json!({"typ": "at+jwt", "alg": "HS256", "kid": format!("hs256.{}", weak.key)}).to_string();
    refused(&ring, &forge(&header, "{}", |_| vec![1; 32])).await;
    assert_eq!(ring.sign(&claims(), &weak).await.unwrap_err().kind, ErrorKind::Internal);
}

#[tokio::test]
async fn a_disabled_or_converted_client_has_no_shared_key() {
    let secret = [7; 32];
    for (enabled, algorithm) in
        [(false, Some(Algorithm::HS256)), (true, Some(Algorithm::ES256)), (true, None)]
    {
        let (shelf, _, ring) = fixture();
        let mut shared = client(6, Some(Algorithm::HS256));
        shared.hs256_secret = Some(sealer(1).seal(&format!("clients/{}/hs256_secret", shared.key), &secret));
        let token = ring.sign(&claims(), &shared).await.unwrap();
        shared.enabled = enabled;
        shared.algorithm = algorithm;
        shelf.put_client(shared);
        refused(&ring, token.expose()).await;
    }
}

#[tokio::test]
async fn macs_are_stable_and_separated() {
    let (shelf, clock, one) = fixture();
    let two = ring(&shelf, &clock);
    let (left, right) = tokio::join!(one.server_mac("a", None, b"data"), two.server_mac("a", None, b"data"));
    let (version, mac) = left.unwrap();
    assert_eq!((version, mac), right.unwrap());
    assert_eq!(version, 1);
    assert_eq!(one.server_mac("a", Some(1), b"data").await.unwrap(), (1, mac));
    assert_ne!(one.server_mac("b", None, b"data").await.unwrap().1, mac);
    assert_ne!(one.server_mac("a", None, b"datb").await.unwrap().1, mac);
    assert_ne!(
        one.server_mac("a", None, b"b\0c").await.unwrap(),
        one.server_mac("ab", None, b"c").await.unwrap()
    );
    assert!(one.server_mac("a\0b", None, b"c").await.is_err());
    assert_eq!(one.server_mac("a", Some(2), b"data").await.unwrap_err().kind, ErrorKind::Internal);
    assert_eq!(ring(&shelf, &clock).server_mac("a", None, b"data").await.unwrap(), (1, mac));
}

#[tokio::test]
async fn another_master_key_stops_at_the_start() {
    let (shelf, clock, one) = fixture();
    one.prepare().await.unwrap();
    let settings = one.settings.clone();
    let other = KeyRing::over(Box::new(shelf), sealer(2), clock, Arc::new(SystemEntropy), settings);
    let error = other.prepare().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
    assert!(error.to_string().contains("another master key"), "{error}");
}

#[tokio::test]
async fn an_imported_key_takes_over_in_time() {
    let (shelf, clock, ring) = fixture();
    ring.prepare().await.unwrap();
    let pair =
        aws_lc_rs::signature::EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING)
            .unwrap();
    let text = pem::encode(&pem::Pem::new("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref()));
    let operations = operations(&shelf, &clock);
    let rotation = operations.import(&text).await.unwrap();
    assert_eq!(rotation.signs_from, at(300));
    assert!(matches!(operations.import(&text).await.unwrap_err(), ImportError::Known { .. }));
    assert!(matches!(operations.import("x").await.unwrap_err(), ImportError::Refused(_)));
    assert!(!operations.rotate(Algorithm::ES256).await.unwrap().is_changed);
    ring.reload().await.unwrap();
    assert!(kids(&ring).await.contains(&rotation.current));
    clock.advance(JWKS_CACHE);
    let token = ring.sign(&claims(), &client(6, None)).await.unwrap();
    assert_eq!(kid_of(token.expose()), rotation.current);
    assert!(operations.rotate(Algorithm::HS256).await.is_err());
    let stages = operations.list().await.unwrap();
    assert_eq!(stages.len(), 3 + 4, "two of each other algorithm");
}

#[tokio::test]
async fn a_row_broken_later_disturbs_nobody_but_the_reload() {
    let (shelf, clock, ring) = fixture();
    let token = ring.sign(&claims(), &client(6, None)).await.unwrap();
    shelf.edit_keys(|keys| {
        let mut broken = keys[0].clone();
        "broken".clone_into(&mut broken.kid);
        keys.push(broken);
    });
    assert_eq!(ring.reload().await.unwrap_err().kind, ErrorKind::Internal);
    clock.advance(RELOAD_PERIOD);
    refused(&ring, &forge(r#"{"typ":"at+jwt","alg":"ES256","kid":"k"}"#, "{}", |_| vec![1; 64])).await;
    assert!(ring.verify(token.expose(), Expiry::Enforced, at(1)).await.is_ok());
}

/// A token as the old service wrote them: no kid, no registered claims but three.
fn old_token(pem: &str, edit: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) -> String {
    let mut claims = payload();
    let object = claims.as_object_mut().unwrap();
    for ours in ["nbf", "sub", "aud", "jti", "sid", "client_id", "client_key", "scope", "epochs"] {
        object.remove(ours);
    }
    // Releases before 19 have neither.
    object.remove("photoUrl");
    object.remove("designation");
    object.insert("iss".to_owned(), json!(OLD_ISSUER));
    edit(object);
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap())
        .unwrap()
}

fn rsa_pem() -> String {
    use aws_lc_rs::encoding::AsDer;
    let key = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = key.as_der().unwrap();
    pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()))
}

#[tokio::test]
async fn tokens_of_the_old_service_count_once_its_key_is_imported() {
    let (shelf, clock, ring) = fixture();
    ring.prepare().await.unwrap();
    let pem = rsa_pem();
    let token = old_token(&pem, |_| ());
    let verify = async |token: &str, at_second| ring.verify(token, Expiry::Enforced, at(at_second)).await;
    assert!(verify(&token, 1).await.is_err(), "its key is unknown");
    operations(&shelf, &clock).import(&pem).await.unwrap();
    ring.reload().await.unwrap();

    let claims = verify(&token, 899).await.unwrap().claims;
    assert_eq!((claims.user.username.as_str(), claims.sub), ("ada", claims.user.id));
    assert!(claims.is_of_predecessor());
    assert_eq!(verify(&token, 1).await.unwrap().claims.jti, claims.jti, "always the same id");
    assert_ne!(
        verify(&old_token(&pem, |c| drop(c.insert("iat".into(), json!(1)))), 1)
            .await
            .ok()
            .map(|t| t.claims.jti),
        Some(claims.jti)
    );

    assert!(verify(&token, 900).await.is_err(), "expired");
    refused(&ring, &token).await;
    let long = old_token(&pem, |claims| drop(claims.insert("exp".into(), json!(i64::MAX))));
    let hour = i64::try_from(HOUR.as_secs()).unwrap();
    assert!(verify(&long, hour - 1).await.is_ok());
    assert!(verify(&long, hour).await.is_err(), "no longer than revocations are remembered");
    let other = old_token(&rsa_pem(), |_| ());
    assert!(verify(&other, 1).await.is_err(), "another key");
    for (what, bad) in [
        ("another issuer", old_token(&pem, |claims| drop(claims.insert("iss".into(), json!(ISSUER))))),
        ("a code", old_token(&pem, |claims| drop(claims.insert("aud".into(), json!("webapp"))))),
        ("a link token", old_token(&pem, |claims| drop(claims.remove("userTenantId")))),
    ] {
        assert!(verify(&bad, 1).await.is_err(), "{what}");
    }
}

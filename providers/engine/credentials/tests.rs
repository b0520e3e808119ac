//! Each way to prove who we are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::ProviderKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::engine::testing::{
    CLIENT, CLIENT_SECRET, Key, NOW, Scene, ed25519_key, p256_key, rsa_key, section, with,
};
use crate::engine::upstream::Asked;
use crate::settings::ProviderSettings;

async fn token_request(
    change: impl FnOnce(ProviderSettings) -> ProviderSettings,
    methods: Value,
) -> (Asked, Scene) {
    let scene = Scene::of(|base| {
        change(ProviderSettings { issuer: Some(base.to_owned()), ..section(ProviderKind::Oidc) })
    })
    .await;
    scene.stage().discovery = json!({ "token_endpoint_auth_methods_supported": methods });
    scene.sign_in().await.expect("an identity");
    let asked = scene.upstream.requests().into_iter().find(|asked| asked.path == "/token");
    (asked.expect("a token request"), scene)
}

fn basic() -> String {
    // Form-encoded before base64: RFC 6749 §2.3.1.
    assert_eq!(CLIENT_SECRET, "our secret+");
    format!("Basic {}", STANDARD.encode("our-client:our+secret%2B"))
}

#[tokio::test]
async fn secrets_go_where_the_provider_takes_them() {
    for methods in [json!(null), json!(["client_secret_basic"]), json!(["private_key_jwt"])] {
        let (asked, _scene) = token_request(|settings| settings, methods).await;
        assert_eq!(asked.header("authorization"), Some(basic().as_str()));
        assert_eq!((asked.field("client_id"), asked.field("client_secret")), (None, None));
    }
    let (asked, _scene) =
        token_request(|settings| settings, json!(["client_secret_basic", "client_secret_post"])).await;
    assert_eq!(asked.header("authorization"), None);
    assert_eq!(asked.field("client_id").as_deref(), Some(CLIENT));
    assert_eq!(asked.field("client_secret").as_deref(), Some(CLIENT_SECRET));
}

#[tokio::test]
async fn the_section_decides_where_secrets_go() {
    let post = json!(["client_secret_post"]);
    let (asked, _scene) =
        token_request(|settings| with(settings, "client_authentication", "basic"), post).await;
    assert!(asked.header("authorization").is_some());
    let (asked, _scene) =
        token_request(|settings| with(settings, "client_authentication", "post"), json!(null)).await;
    assert!(asked.header("authorization").is_none() && asked.field("client_secret").is_some());
}

#[tokio::test]
async fn public_clients_only_say_their_name() {
    for secret in [None, Some(Secret::from(""))] {
        let change = |settings| ProviderSettings { client_secret: secret, ..settings };
        let (asked, _scene) = token_request(change, json!(null)).await;
        assert_eq!(asked.header("authorization"), None);
        assert_eq!((asked.field("client_id").as_deref(), asked.field("client_secret")), (Some(CLIENT), None));
    }
}

fn read_assertion(assertion: &str, key: &Key, algorithm: Algorithm) -> Value {
    let jwk = serde_json::from_value(key.jwk.clone()).expect("a key");
    let decoding = DecodingKey::from_jwk(&jwk).expect("a key");
    let mut validation = Validation::new(algorithm);
    (validation.validate_exp, validation.validate_aud) = (false, false);
    jsonwebtoken::decode::<Value>(assertion, &decoding, &validation).expect("a good signature").claims
}

#[tokio::test]
async fn keys_sign_an_assertion() {
    let kinds = [
        (p256_key("k"), Algorithm::ES256),
        (rsa_key("k"), Algorithm::RS256),
        (ed25519_key("k"), Algorithm::EdDSA),
    ];
    for (key, algorithm) in kinds {
        let pem = Secret::new(key.pem.clone());
        let change = |settings| {
            let settings = ProviderSettings { private_key: Some(pem), ..settings };
            with(settings, "key_id", "our-key")
        };
        let (asked, scene) = token_request(change, json!(["private_key_jwt"])).await;
        assert_eq!((asked.header("authorization"), asked.field("client_secret")), (None, None));
        assert_eq!(
            asked.field("client_assertion_type").as_deref(),
            Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        );
        let assertion = asked.field("client_assertion").expect("an assertion");
        let header = jsonwebtoken::decode_header(&assertion).expect("a header");
        assert_eq!(header.kid.as_deref(), Some("our-key"));
        let claims = read_assertion(&assertion, &key, algorithm);
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!(CLIENT), &json!(CLIENT)));
        assert_eq!(claims["aud"], json!(scene.upstream.url("/token")));
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW), &json!(NOW + 300)));
        assert_eq!(claims["jti"].as_str().map(str::len), Some(43));
    }
}

#[tokio::test]
async fn a_certificate_is_named_by_its_thumbprint() {
    let pair = rcgen::generate_simple_self_signed(vec!["doorward.test".to_owned()]).expect("a certificate");
    let (certificate, key) = (pair.cert.pem(), rsa_key("k"));
    let pem = Secret::new(key.pem.clone());
    let change =
        |settings| ProviderSettings { private_key: Some(pem), certificate: Some(certificate), ..settings };
    let (asked, _scene) = token_request(change, json!(null)).await;
    let assertion = asked.field("client_assertion").expect("an assertion");
    let header = jsonwebtoken::decode_header(&assertion).expect("a header");
    assert_eq!(header.alg, Algorithm::PS256);
    let expected = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, pair.cert.der());
    let expected = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(expected);
    assert_eq!(header.x5t_s256, Some(expected));
    read_assertion(&assertion, &key, Algorithm::PS256);
}

//! ID tokens (OpenID Connect Core §2, §3.1.3, §5).

use doorward_tests::harness::app::{BEGINNING, ISSUER};
use doorward_tests::harness::relying_party::{CAROL, DAVE, SHOP, SPA};
use doorward_tests::{App, Options, jwt, on_both};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

on_both![
    oidc_core_2_the_claims_of_an_id_token,
    oidc_core_3_1_3_6_hashes_bind_token_code_and_state,
    oidc_core_3_1_3_7_the_signature_is_by_a_published_key,
    oidc_core_2_nonce_is_optional_in_the_code_flow,
    oidc_core_5_4_scopes_tell_claims,
    oidc_core_5_5_claims_can_be_asked_for_one_by_one,
    oidc_core_3_1_2_1_acr_values_are_voluntary,
];

mod by_username {
    use doorward_tests::{App, Options, on_both};

    on_both![options; the_subject_is_the_username];

    fn options() -> Options {
        super::named()
    }

    async fn the_subject_is_the_username(app: &App) {
        super::the_subject_is_the_username(app).await;
    }
}

fn named() -> Options {
    Options::default().set("oauth2.subject", "username")
}

async fn the_subject_is_the_username(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    assert_eq!(granted.id_claims()["sub"], CAROL);
    assert_eq!(granted.access_claims()["sub"], CAROL);
    assert_eq!(app.userinfo(granted.access()).await.ok()["sub"], CAROL);
    assert_eq!(app.introspect(SHOP, granted.access()).await["sub"], CAROL);
}

async fn oidc_core_2_the_claims_of_an_id_token(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[("scope", "openid")]).await;
    let (header, claims) = jwt::parts(granted.text("id_token"));
    assert_eq!((&header["typ"], &header["alg"]), (&json!("JWT"), &json!("RS256")));
    for (name, value) in [
        ("iss", json!(ISSUER)),
        ("aud", json!(SHOP)),
        ("azp", json!(SHOP)),
        ("iat", json!(BEGINNING)),
        ("exp", json!(BEGINNING + 3600)),
        ("auth_time", json!(BEGINNING)),
        ("nonce", json!("n-0S6_WzA2Mj")),
        ("acr", json!("aal1")),
        ("amr", json!(["pwd"])),
        ("tokenName", json!("id_token")),
        ("realm", json!("/")),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["sub"].as_str().is_some_and(|sub| sub.len() == 36), "{claims}");
    assert_eq!(claims["sid"], granted.access_claims()["sid"]);
    assert!(claims["email"].is_null(), "the scope was not asked for");
}

async fn oidc_core_3_1_3_6_hashes_bind_token_code_and_state(app: &App) {
    use base64::Engine as _;
    use sha2::Digest as _;
    let half = |text: &str| {
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&sha2::Sha256::digest(text)[..16])
    };
    app.introduce_relying_parties().await;
    let departure = app.authorize(SHOP, CAROL, &[]).await;
    let granted =
        doorward_tests::harness::relying_party::Granted::of(&app.redeem_code(SHOP, &departure).await);
    let claims = granted.id_claims();
    assert_eq!(claims["at_hash"], half(granted.access()));
    assert_eq!(claims["c_hash"], half(&departure.code()));
    assert_eq!(claims["s_hash"], "bKE9UspwyIPg8LsQHkJaiQ", "the contract's vector of state abc123");
}

async fn oidc_core_3_1_3_7_the_signature_is_by_a_published_key(app: &App) {
    app.introduce_relying_parties().await;
    for (word, algorithm) in
        [("RS256", Algorithm::RS256), ("ES256", Algorithm::ES256), ("EdDSA", Algorithm::EdDSA)]
    {
        app.apply(&format!("[[clients]]\nclient_id = \"shop\"\nid_token_algorithm = \"{word}\"")).await;
        // A client read a moment ago may be remembered for a second.
        app.advance(std::time::Duration::from_secs(2));
        let granted = app.grant(SHOP, CAROL, &[]).await;
        let token = granted.text("id_token");
        let (header, _) = jwt::parts(token);
        assert_eq!(header["alg"], word);
        let keys = jwt::jwks(app).await;
        let key = keys.find(header["kid"].as_str().expect("text")).expect("it is published");
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[SHOP]);
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(key).expect("published keys are usable");
        assert!(jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok(), "{word}");
    }
}

async fn oidc_core_2_nonce_is_optional_in_the_code_flow(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[("nonce", "")]).await;
    assert!(granted.id_claims()["nonce"].is_null());
    assert!(!granted.id_claims().as_object().expect("an object").contains_key("nonce"));
}

async fn oidc_core_5_4_scopes_tell_claims(app: &App) {
    app.introduce_relying_parties().await;
    let all = app.grant(SHOP, CAROL, &[("scope", "openid profile email address phone")]).await;
    let told = app.userinfo(all.access()).await.ok();
    for (name, value) in [
        ("name", json!("Carol Q Nakamura")),
        ("given_name", json!("Carol")),
        ("middle_name", json!("Q")),
        ("family_name", json!("Nakamura")),
        ("nickname", json!("Caz")),
        ("profile", json!("https://people.test/carol")),
        ("zoneinfo", json!("Europe/Berlin")),
        ("locale", json!("de")),
        ("email", json!("carol@example.com")),
        ("email_verified", json!(true)),
        ("phone_number", json!("+15550000077")),
        ("address", json!({"locality": "Berlin", "country": "DE"})),
    ] {
        assert_eq!(told[name], value, "{name} at userinfo");
        assert_eq!(all.id_claims()[name], value, "{name} in the ID token");
    }
    assert!(told["updated_at"].is_i64(), "{told}");
    let little = app.grant(SPA, CAROL, &[("scope", "openid")]).await;
    let told = app.userinfo(little.access()).await.ok();
    assert_eq!(told.as_object().expect("an object").keys().collect::<Vec<_>>(), ["sub"]);
    let dave = app.grant(SHOP, DAVE, &[("scope", "openid profile email phone address")]).await;
    let told = app.userinfo(dave.access()).await.ok();
    assert!(told.as_object().expect("an object").values().all(|value| !value.is_null()), "{told}");
}

async fn oidc_core_5_5_claims_can_be_asked_for_one_by_one(app: &App) {
    app.introduce_relying_parties().await;
    let claims = json!({
        "userinfo": {"email": null, "given_name": {"essential": true}, "magic": null},
        "id_token": {"family_name": null, "auth_time": {"essential": true}},
    });
    let granted = app.grant(SHOP, CAROL, &[("scope", "openid"), ("claims", &claims.to_string())]).await;
    let told = app.userinfo(granted.access()).await.ok();
    assert_eq!((&told["email"], &told["given_name"]), (&json!("carol@example.com"), &json!("Carol")));
    assert!(told["family_name"].is_null());
    assert_eq!(granted.id_claims()["family_name"], "Nakamura");
    assert!(granted.id_claims()["email"].is_null());
}

async fn oidc_core_3_1_2_1_acr_values_are_voluntary(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[("acr_values", "urn:nobody:knows aal1")]).await;
    assert_eq!(granted.id_claims()["acr"], "aal1");
}

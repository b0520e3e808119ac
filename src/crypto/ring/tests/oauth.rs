use std::sync::Arc;

use doorward_core::domain::error::ErrorKind;
use doorward_core::domain::oauth_claims::OAuthClaims;
use doorward_core::ports::signer::Statement;
use serde_json::{Map, Value, json};

use super::*;
use crate::testing::START;

fn oauth_payload() -> Value {
    let id = |number| uuid::Uuid::from_u128(number).to_string();
    json!({
        "iss": ISSUER, "sub": id(3), "aud": "webapp", "exp": START + 900, "iat": START, "nbf": START,
        "jti": id(1), "client_id": "webapp", "scope": ["openid", "user.read"], "sid": id(2),
        "tokenName": "access_token", "token_type": "Bearer", "grant_type": "authorization_code",
        "expires_in": 900, "authGrantId": id(2), "realm": "/",
        "binding": {"user": id(3), "membership": id(4), "tenant": id(5), "client": id(6),
            "epochs": {"user": 0, "membership": 0, "tenant": 0, "client": 0}},
    })
}

fn oauth_claims() -> OAuthClaims {
    serde_json::from_value(oauth_payload()).unwrap()
}

#[test]
fn the_claims_are_written_as_they_are_read() {
    assert_eq!(serde_json::to_value(oauth_claims()).unwrap(), oauth_payload());
    let mut as_string = oauth_payload();
    as_string["scope"] = "openid user.read".into();
    assert_eq!(serde_json::from_value::<OAuthClaims>(as_string).unwrap(), oauth_claims());
}

#[tokio::test]
async fn each_dialect_takes_its_own_tokens_only() {
    let (_, _, ring) = fixture();
    let client = client(6, None);
    let ours = ring.sign_oauth(&oauth_claims(), &client).await.unwrap();
    let native = ring.sign(&claims(), &client).await.unwrap();
    // From the cache, and by a ring that has none.
    for cold in [false, true] {
        if cold {
            ring.loaded().unwrap().verified.invalidate_all();
        }
        assert_eq!(ring.verify_oauth(ours.expose(), at(0)).await.unwrap().claims, Arc::new(oauth_claims()));
        assert!(ring.verify(ours.expose(), Expiry::Enforced, at(0)).await.is_err());
        assert!(ring.verify_oauth(native.expose(), at(0)).await.is_err());
        assert!(ring.verify(native.expose(), Expiry::Enforced, at(0)).await.is_ok());
        assert!(ring.verify_oauth(ours.expose(), at(900)).await.is_err());
    }
}

#[tokio::test]
async fn a_statement_is_no_access_token_and_an_access_token_no_statement() {
    let (_, _, ring) = fixture();
    let mut statement: Map<String, Value> = Map::new();
    for (name, value) in [("iss", ISSUER), ("sub", "ada"), ("aud", "webapp")] {
        statement.insert(name.to_owned(), value.into());
    }
    statement.insert("iat".to_owned(), START.into());
    statement.insert("exp".to_owned(), (START + 60).into());
    let sign = async |kind| ring.sign_statement(kind, &statement, Algorithm::ES256).await.unwrap();
    let (id_token, logout_token) = (sign(Statement::IdToken).await, sign(Statement::LogoutToken).await);
    let access = ring.sign_oauth(&oauth_claims(), &client(6, None)).await.unwrap();
    assert_eq!(ring.verify_id_token(id_token.expose(), Expiry::Enforced, at(0)).await.unwrap(), statement);
    assert!(ring.verify_oauth(id_token.expose(), at(0)).await.is_err());
    for other in [&logout_token, &access] {
        let refused = ring.verify_id_token(other.expose(), Expiry::Ignored, at(0)).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::IdTokenInvalid);
    }
    assert!(ring.verify_id_token(id_token.expose(), Expiry::Enforced, at(60)).await.is_err());
    assert!(ring.verify_id_token(id_token.expose(), Expiry::Ignored, at(60)).await.is_ok());
}

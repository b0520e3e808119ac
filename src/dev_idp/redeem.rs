//! The token endpoint, and revocation.

use std::time::Duration;

use doorward_core::ports::provider::ProviderKind;
use jsonwebtoken::{Algorithm, Validation};
use poem::Response;
use poem::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::keys;
use crate::profile;
use crate::routes::{Endpoint, Spot, issuer};
use crate::serve::{Asked, error, json_reply};
use crate::token::Subject;
use crate::world::{CLIENT_ID, CLIENT_SECRET, Grant, World};

const ACCESS_LIFE: Duration = Duration::from_hours(1);
const REFRESH_LIFE: Duration = Duration::from_hours(24);
/// Who Apple's client secrets are for.
const APPLE: &str = "https://appleid.apple.com";
/// The longest life of Apple's client secrets, in seconds.
const APPLE_SECRET_LIFE: i64 = 15_777_000;
/// The team that Apple's client belongs to.
pub const APPLE_TEAM: &str = "DEVTEAM001";
/// The id of Apple's key.
pub const APPLE_KEY: &str = "DEVKEY0001";

pub(crate) fn answer(world: &World, spot: &Spot, asked: &Asked) -> Response {
    let is_graph = spot.kind == ProviderKind::Facebook;
    if asked.method != Method::POST && !is_graph {
        return error(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "POST it");
    }
    let is_refused = world.has_fault(spot.kind, spot.endpoint, Fault::RefuseClient);
    if is_refused || !is_our_client(world, spot, asked) {
        return error(StatusCode::UNAUTHORIZED, "invalid_client", "client authentication failed");
    }
    let grant = match asked.parameter("grant_type") {
        Some("refresh_token") => asked.parameter("refresh_token").and_then(|token| world.token(token)),
        Some("authorization_code") => redeem(world, asked),
        None if is_graph => redeem(world, asked),
        _ => return error(StatusCode::BAD_REQUEST, "unsupported_grant_type", "ask for authorization_code"),
    };
    let Some(grant) = grant.filter(|grant| grant.kind == spot.kind) else {
        return error(StatusCode::BAD_REQUEST, "invalid_grant", "the code is not valid");
    };
    match response(world, &grant) {
        Some(body) => json_reply(StatusCode::OK, &body),
        None => error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the ID token could not be signed"),
    }
}

/// The grant behind a code, if redirect URI and PKCE verifier are those it began with (RFC 6749 §4.1.3, RFC 7636 §4.6).
fn redeem(world: &World, asked: &Asked) -> Option<Grant> {
    let grant = world.take_code(asked.parameter("code")?)?;
    if asked.parameter("redirect_uri") != Some(&grant.redirect_uri) {
        return None;
    }
    let presented = asked.parameter("code_verifier").map(keys::challenge);
    (presented == grant.challenge).then_some(grant)
}

fn is_our_client(world: &World, spot: &Spot, asked: &Asked) -> bool {
    let posted =
        || Some((asked.parameter("client_id")?.to_owned(), asked.parameter("client_secret")?.to_owned()));
    let Some((id, secret)) = asked.basic().or_else(posted) else { return false };
    let is_secret = if spot.kind == ProviderKind::Apple {
        is_apple_secret(world, &secret)
    } else {
        secret == CLIENT_SECRET
    };
    id == CLIENT_ID && is_secret
}

/// Apple's rules for the JWT that is the client secret.
fn is_apple_secret(world: &World, secret: &str) -> bool {
    let Some(key) = keys::apple_verifying() else { return false };
    let own = format!("{}{}", world.base, issuer(ProviderKind::Apple, ""));
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[APPLE_TEAM]);
    validation.set_audience(&[APPLE, own.as_str()]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The time is the test's, so it is judged below.
    validation.validate_exp = false;
    let Ok(token) = jsonwebtoken::decode::<Value>(secret, &key, &validation) else { return false };
    let now = world.now();
    let seconds = |claim: &str| token.claims[claim].as_i64().unwrap_or_default();
    token.header.kid.as_deref() == Some(APPLE_KEY)
        && token.claims["sub"] == CLIENT_ID
        && seconds("exp") > now
        && seconds("exp") <= now + APPLE_SECRET_LIFE
        && seconds("iat") <= now + 60
}

fn response(world: &World, grant: &Grant) -> Option<Value> {
    let access_token = world.issue_token("access-", grant, ACCESS_LIFE);
    if grant.kind == ProviderKind::Instagram {
        let account = profile::instagram_id(grant);
        let one = json!({ "access_token": access_token, "user_id": account, "permissions": grant.scope });
        return Some(json!({ "data": [one] }));
    }
    let mut body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE.as_secs(),
    });
    if grant.kind == ProviderKind::Facebook {
        return Some(body);
    }
    body["scope"] = json!(grant.scope);
    if grant.is_offline {
        body["refresh_token"] = json!(world.issue_token("refresh-", grant, REFRESH_LIFE));
    }
    if !world.has_fault(grant.kind, Endpoint::Token, Fault::NoIdToken) {
        let subject = Subject {
            kind: grant.kind,
            place: &grant.place,
            persona: &grant.persona,
            audience: CLIENT_ID,
            nonce: grant.nonce.as_deref(),
            access_token: Some(&access_token),
        };
        body["id_token"] = json!(world.id_token(&subject)?);
    }
    Some(body)
}

/// RFC 7009, as each of them words it. Facebook: `DELETE /ID/permissions`.
pub(crate) fn revoke(world: &World, spot: &Spot, asked: &Asked) -> Response {
    match spot.kind {
        ProviderKind::Facebook => return profile::delete_permissions(world, spot, asked),
        // Google asks for the token alone.
        ProviderKind::Google => {}
        _ if !is_our_client(world, spot, asked) => {
            return error(StatusCode::UNAUTHORIZED, "invalid_client", "client authentication failed");
        }
        _ => {}
    }
    let Some(token) = asked.parameter("token") else {
        return error(StatusCode::BAD_REQUEST, "invalid_request", "token is missing");
    };
    world.revoke_token(token);
    json_reply(StatusCode::OK, &json!({}))
}

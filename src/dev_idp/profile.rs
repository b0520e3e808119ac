//! Who a token belongs to: userinfo, Facebook's Graph, Instagram's.

use doorward_core::ports::provider::ProviderKind;
use poem::Response;
use poem::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::keys;
use crate::routes::{Endpoint, Spot};
use crate::serve::{Asked, error, json_reply};
use crate::token;
use crate::world::{CLIENT_ID, CLIENT_SECRET, Grant, World};

pub(crate) fn userinfo(world: &World, spot: &Spot, asked: &Asked) -> Response {
    let bearer = asked.bearer().unwrap_or_default();
    let grant = world.token(bearer).filter(|grant| grant.kind == spot.kind);
    match (spot.kind, grant) {
        (ProviderKind::Facebook | ProviderKind::Instagram, None) => {
            graph_error(190, "Invalid OAuth access token.")
        }
        (ProviderKind::Facebook, Some(grant)) => facebook(asked, &grant),
        (ProviderKind::Instagram, Some(grant)) => instagram(world, asked, &grant),
        (_, None) => error(StatusCode::UNAUTHORIZED, "invalid_token", "the token is not valid"),
        (_, Some(grant)) => openid(world, spot, &grant),
    }
}

fn openid(world: &World, spot: &Spot, grant: &Grant) -> Response {
    let mut claims = token::person(spot.kind, &grant.place, &grant.persona);
    if world.has_fault(spot.kind, spot.endpoint, Fault::UserinfoOtherSub) {
        claims.insert("sub".to_owned(), json!("somebody-else"));
    }
    // Cognito's userinfo writes booleans as text, its ID tokens do not.
    if let (ProviderKind::Cognito, Some(Value::Bool(verified))) = (spot.kind, claims.get("email_verified")) {
        claims.insert("email_verified".to_owned(), json!(verified.to_string()));
    }
    json_reply(StatusCode::OK, &Value::Object(claims))
}

fn graph_error(code: u32, message: &str) -> Response {
    let error = json!({ "message": message, "type": "OAuthException", "code": code });
    json_reply(StatusCode::BAD_REQUEST, &json!({ "error": error }))
}

fn is_proven(asked: &Asked) -> bool {
    let expected = keys::proof(CLIENT_SECRET, asked.bearer().unwrap_or_default());
    asked.parameter("appsecret_proof") == Some(expected.as_str())
}

/// `fields` of what there is.
fn chosen(asked: &Asked, all: &Value) -> Value {
    let fields = asked.parameter("fields").unwrap_or("id");
    let wanted: Map<String, Value> = fields
        .split(',')
        .filter_map(|field| {
            Some((field.to_owned(), all.get(field).filter(|value| !value.is_null())?.clone()))
        })
        .collect();
    Value::Object(wanted)
}

fn facebook(asked: &Asked, grant: &Grant) -> Response {
    if !is_proven(asked) {
        return graph_error(100, "Invalid appsecret_proof provided in the API argument");
    }
    let persona = &grant.persona;
    let mut all = json!({
        "id": persona.number().to_string(),
        "name": persona.name(),
        "first_name": persona.given_name,
        "last_name": persona.family_name,
        "email": persona.email,
        "picture": { "data": { "url": "https://images.example.net/1.png", "is_silhouette": false } },
    });
    if let Some(members) = all.as_object_mut() {
        members.extend(persona.claims.clone());
    }
    json_reply(StatusCode::OK, &chosen(asked, &all))
}

/// The id that Instagram puts into the token response and, as `user_id`, into the profile.
pub(crate) fn instagram_id(grant: &Grant) -> Value {
    grant.persona.claims.get("user_id").cloned().unwrap_or_else(|| json!(grant.persona.number()))
}

fn instagram(world: &World, asked: &Asked, grant: &Grant) -> Response {
    let is_swapped = world.has_fault(ProviderKind::Instagram, Endpoint::Userinfo, Fault::OtherProfile);
    let account = if is_swapped { json!("17841499999999999") } else { instagram_id(grant) };
    let text = account.as_str().map_or_else(|| account.to_string(), str::to_owned);
    let all = json!({
        // `id` is only good for this app; `user_id` is the account's.
        "id": grant.persona.number().wrapping_add(1).to_string(),
        "user_id": text,
        "username": grant.persona.key,
        "name": grant.persona.name(),
        "account_type": "BUSINESS",
        "profile_picture_url": "https://images.example.net/1.png",
        // Nobody gets an address from Instagram: one that came would have to be ignored.
        "email": grant.persona.claims.get("email"),
    });
    json_reply(StatusCode::OK, &chosen(asked, &all))
}

/// Facebook's: to whom, and to which app, a token was given.
pub(crate) fn debug_token(world: &World, spot: &Spot, asked: &Asked) -> Response {
    if asked.bearer() != Some(&format!("{CLIENT_ID}|{CLIENT_SECRET}")) {
        return graph_error(190, "Invalid OAuth access token - Cannot parse access token");
    }
    let grant = asked.parameter("input_token").and_then(|token| world.token(token));
    let has = |fault| world.has_fault(spot.kind, Endpoint::DebugToken, fault);
    let Some(grant) = grant.filter(|grant| grant.kind == spot.kind && !has(Fault::InvalidToken)) else {
        let data = json!({ "is_valid": false, "scopes": [] });
        return json_reply(StatusCode::OK, &json!({ "data": data }));
    };
    let app = if has(Fault::OtherApp) { "999999999" } else { CLIENT_ID };
    let user = if has(Fault::OtherUser) { "1".to_owned() } else { grant.persona.number().to_string() };
    let data = json!({
        "app_id": app, "application": "Dev", "type": "USER", "is_valid": true, "user_id": user,
        "issued_at": world.now(), "expires_at": grant.expires, "scopes": ["public_profile", "email"],
    });
    json_reply(StatusCode::OK, &json!({ "data": data }))
}

/// Facebook's: the user's permissions for the app are gone, and every token with them.
pub(crate) fn delete_permissions(world: &World, spot: &Spot, asked: &Asked) -> Response {
    let bearer = asked.bearer().unwrap_or_default().to_owned();
    if asked.method != Method::DELETE {
        return graph_error(100, "Unsupported request");
    }
    if world.token(&bearer).is_none_or(|grant| grant.kind != spot.kind) {
        return graph_error(190, "Invalid OAuth access token.");
    }
    if !is_proven(asked) {
        return graph_error(100, "Invalid appsecret_proof provided in the API argument");
    }
    world.revoke_token(&bearer);
    json_reply(StatusCode::OK, &json!({ "success": true }))
}

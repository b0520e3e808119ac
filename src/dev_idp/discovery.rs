//! OpenID Provider configuration and keys.

use doorward_core::ports::provider::ProviderKind;
use poem::Response;
use poem::http::StatusCode;
use serde_json::{Value, json};

use crate::routes::{Endpoint, Spot, issuer, path};
use crate::serve::{error, json_reply};
use crate::world::World;

/// Azure's word for "the tenant of the token" in the configuration of its shared authorities.
const TENANT_TEMPLATE: &str = "{tenantid}";

pub(crate) fn configuration(world: &World, spot: &Spot) -> Response {
    let is_shared = matches!(spot.place.as_str(), "common" | "organizations" | "consumers");
    let shown = if spot.kind == ProviderKind::Azure && is_shared { TENANT_TEMPLATE } else { &spot.place };
    let url = |endpoint| path(spot.kind, endpoint, &spot.place).map(|path| format!("{}{path}", world.base));
    let mut configuration = json!({
        "issuer": format!("{}{}", world.base, issuer(spot.kind, shown)),
        "authorization_endpoint": url(Endpoint::Authorize),
        "token_endpoint": url(Endpoint::Token),
        "jwks_uri": url(Endpoint::Jwks),
        "userinfo_endpoint": url(Endpoint::Userinfo),
        "revocation_endpoint": url(Endpoint::Revoke),
        "end_session_endpoint": url(Endpoint::EndSession),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
    });
    if spot.kind == ProviderKind::Oidc {
        configuration["authorization_response_iss_parameter_supported"] = json!(true);
    }
    if spot.kind == ProviderKind::Apple {
        configuration["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    }
    // Cognito's logout is none that OpenID knows of, and its configuration does not mention it.
    if spot.kind == ProviderKind::Cognito {
        configuration["end_session_endpoint"] = Value::Null;
    }
    if let Some(members) = configuration.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    json_reply(StatusCode::OK, &configuration)
}

pub(crate) fn keys(world: &World) -> Response {
    match world.signing_key() {
        Some(key) => json_reply(StatusCode::OK, &json!({ "keys": [key.jwk] })),
        None => error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "no key could be made"),
    }
}

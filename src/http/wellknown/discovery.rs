//! Metadata of the authorization server (OpenID Connect Discovery §3, RFC 8414 §2): what it says is so, whatever host a
//! request names.

use doorward_core::domain::authorization::GrantType;
use doorward_core::domain::client_keys::AssertionAlgorithm;
use doorward_core::domain::oidc_scope;
use serde_json::{Value, json};

use crate::page::language::Language;

/// The two names of the same document.
const NAMES: [&str; 2] = ["openid-configuration", "oauth-authorization-server"];

/// Algorithms of ID tokens.
const ID_TOKEN_ALGORITHMS: [&str; 3] = ["RS256", "ES256", "EdDSA"];

/// Ways to tokens.
const GRANTS: [GrantType; 4] = [
    GrantType::AuthorizationCode,
    GrantType::RefreshToken,
    GrantType::ClientCredentials,
    GrantType::Password,
];

/// Claims about the sign-in rather than the user.
const SIGN_IN_CLAIMS: [&str; 8] = ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr"];

/// The document of that issuer, whose endpoints are below the public address.
pub(crate) fn document(issuer: &str, public_url: &str) -> Value {
    let public_url = public_url.trim_end_matches('/');
    let at = |path: &str| format!("{public_url}{path}");
    let claims = SIGN_IN_CLAIMS.into_iter().chain(oidc_scope::CLAIMS.iter().map(|(claim, _)| *claim));
    let confidential = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
    let any = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth2/authorize"),
        "token_endpoint": at("/oauth2/token"),
        "introspection_endpoint": at("/oauth2/introspect"),
        "revocation_endpoint": at("/oauth2/revoke"),
        "userinfo_endpoint": at("/oauth2/userinfo"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "end_session_endpoint": at("/oauth2/connect/endSession"),
        "check_session_iframe": at("/oauth2/connect/checkSession"),
        "scopes_supported": oidc_scope::SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": GRANTS.map(GrantType::as_str),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ID_TOKEN_ALGORITHMS,
        "token_endpoint_auth_methods_supported": any,
        "token_endpoint_auth_signing_alg_values_supported": AssertionAlgorithm::ALL,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": AssertionAlgorithm::ALL,
        "revocation_endpoint_auth_methods_supported": any,
        "revocation_endpoint_auth_signing_alg_values_supported": AssertionAlgorithm::ALL,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "claim_types_supported": ["normal"],
        "claims_supported": claims.collect::<Vec<_>>(),
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "acr_values_supported": ["aal1", "aal2"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": Language::ALL.map(Language::tag),
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": false,
    })
}

/// Where the document is: at the root, under the issuer's path in the style of either standard (RFC 8414 §5), and where older
/// clients look for it.
pub(crate) fn paths(issuer: &str) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for name in NAMES {
        paths.push(format!("/.well-known/{name}"));
        paths.push(format!("/oauth2/.well-known/{name}"));
        if let Some(path) = path_of(issuer) {
            paths.push(format!("{path}/.well-known/{name}"));
            paths.push(format!("/.well-known/{name}{path}"));
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

/// The issuer's path, when it has one that can be a route.
fn path_of(issuer: &str) -> Option<&str> {
    let (_, rest) = issuer.split_once("://")?;
    let path = rest[rest.find('/')?..].trim_end_matches('/');
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte));
    (is_plain && !path.is_empty() && !path.contains("//")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_below_the_public_address_and_the_issuer_is_as_set() {
        let document = document("https://id.test/realm", "https://auth.test/base/");
        assert_eq!(document["issuer"], "https://id.test/realm");
        for (name, value) in document.as_object().expect("an object") {
            if name.ends_with("_endpoint") || name.ends_with("_uri") || name == "check_session_iframe" {
                assert!(value.as_str().expect("text").starts_with("https://auth.test/base/"), "{name}");
            }
        }
    }

    #[test]
    fn the_document_is_under_the_issuers_path_too() {
        let at_root = paths("https://auth.test");
        assert_eq!(
            at_root,
            [
                "/.well-known/oauth-authorization-server",
                "/.well-known/openid-configuration",
                "/oauth2/.well-known/oauth-authorization-server",
                "/oauth2/.well-known/openid-configuration",
            ]
        );
        assert_eq!(paths("https://auth.test/"), at_root);
        assert_eq!(paths("https://auth.test/a*b/:c"), at_root);
        let below = paths("https://auth.test/a/b");
        for path in ["/a/b/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/a/b"] {
            assert!(below.iter().any(|known| known == path), "{path}");
        }
        assert_eq!(below.len(), 8);
        assert_eq!(paths("https://auth.test/oauth2").len(), 6);
    }
}

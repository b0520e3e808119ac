//! What `[[clients]]` says to the OAuth 2.0 dialect alone.

use std::time::Duration;

use doorward_core::domain::authorization::GrantType;
use doorward_core::domain::client::AuthMethod;
use doorward_core::domain::client_keys::check_jwks;
use doorward_core::domain::client_rules::{MAX_ID_TOKEN_TTL, check_resource};
use doorward_core::domain::key::Algorithm;
use doorward_core::usecase::apply::ClientOAuthSpec;
use toml::Value;

use super::pages::{WebAddress, read_pages};
use super::table_reader::TableReader;
use crate::config::Problem;
use crate::config::setting::Setting;

pub(super) fn read_client_oauth(reader: &mut TableReader<'_>) -> Result<ClientOAuthSpec, Problem> {
    let backchannel_logout_uri: Option<WebAddress> = reader.optional("backchannel_logout_uri")?;
    let id_token_algorithm: Option<IdTokenAlgorithm> = reader.optional("id_token_algorithm")?;
    Ok(ClientOAuthSpec {
        first_party: reader.optional("first_party")?,
        auth_method: reader.optional("auth_method")?,
        require_pkce: reader.optional("require_pkce")?,
        id_token_algorithm: id_token_algorithm.map(|algorithm| algorithm.0),
        id_token_ttl: read_id_token_ttl(reader)?,
        jwks: read_jwks(reader)?,
        resources: read_resources(reader)?,
        backchannel_logout_uri: backchannel_logout_uri.map(|uri| uri.0),
        backchannel_logout_session_required: reader.optional("backchannel_logout_session_required")?,
        pages: read_pages(reader)?,
    })
}

fn read_id_token_ttl(reader: &mut TableReader<'_>) -> Result<Option<Duration>, Problem> {
    const KEY: &str = "id_token_ttl";
    let ttl: Option<Duration> = reader.optional(KEY)?;
    if ttl.is_some_and(|ttl| ttl.as_secs() == 0 || ttl.subsec_nanos() != 0 || ttl > MAX_ID_TOKEN_TTL) {
        let complaint = "expected whole seconds from \"1s\" to \"24h\"";
        return Err(reader.problem::<Duration>(KEY, complaint));
    }
    Ok(ttl)
}

fn read_jwks(reader: &mut TableReader<'_>) -> Result<Option<serde_json::Value>, Problem> {
    const KEY: &str = "jwks";
    let Some(Jwks(jwks)) = reader.optional(KEY)? else { return Ok(None) };
    match check_jwks(&jwks) {
        Ok(()) => Ok(Some(jwks)),
        Err(reason) => Err(reader.problem::<Jwks>(KEY, format!("{reason}; expected {}", Jwks::expected()))),
    }
}

fn read_resources(reader: &mut TableReader<'_>) -> Result<Option<Vec<String>>, Problem> {
    const KEY: &str = "resources";
    let resources: Option<Vec<String>> = reader.optional(KEY)?;
    for resource in resources.iter().flatten() {
        if let Err(reason) = check_resource(resource) {
            let complaint =
                format!("{resource:?} {reason}; expected absolute URIs without fragment (RFC 8707 §2)");
            return Err(reader.problem::<Vec<String>>(KEY, complaint));
        }
    }
    Ok(resources)
}

impl Setting for GrantType {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"authorization_code\", \"refresh_token\", \"client_credentials\" or \"password\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Setting for AuthMethod {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"client_secret_basic\", \"client_secret_post\", \"private_key_jwt\" or \"none\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// Whoever reads an ID token has only our public keys.
struct IdTokenAlgorithm(Algorithm);

impl Setting for IdTokenAlgorithm {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"RS256\", \"ES256\" or \"EdDSA\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Algorithm::parse(text).filter(|algorithm| *algorithm != Algorithm::HS256).map(Self)
    }
}

/// Any JSON. It is never shown: somebody may have put a private key there.
struct Jwks(serde_json::Value);

impl Setting for Jwks {
    const SECRET: bool = true;

    fn kind() -> String {
        "JWK set".to_owned()
    }

    fn expected() -> String {
        "a JWK set (RFC 7517 §5) of public keys, as JSON text or as a table".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    fn from_toml(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::from_text(text),
            Value::Table(_) => serde_json::to_value(value).ok().map(Self),
            _ => None,
        }
    }
}

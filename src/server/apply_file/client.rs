//! `[[clients]]`.

use std::time::Duration;

use doorward_core::domain::authorization::GrantType;
use doorward_core::domain::client::ClientType;
use doorward_core::domain::key::Algorithm;
use doorward_core::domain::redirect_uri::check_registration;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::apply::ClientSpec;

use super::client_oauth::read_client_oauth;
use super::table_reader::TableReader;
use crate::config::Problem;
use crate::config::setting::Setting;

/// RFC 7518 §3.2: an HS256 key has at least 256 bits.
const HS256_KEY_BYTES: usize = 32;

pub(super) fn read_client(mut reader: TableReader<'_>) -> Result<ClientSpec, Problem> {
    let spec = ClientSpec {
        client_id: reader.required("client_id")?,
        client_secret: reader.optional("client_secret")?,
        name: reader.optional("name")?,
        client_type: reader.optional("type")?,
        tenant: reader.optional("tenant")?,
        redirect_uris: read_uris(&mut reader, "redirect_uris")?,
        logout_redirect_uris: read_uris(&mut reader, "logout_redirect_uris")?,
        grants: read_grants(&mut reader)?,
        scopes: reader.optional("scopes")?,
        access_token_ttl: read_ttl(&mut reader, "access_token_ttl")?,
        refresh_token_ttl: read_ttl(&mut reader, "refresh_token_ttl")?,
        auth_code_ttl: read_ttl(&mut reader, "auth_code_ttl")?,
        algorithm: reader.optional::<ClientAlgorithm>("algorithm")?.map(|algorithm| algorithm.0),
        hs256_secret: reader.optional("hs256_secret")?,
        second_factor: reader.optional("mfa")?,
        oauth: read_client_oauth(&mut reader)?,
        enabled: reader.optional("enabled")?,
    };
    check(&spec, &reader)?;
    reader.finish()?;
    Ok(spec)
}

fn check(spec: &ClientSpec, reader: &TableReader<'_>) -> Result<(), Problem> {
    if spec.client_secret.is_some() && spec.client_type.is_some_and(ClientType::is_public) {
        let complaint = "a client of type \"spa\" is public (RFC 6749 §2.1); expected no secret";
        return Err(reader.problem::<Secret<String>>("client_secret", complaint));
    }
    let Some(key) = &spec.hs256_secret else { return Ok(()) };
    if spec.algorithm != Some(Algorithm::HS256) {
        let complaint = "expected only together with algorithm = \"HS256\"";
        return Err(reader.problem::<Secret<String>>("hs256_secret", complaint));
    }
    if key.expose().len() < HS256_KEY_BYTES {
        let complaint = "expected 32 bytes or more (RFC 7518 §3.2)";
        return Err(reader.problem::<Secret<String>>("hs256_secret", complaint));
    }
    Ok(())
}

fn read_grants(reader: &mut TableReader<'_>) -> Result<Option<Vec<String>>, Problem> {
    let grants: Option<Vec<GrantType>> = reader.optional("grants")?;
    Ok(grants.map(|grants| grants.into_iter().map(|grant| grant.as_str().to_owned()).collect()))
}

fn read_ttl(reader: &mut TableReader<'_>, key: &'static str) -> Result<Option<Duration>, Problem> {
    let ttl: Option<Duration> = reader.optional(key)?;
    if ttl.is_some_and(|ttl| ttl < Duration::from_secs(1)) {
        return Err(reader.problem::<Duration>(key, "expected a duration of \"1s\" or more"));
    }
    Ok(ttl)
}

fn read_uris(reader: &mut TableReader<'_>, key: &'static str) -> Result<Option<Vec<String>>, Problem> {
    let uris: Option<Vec<String>> = reader.optional(key)?;
    for uri in uris.iter().flatten() {
        if let Err(reason) = check_registration(uri) {
            let complaint = format!("{uri:?} {reason}; expected absolute URIs without fragment");
            return Err(reader.problem::<Vec<String>>(key, complaint));
        }
    }
    Ok(uris)
}

impl Setting for ClientType {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"web\", \"spa\" or \"m2m\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// Unlike the server's own default, a client can have HS256.
struct ClientAlgorithm(Algorithm);

impl Setting for ClientAlgorithm {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"ES256\", \"EdDSA\", \"RS256\" or \"HS256\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Algorithm::parse(text).map(Self)
    }
}

//! Clients of the old service.

use std::collections::HashMap;
use std::time::Duration;

use super::structure::Structure;
use super::{ImportError, Importer, Kind, Topic};
use crate::domain::client::{Client, ClientType};
use crate::domain::ids::ClientKey;
use crate::domain::import::FoundClient;
use crate::domain::key::Algorithm;
use crate::domain::redirect_uri::check_registration;
use crate::usecase::{MAX_ACCESS_TOKEN_TTL, client_secret_hash, hs256_place};

/// Fewest characters of a client secret that raise no warning: 128 bits in base64url.
const GOOD_SECRET_LENGTH: usize = 22;
/// Fewest bytes of an HS256 key (RFC 7518 §3.2).
const HS256_KEY_BYTES: usize = 32;
/// Longest life of a code (RFC 6749 §4.1.2).
const MAX_AUTH_CODE_TTL: Duration = Duration::from_mins(10);
/// The defaults of the old service's columns.
const ACCESS_TOKEN_SECONDS: u64 = 900;
const REFRESH_TOKEN_SECONDS: u64 = 86_400;
const AUTH_CODE_SECONDS: u64 = 180;
/// Ten years: whatever is longer was meant as "for ever", and ends with the session anyway.
const MAX_REFRESH_TOKEN_TTL: Duration = Duration::from_hours(24 * 3650);

impl Importer<'_> {
    pub(super) async fn clients(
        &mut self,
        found: Vec<FoundClient>,
        new: &mut Structure,
    ) -> Result<(), ImportError> {
        let mut first: HashMap<String, i64> = HashMap::new();
        for found in found {
            if found.client_id.is_empty() {
                self.report.count(Kind::Clients).left_out += 1;
                self.report.note(Topic::ClientWithoutId, format_args!("number {}", found.number));
                continue;
            }
            // The old service asked for "the" client of an id; users that only name the other were refused there, too.
            if first.contains_key(&found.client_id) {
                self.report.count(Kind::Clients).left_out += 1;
                self.report
                    .note(Topic::ClientTwice, format_args!("{} (number {})", found.client_id, found.number));
                continue;
            }
            first.insert(found.client_id.clone(), found.number);
            let stored =
                self.core.reading("import clients").await?.client_by_client_id(&found.client_id).await?;
            if let Some(stored) = stored {
                self.report.count(Kind::Clients).unchanged += 1;
                self.clients.insert(found.number, stored.key);
                continue;
            }
            let client = self.client(&found).await?;
            self.report.count(Kind::Clients).added += 1;
            self.clients.insert(found.number, client.key);
            new.clients.push(client);
        }
        Ok(())
    }

    async fn client(&mut self, found: &FoundClient) -> Result<Client, ImportError> {
        let key: ClientKey = self.core.new_id();
        let name = &found.client_id;
        let secret = found.secret.as_ref().filter(|secret| !secret.expose().is_empty());
        let says_public = found.client_type.as_deref() == Some("public");
        let is_public = says_public && (self.options.public_clients || secret.is_none());
        let secret_hash = match secret.filter(|_| !is_public) {
            Some(secret) => {
                if secret.expose().len() < GOOD_SECRET_LENGTH {
                    self.report.note(Topic::ClientShortSecret, name);
                }
                // A dry run must not make the server key that hashing may need first.
                if self.options.dry_run {
                    None
                } else {
                    Some(client_secret_hash(self.core.ports.signer.as_ref(), secret.expose()).await?)
                }
            }
            None => None,
        };
        if secret.is_none() && !is_public {
            self.report.note(Topic::ClientWithoutSecret, name);
        }
        let (algorithm, hs256_secret) = self.signature(found, key);
        Ok(Client {
            key,
            client_id: name.clone(),
            secret_hash,
            name: name.clone(),
            client_type: if is_public { ClientType::Spa } else { ClientType::Web },
            tenant: None,
            redirect_uris: self.redirect_uris(found),
            logout_redirect_uris: Vec::new(),
            grants: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
            scopes: Vec::new(),
            access_token_ttl: self.lifetime(
                found.access_token_seconds,
                ACCESS_TOKEN_SECONDS,
                MAX_ACCESS_TOKEN_TTL,
                name,
            ),
            refresh_token_ttl: self.lifetime(
                found.refresh_token_seconds,
                REFRESH_TOKEN_SECONDS,
                MAX_REFRESH_TOKEN_TTL,
                name,
            ),
            auth_code_ttl: self.lifetime(found.auth_code_seconds, AUTH_CODE_SECONDS, MAX_AUTH_CODE_TTL, name),
            algorithm,
            hs256_secret,
            second_factor: None,
            oauth: crate::domain::client::ClientOAuth::default(),
            enabled: true,
            epoch: 0,
        })
    }

    fn signature(&mut self, found: &FoundClient, key: ClientKey) -> (Option<Algorithm>, Option<Vec<u8>>) {
        if !self.options.hs256_clients {
            return (self.options.algorithm, None);
        }
        let secret = found.signing_secret.as_ref().filter(|secret| secret.expose().len() >= HS256_KEY_BYTES);
        let Some(secret) = secret else {
            self.report.note(Topic::ClientShortKey, &found.client_id);
            return (self.options.algorithm, None);
        };
        let sealed = self.core.ports.sealer.seal(&hs256_place(key), secret.expose().as_bytes());
        (Some(Algorithm::HS256), Some(sealed))
    }

    /// Not registering an address is safe: a client without one cannot be sent codes.
    fn redirect_uris(&mut self, found: &FoundClient) -> Vec<String> {
        let Some(uri) = found.redirect_url.as_ref().filter(|uri| !uri.is_empty()) else {
            return Vec::new();
        };
        if let Err(reason) = check_registration(uri) {
            self.report.note(Topic::RedirectRefused, format_args!("{} {uri:?} {reason}", found.client_id));
            return Vec::new();
        }
        if is_insecure(uri) {
            self.report.note(Topic::RedirectInsecure, format_args!("{} {uri}", found.client_id));
        }
        vec![uri.clone()]
    }

    fn lifetime(&mut self, seconds: Option<i64>, default: u64, most: Duration, client: &str) -> Duration {
        let Some(given) = seconds else {
            return Duration::from_secs(default);
        };
        let possible = u64::try_from(given).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
        let used = possible.unwrap_or(Duration::from_secs(default)).min(most);
        if possible != Some(used) {
            let text = format_args!("{client} {given} s, now {} s", used.as_secs()).to_string();
            self.report.note(Topic::ClientLifetime, text);
        }
        used
    }
}

/// Plain http to anything but this very machine.
fn is_insecure(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return false;
    };
    if !scheme.eq_ignore_ascii_case("http") {
        return false;
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(ipv6) => return ipv6.split(']').next() != Some("::1"),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_loopback = name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    !is_loopback && !name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::is_insecure;

    #[test]
    fn only_plain_http_to_another_host_is_insecure() {
        for fine in [
            "https://a.test/cb",
            "myapp://cb",
            "http://127.0.0.1:4200/cb",
            "http://[::1]/cb",
            "HTTP://LocalHost/cb",
            "com.example.app:/cb",
        ] {
            assert!(!is_insecure(fine), "{fine}");
        }
        for bad in [
            "http://a.test/cb",
            "HTTP://10.0.0.1",
            "http://localhost.a.test/",
            "http://localhost@a.test/",
            "http://[2001:db8::1]/",
        ] {
            assert!(is_insecure(bad), "{bad}");
        }
    }
}

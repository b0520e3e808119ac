//! How we prove to a token endpoint that we are the registered client.

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::ProviderError;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::fetch::{Answer, Fetch, Request};
use crate::{ConfigurationError, Parts, Tools};

/// Lifetime of what we sign for one request, in seconds.
const ASSERTION_LIFETIME: i64 = 300;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A private key and the algorithm that goes with it.
#[derive(Clone)]
pub(crate) struct SigningKey {
    key: Arc<EncodingKey>,
    header: Arc<Header>,
}

impl SigningKey {
    /// Reads a PEM key: P-256 or P-384 (ES256, ES384), Ed25519, RSA (RS256; PS256 with a certificate, as Microsoft wants).
    ///
    /// # Errors
    /// What must be changed.
    pub(crate) fn from_pem(
        pem: &Secret<String>,
        key_id: Option<&str>,
        certificate: Option<&str>,
    ) -> Result<Self, String> {
        let bytes = pem.expose().as_bytes();
        let rsa = if certificate.is_some() { Algorithm::PS256 } else { Algorithm::RS256 };
        let candidates = [
            (Algorithm::ES256, EncodingKey::from_ec_pem(bytes)),
            (Algorithm::ES384, EncodingKey::from_ec_pem(bytes)),
            (rsa, EncodingKey::from_rsa_pem(bytes)),
            (Algorithm::EdDSA, EncodingKey::from_ed_pem(bytes)),
        ];
        for (algorithm, key) in candidates {
            let Ok(key) = key else { continue };
            let mut header = Header::new(algorithm);
            header.kid = key_id.map(str::to_owned);
            header.x5t_s256 = certificate.map(thumbprint).transpose()?;
            // The reader of PEM knows families only; whether the curve fits shows when it signs.
            if jsonwebtoken::encode(&header, &json!({}), &key).is_ok() {
                return Ok(Self { key: Arc::new(key), header: Arc::new(header) });
            }
        }
        Err("`private_key` is no PKCS#8 PEM key (BEGIN PRIVATE KEY) of a kind that can sign".to_owned())
    }

    /// The algorithm.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.header.alg
    }

    /// Signs claims.
    ///
    /// # Errors
    /// Misconfigured: the key does not work.
    pub(crate) fn sign(&self, claims: &Value) -> Result<Secret<String>, ProviderError> {
        jsonwebtoken::encode(&self.header, claims, &self.key)
            .map(Secret::new)
            .map_err(|_| ProviderError::Misconfigured("`private_key` cannot sign".to_owned()))
    }
}

/// SHA-256 of the DER form, as `x5t#S256` wants it (RFC 7515 §4.1.8).
fn thumbprint(certificate: &str) -> Result<String, String> {
    let base64: String =
        certificate.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = STANDARD.decode(base64).map_err(|_| "`certificate` is no PEM certificate".to_owned())?;
    Ok(URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &der)))
}

/// Mints a client secret for one request: Apple's.
pub(crate) type Mint = Box<dyn Fn(&Tools) -> Result<Secret<String>, ProviderError> + Send + Sync>;

/// The proof.
pub(crate) enum Proof {
    /// None: a public client.
    None,
    /// A secret, in the body where the server takes it there, else in the header: in the body nobody disagrees about how its
    /// characters are encoded.
    Secret(Secret<String>),
    /// A signed assertion (RFC 7523 §2.2, `private_key_jwt`).
    Key(SigningKey),
    /// A secret made for each request.
    Minted(Mint),
}

/// Our name at the provider, and how we prove it.
pub(crate) struct Credentials {
    /// client_id.
    pub(crate) client_id: String,
    /// The proof.
    pub(crate) proof: Proof,
    /// Whether secrets always go into the header (`client_authentication = "basic"`), never (`"post"`), or as the server says.
    pub(crate) basic: Option<bool>,
}

impl Credentials {
    /// From `client_id` and `private_key` or `client_secret`.
    ///
    /// # Errors
    /// Something is missing or unreadable.
    pub(crate) fn from_parts(parts: &Parts) -> Result<Self, ConfigurationError> {
        let settings = &parts.settings;
        let client_id = parts.required("client_id", settings.client_id.as_deref())?.to_owned();
        let proof = match (&settings.private_key, &settings.client_secret) {
            (Some(pem), _) => {
                let key_id = settings.extra.get("key_id").map(String::as_str);
                let key = SigningKey::from_pem(pem, key_id, settings.certificate.as_deref());
                Proof::Key(key.map_err(|what| parts.error(what))?)
            }
            (None, Some(secret)) if !secret.expose().is_empty() => Proof::Secret(secret.clone()),
            _ => Proof::None,
        };
        let basic = match settings.extra.get("client_authentication").map(String::as_str) {
            None => None,
            Some("basic") => Some(true),
            Some("post") => Some(false),
            Some(_) => return Err(parts.error("`client_authentication` is \"basic\" or \"post\"")),
        };
        Ok(Self { client_id, proof, basic })
    }

    /// POSTs a form to an endpoint of the provider, with the proof. `methods` are the provider's
    /// `token_endpoint_auth_methods_supported`.
    ///
    /// # Errors
    /// As [`Fetch::send`].
    pub(crate) async fn post(
        &self,
        fetch: &Fetch,
        tools: &Tools,
        methods: &[String],
        url: &str,
        form: &[(&str, &str)],
    ) -> Result<Answer, ProviderError> {
        let mut form = form.to_vec();
        let made;
        match &self.proof {
            Proof::None => form.push(("client_id", &self.client_id)),
            Proof::Secret(secret) if self.wants_basic(methods) => {
                let request = Request::post_form(url, &form).with_basic(&self.client_id, secret.expose());
                return fetch.send(request).await;
            }
            Proof::Secret(secret) => {
                form.extend([("client_id", self.client_id.as_str()), ("client_secret", secret.expose())]);
            }
            Proof::Minted(mint) => {
                made = mint(tools)?;
                form.extend([("client_id", self.client_id.as_str()), ("client_secret", made.expose())]);
            }
            Proof::Key(key) => {
                made = self.assertion(key, tools, url)?;
                form.extend([
                    ("client_id", self.client_id.as_str()),
                    ("client_assertion_type", ASSERTION_TYPE),
                    ("client_assertion", made.expose()),
                ]);
            }
        }
        fetch.send(Request::post_form(url, &form)).await
    }

    /// A server that says nothing takes the header (OpenID Connect Discovery §3).
    fn wants_basic(&self, methods: &[String]) -> bool {
        self.basic.unwrap_or_else(|| !methods.iter().any(|method| method == "client_secret_post"))
    }

    fn assertion(&self, key: &SigningKey, tools: &Tools, url: &str) -> Result<Secret<String>, ProviderError> {
        let now = tools.clock.now().unix_seconds();
        key.sign(&json!({
            "iss": self.client_id, "sub": self.client_id, "aud": url, "jti": tools.random_text(),
            "iat": now, "nbf": now, "exp": now + ASSERTION_LIFETIME,
        }))
    }
}

#[cfg(test)]
mod tests;

//! ID tokens: what each provider writes into them, and what can be wrong with them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::ports::provider::ProviderKind;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::keys;
use crate::persona::Persona;
use crate::routes::{AZURE_TENANT, Endpoint, issuer};
use crate::world::{CLIENT_SECRET, World};

/// How long ID tokens are good, in seconds.
const LIFE: i64 = 3600;
const WEEK: i64 = 7 * 24 * 3600;
/// Whom nobody knows.
const STRANGER: &str = "somebody-else";

/// What an ID token is about.
pub(crate) struct Subject<'a> {
    pub(crate) kind: ProviderKind,
    pub(crate) place: &'a str,
    pub(crate) persona: &'a Persona,
    pub(crate) audience: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) access_token: Option<&'a str>,
}

/// The claims about the person, as the kind words them.
pub(crate) fn person(kind: ProviderKind, place: &str, persona: &Persona) -> Map<String, Value> {
    let verified = json!(persona.email_verified);
    let mut claims = json!({
        "sub": persona.subject,
        "name": persona.name(),
        "given_name": persona.given_name,
        "family_name": persona.family_name,
        "email": persona.email,
        "email_verified": verified,
    });
    match kind {
        ProviderKind::Google => claims["locale"] = json!("en"),
        ProviderKind::Azure => {
            let tenant =
                if matches!(place, "common" | "organizations" | "consumers") { AZURE_TENANT } else { place };
            claims["sub"] = json!(format!("{}-pairwise", persona.subject));
            claims["oid"] = json!(persona.subject);
            claims["tid"] = json!(tenant);
            claims["preferred_username"] = json!(persona.email);
            claims["email_verified"] = Value::Null;
        }
        ProviderKind::Cognito => claims["cognito:username"] = json!(persona.key),
        ProviderKind::Keycloak => claims["preferred_username"] = json!(persona.key),
        // Apple writes booleans as text, and no names: they come in a form field, once.
        ProviderKind::Apple => {
            claims["email_verified"] = json!(persona.email_verified.to_string());
            for name in ["name", "given_name", "family_name"] {
                claims[name] = Value::Null;
            }
        }
        ProviderKind::Facebook => {
            claims["sub"] = json!(persona.number().to_string());
            claims["email_verified"] = Value::Null;
        }
        _ => {}
    }
    if persona.email.is_none() {
        claims["email_verified"] = Value::Null;
    }
    let Value::Object(mut claims) = claims else { return Map::new() };
    claims.extend(persona.claims.clone());
    claims.retain(|_, value| !value.is_null());
    claims
}

impl World {
    /// A signed ID token; with the faults that are armed for the token endpoint.
    pub(crate) fn id_token(&self, subject: &Subject<'_>) -> Option<String> {
        let faults = self.faults(subject.kind, Endpoint::Token);
        let mut claims = self.claims(subject);
        for fault in &faults {
            spoil(&mut claims, *fault, self.now());
        }
        self.sign(&Value::Object(claims), &faults)
    }

    fn claims(&self, subject: &Subject<'_>) -> Map<String, Value> {
        let now = self.now();
        let mut claims = person(subject.kind, subject.place, subject.persona);
        let mut set = |name: &str, value: Value| {
            if !value.is_null() && !subject.persona.claims.contains_key(name) {
                claims.insert(name.to_owned(), value);
            }
        };
        set("aud", json!(subject.audience));
        set("iat", json!(now));
        set("exp", json!(now + LIFE));
        set("nonce", json!(subject.nonce));
        set("at_hash", json!(subject.access_token.map(keys::half_hash)));
        match subject.kind {
            ProviderKind::Google => set("azp", json!(subject.audience)),
            ProviderKind::Azure => {
                set("nbf", json!(now));
                set("ver", json!("2.0"));
            }
            ProviderKind::Cognito => {
                set("token_use", json!("id"));
                set("auth_time", json!(now));
            }
            ProviderKind::Keycloak => {
                set("typ", json!("ID"));
                set("azp", json!(subject.audience));
                set("sid", json!(self.random()));
            }
            ProviderKind::Apple => {
                set("auth_time", json!(now));
                set("nonce_supported", json!(true));
            }
            ProviderKind::Facebook => set("jti", json!(self.random())),
            _ => {}
        }
        let place = match claims.get("tid").and_then(Value::as_str) {
            Some(tenant) if subject.kind == ProviderKind::Azure => tenant.to_owned(),
            _ => subject.place.to_owned(),
        };
        if !subject.persona.claims.contains_key("iss") {
            claims.insert("iss".to_owned(), json!(format!("{}{}", self.base, issuer(subject.kind, &place))));
        }
        claims
    }

    fn sign(&self, claims: &Value, faults: &[Fault]) -> Option<String> {
        let key = self.signing_key()?;
        let mut header = json!({ "alg": "RS256", "kid": key.kid, "typ": "JWT" });
        let mut encoding = key.encoding.clone();
        let mut algorithm = Algorithm::RS256;
        for fault in faults {
            match fault {
                Fault::BadSignature => encoding = keys::foreign()?.encoding.clone(),
                Fault::OtherKid => {
                    header["kid"] = json!("nobody-knows");
                    encoding = keys::foreign()?.encoding.clone();
                }
                Fault::AlgNone => header["alg"] = json!("none"),
                Fault::Hs256 | Fault::Hs256PublicKey => {
                    header["alg"] = json!("HS256");
                    algorithm = Algorithm::HS256;
                    let secret =
                        if *fault == Fault::Hs256 { CLIENT_SECRET } else { key.jwk["n"].as_str()? };
                    encoding = EncodingKey::from_secret(secret.as_bytes());
                }
                _ => {}
            }
        }
        let message = format!("{}.{}", segment(&header), segment(claims));
        if header["alg"] == "none" {
            return Some(format!("{message}."));
        }
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &encoding, algorithm).ok()?;
        Some(format!("{message}.{signature}"))
    }
}

fn segment(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn spoil(claims: &mut Map<String, Value>, fault: Fault, now: i64) {
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    match fault {
        Fault::WrongIssuer => set("iss", json!("https://issuer.example.net")),
        Fault::IssuerTrailingSlash => {
            let issuer = claims["iss"].as_str().unwrap_or_default().to_owned();
            claims.insert("iss".to_owned(), json!(format!("{issuer}/")))
        }
        Fault::OtherAudience => set("aud", json!(STRANGER)),
        Fault::AudienceListWithoutAzp => {
            let audience = claims["aud"].clone();
            claims.remove("azp");
            claims.insert("aud".to_owned(), json!([audience, STRANGER]))
        }
        Fault::WrongAzp => set("azp", json!(STRANGER)),
        Fault::Expired => {
            set("iat", json!(now - 2 * LIFE));
            set("exp", json!(now - LIFE))
        }
        Fault::NoExpiry => claims.remove("exp"),
        Fault::IssuedLongAgo => set("iat", json!(now - WEEK)),
        Fault::IssuedAhead => {
            set("nbf", json!(now + 600));
            set("iat", json!(now + 600))
        }
        Fault::NonceMissing => claims.remove("nonce"),
        Fault::NonceOther => set("nonce", json!("another-nonce")),
        Fault::AtHashWrong => set("at_hash", json!(keys::half_hash("another token"))),
        Fault::SubMissing => claims.remove("sub"),
        Fault::SubEmpty => set("sub", json!("")),
        Fault::SubHuge => set("sub", json!("x".repeat(10 * 1024))),
        Fault::SubNumber => set("sub", json!(12345)),
        _ => None,
    };
}

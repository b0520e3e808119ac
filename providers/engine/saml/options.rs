//! `[providers.<id>]` with `kind = "saml"`, understood.

use std::sync::Arc;

use super::keys::{self, OwnKey};
use super::metadata::{self, Overrides};
use super::source::{Place, Reader, Source};
use crate::{ConfigurationError, Parts};

const FORMATS: &[(&str, &str)] = &[
    ("persistent", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
    ("email", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
    ("unspecified", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
    ("transient", super::TRANSIENT),
];

/// What we are and want.
pub(super) struct Options {
    /// Our entity id.
    pub(super) entity_id: String,
    /// Our key.
    pub(super) own_key: Option<Arc<OwnKey>>,
    /// Whether every request is signed; the identity provider's metadata may ask for it too.
    pub(super) sign_requests: bool,
    /// The wanted format of the NameID.
    pub(super) name_id_format: Option<String>,
    /// Whether the user must sign in anew each time.
    pub(super) force_authn: bool,
    /// Which attribute is what.
    pub(super) mapping: Mapping,
}

/// Which attribute is what; names as in the assertion (`Name` or `FriendlyName`).
#[derive(Default)]
pub(super) struct Mapping {
    /// Instead of the NameID.
    pub(super) subject: Option<String>,
    /// E-mail address.
    pub(super) email: Option<String>,
    /// Given name.
    pub(super) first_name: Option<String>,
    /// Family name.
    pub(super) last_name: Option<String>,
    /// User name.
    pub(super) username: Option<String>,
    /// Telephone number.
    pub(super) phone: Option<String>,
    /// Domains (lower case) whose addresses the identity provider is trusted with.
    pub(super) trusted_domains: Vec<String>,
}

/// Understands the section.
///
/// # Errors
/// What must be changed.
pub(super) fn read(parts: &Parts) -> Result<(Options, Source), ConfigurationError> {
    let entity_id = parts.required("client_id", parts.settings.client_id.as_deref())?.to_owned();
    let own_key = own_key(parts)?;
    let sign_requests = flag(parts, "sign_requests")?;
    if sign_requests && own_key.is_none() {
        return Err(parts.error("`sign_requests` needs `private_key` and `certificate`"));
    }
    let options = Options {
        entity_id,
        own_key,
        sign_requests,
        name_id_format: name_id_format(parts)?,
        force_authn: flag(parts, "force_authn")?,
        mapping: mapping(parts)?,
    };
    Ok((options, source(parts)?))
}

fn extra<'a>(parts: &'a Parts, key: &str) -> Option<&'a str> {
    parts.settings.extra.get(key).map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn owned(parts: &Parts, key: &str) -> Option<String> {
    extra(parts, key).map(str::to_owned)
}

fn flag(parts: &Parts, key: &str) -> Result<bool, ConfigurationError> {
    match extra(parts, key) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(parts.error(format!("`{key}` must be \"true\" or \"false\""))),
    }
}

fn own_key(parts: &Parts) -> Result<Option<Arc<OwnKey>>, ConfigurationError> {
    match (&parts.settings.private_key, &parts.settings.certificate) {
        (None, None) => Ok(None),
        (Some(key), Some(certificate)) => {
            OwnKey::read(key, certificate).map(|key| Some(Arc::new(key))).map_err(|what| parts.error(what))
        }
        _ => Err(parts.error("`private_key` and `certificate` belong together")),
    }
}

fn name_id_format(parts: &Parts) -> Result<Option<String>, ConfigurationError> {
    let Some(wanted) = extra(parts, "name_id_format") else {
        return Ok(None);
    };
    if let Some((_, urn)) = FORMATS.iter().find(|(word, _)| *word == wanted) {
        return Ok(Some((*urn).to_owned()));
    }
    if wanted.starts_with("urn:") {
        return Ok(Some(wanted.to_owned()));
    }
    Err(parts.error("`name_id_format` must be persistent, email, unspecified, transient or a urn:"))
}

fn mapping(parts: &Parts) -> Result<Mapping, ConfigurationError> {
    let domains = extra(parts, "email_domains").unwrap_or_default();
    let domains: Vec<String> = domains
        .split([',', ' '])
        .filter(|domain| !domain.is_empty())
        .map(|domain| domain.trim_start_matches('@').to_ascii_lowercase())
        .collect();
    let is_trusted = flag(parts, "trust_email")?;
    if is_trusted && domains.is_empty() {
        return Err(parts.error(
            "`trust_email` needs `email_domains`: the domains whose addresses this identity provider may vouch for",
        ));
    }
    Ok(Mapping {
        subject: owned(parts, "subject_attribute"),
        email: owned(parts, "email_attribute"),
        first_name: owned(parts, "first_name_attribute"),
        last_name: owned(parts, "last_name_attribute"),
        username: owned(parts, "username_attribute"),
        phone: owned(parts, "phone_attribute"),
        trusted_domains: if is_trusted { domains } else { Vec::new() },
    })
}

fn source(parts: &Parts) -> Result<Source, ConfigurationError> {
    let settings = &parts.settings;
    let sign_on_url = owned(parts, "idp_sso_url");
    let certificates =
        keys::identity_provider_certificates(settings.idp_certificates.iter().map(String::as_str));
    let overrides = Overrides {
        entity_id: owned(parts, "idp_entity_id"),
        sign_on_url,
        allow_http: settings.allow_loopback,
        certificates: certificates.map_err(|what| parts.error(format!("`idp_certificates`: {what}")))?,
    };
    let place = match (&settings.metadata_file, &settings.metadata_url) {
        (Some(_), Some(_)) => {
            return Err(parts.error("`metadata_file` and `metadata_url` exclude each other"));
        }
        (None, None) => {
            let fixed = overrides.alone().map_err(|what| parts.error(what))?;
            return Ok(Source::Fixed(Arc::new(fixed)));
        }
        (Some(file), None) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| parts.error(format!("`metadata_file`: {error}")))?;
            metadata::read(&text, &overrides)
                .map_err(|what| parts.error(format!("`metadata_file` {what}")))?;
            Place::File(file.clone())
        }
        (None, Some(url)) => {
            parts.fetch.checked(url).map_err(|error| parts.error(error.to_string()))?;
            Place::Address(url.clone(), parts.fetch.clone())
        }
    };
    let clock = Arc::clone(&parts.tools.clock);
    Ok(Source::Read(Box::new(Reader::new(&settings.id, place, overrides, clock))))
}

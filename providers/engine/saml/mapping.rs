//! From the facts of an assertion to a person.

use doorward_core::domain::federation::{ExternalIdentity, ReplayMark, UpstreamTokens};
use doorward_core::ports::provider::ProviderError;
use serde_json::{Map, Value};

use super::TRANSIENT;
use super::assertion::{Attribute, Facts, Name};
use super::options::Mapping;
use super::xml::untrusted;

const EMAIL_FORMAT: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
/// Between a NameQualifier and its NameID; neither can hold it.
const SEPARATOR: char = '\t';
/// Longest subject.
const LONGEST_SUBJECT: usize = 1024;

/// Usual names, tried when nothing is configured: Okta's, the LDAP ones with their OIDs, Microsoft's.
const EMAIL: &[&str] = &[
    "email",
    "mail",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
];
const FIRST_NAME: &[&str] = &[
    "firstName",
    "givenName",
    "urn:oid:2.5.4.42",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
];
const LAST_NAME: &[&str] = &[
    "lastName",
    "sn",
    "surname",
    "urn:oid:2.5.4.4",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
];
const USERNAME: &[&str] = &["username", "uid", "urn:oid:0.9.2342.19200300.100.1.1"];
const PHONE: &[&str] = &["phone", "telephoneNumber", "urn:oid:2.5.4.20"];

/// Who the assertion is about.
///
/// # Errors
/// Untrusted: no usable subject. Misconfigured: only a name that changes at each sign-in.
pub(super) fn identity(
    facts: &Facts,
    issuer: &str,
    mapping: &Mapping,
) -> Result<ExternalIdentity, ProviderError> {
    let subject = subject(facts, issuer, mapping)?;
    let find = |configured: &Option<String>, usual: &[&str]| {
        first(values(&facts.attributes, configured.as_deref(), usual)).map(str::to_owned)
    };
    let email = email(facts, mapping);
    Ok(ExternalIdentity {
        issuer: issuer.to_owned(),
        subject,
        username: find(&mapping.username, USERNAME),
        email_verified: email.as_ref().is_some_and(|(address, is_only)| {
            *is_only && is_in_trusted_domain(address, &mapping.trusted_domains)
        }),
        email: email.map(|(address, _)| address),
        first_name: find(&mapping.first_name, FIRST_NAME),
        last_name: find(&mapping.last_name, LAST_NAME),
        phone: find(&mapping.phone, PHONE),
        locale: None,
        photo_url: None,
        tokens: UpstreamTokens { session: facts.session.clone(), ..UpstreamTokens::default() },
        replay_mark: Some(ReplayMark { id: facts.id.clone(), until: facts.until }),
        raw: raw(facts),
    })
}

fn named<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name == name)
        .or_else(|| attributes.iter().find(|attribute| attribute.friendly_name.as_deref() == Some(name)))
}

fn values<'a>(attributes: &'a [Attribute], configured: Option<&str>, usual: &[&str]) -> &'a [String] {
    let found = match configured {
        Some(name) => named(attributes, name),
        None => usual.iter().find_map(|name| named(attributes, name)),
    };
    found.map_or(&[], |attribute| &attribute.values)
}

fn first(values: &[String]) -> Option<&str> {
    values.first().map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// The stable name of the person at this identity provider.
fn subject(facts: &Facts, issuer: &str, mapping: &Mapping) -> Result<String, ProviderError> {
    if let Some(name) = &mapping.subject {
        let found: Vec<_> = facts.attributes.iter().filter(|attribute| attribute.name == *name).collect();
        let values = match found.as_slice() {
            [] => values(&facts.attributes, Some(name), &[]),
            [only] => &only.values,
            _ => &[],
        };
        return match values {
            [only] => usable(only),
            _ => Err(untrusted("the attribute of `subject_attribute` has not exactly one value")),
        };
    }
    let unstable = || {
        ProviderError::Misconfigured(
            "the identity provider sends no lasting NameID: let it send a persistent one \
             (`name_id_format = \"persistent\"`), or name an attribute with `subject_attribute`"
                .to_owned(),
        )
    };
    let name = facts.name.as_ref().ok_or_else(unstable)?;
    if name.format.as_deref() == Some(TRANSIENT) {
        return Err(unstable());
    }
    qualified(name, issuer)
}

fn qualified(name: &Name, issuer: &str) -> Result<String, ProviderError> {
    let value = usable(&name.value)?;
    match name.qualifier.as_deref().filter(|qualifier| *qualifier != issuer) {
        None => Ok(value),
        Some(qualifier) => Ok(format!("{}{SEPARATOR}{value}", usable(qualifier)?)),
    }
}

fn usable(value: &str) -> Result<String, ProviderError> {
    if value.trim().is_empty() || value.len() > LONGEST_SUBJECT || value.chars().any(char::is_control) {
        return Err(untrusted("the subject is empty, too long, or holds control characters"));
    }
    Ok(value.to_owned())
}

/// The address, and whether it is the only one.
fn email(facts: &Facts, mapping: &Mapping) -> Option<(String, bool)> {
    let values = values(&facts.attributes, mapping.email.as_deref(), EMAIL);
    if let Some(address) = first(values) {
        return Some((address.to_owned(), values.len() == 1));
    }
    let name = facts.name.as_ref().filter(|name| name.format.as_deref() == Some(EMAIL_FORMAT))?;
    Some((name.value.clone(), true))
}

/// The operator trusts the identity provider with addresses of its own domains, and no others.
fn is_in_trusted_domain(address: &str, domains: &[String]) -> bool {
    let Some((local, domain)) = address.split_once('@') else {
        return false;
    };
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain(local)
        && is_plain(domain)
        && !domain.contains('@')
        && domains.iter().any(|trusted| trusted.eq_ignore_ascii_case(domain))
}

fn raw(facts: &Facts) -> Value {
    let pairs =
        facts.attributes.iter().map(|attribute| (attribute.name.clone(), attribute.values.clone().into()));
    Value::Object(pairs.collect::<Map<_, _>>())
}

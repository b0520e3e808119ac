//! What a signed assertion must say to be believed (SAML Profiles §4.1.4.3), and what it says.

use std::time::Duration;

use doorward_core::domain::time::Timestamp;
use doorward_core::ports::provider::ProviderError;
use roxmltree::Node;

use super::xml::{
    ASSERTION, attribute, child, children, elements, is, optional_time, required, text, time, untrusted,
};

/// How far clocks may differ, both ways.
pub(super) const SKEW: Duration = Duration::from_mins(3);
/// How old an assertion may be, whatever it says itself: an attempt to sign in does not live longer.
const OLDEST: Duration = Duration::from_mins(10);
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// Longest id of an assertion: it is stored until it is too old.
const LONGEST_ID: usize = 256;

/// What a message must be about.
pub(super) struct Expected<'a> {
    /// Entity id of the identity provider.
    pub(super) issuer: &'a str,
    /// Our own entity id.
    pub(super) audience: &'a str,
    /// The address of our callback (assertion consumer service).
    pub(super) callback_url: &'a str,
    /// The id of our request; `None` when the identity provider began.
    pub(super) request: Option<&'a str>,
    /// Now.
    pub(super) now: Timestamp,
}

impl Expected<'_> {
    fn is_past(&self, end: Timestamp) -> bool {
        self.now >= end.plus(SKEW)
    }

    fn is_ahead(&self, start: Timestamp) -> bool {
        start > self.now.plus(SKEW)
    }

    /// `InResponseTo` names our request, or there is none when there was no request.
    pub(super) fn check_request(&self, node: Node<'_, '_>) -> Result<(), ProviderError> {
        if node.attribute("InResponseTo") == self.request {
            return Ok(());
        }
        Err(untrusted(format!("{}: InResponseTo is not about our request", node.tag_name().name())))
    }

    /// An issuer is the identity provider.
    pub(super) fn check_issuer(&self, issuer: Node<'_, '_>) -> Result<(), ProviderError> {
        const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
        if issuer.attribute("Format").is_some_and(|format| format != ENTITY)
            || text(issuer)?.trim() != self.issuer
        {
            return Err(untrusted("the issuer is another one than the identity provider"));
        }
        Ok(())
    }

    /// `IssueInstant` is neither ahead nor long ago; until when it is not long ago.
    pub(super) fn check_issued(&self, node: Node<'_, '_>) -> Result<Timestamp, ProviderError> {
        let issued = time(attribute(node, "IssueInstant")?, "IssueInstant")?;
        if self.is_ahead(issued) {
            return Err(untrusted(format!("{}: issued in the future", node.tag_name().name())));
        }
        let end = issued.plus(OLDEST);
        if self.is_past(end) {
            return Err(untrusted(format!("{}: issued too long ago", node.tag_name().name())));
        }
        Ok(end)
    }

    /// `NotBefore` and `NotOnOrAfter`; the latter.
    fn check_window(&self, node: Node<'_, '_>) -> Result<Option<Timestamp>, ProviderError> {
        let name = node.tag_name().name();
        if optional_time(node, "NotBefore")?.is_some_and(|start| self.is_ahead(start)) {
            return Err(untrusted(format!("{name}: not yet valid")));
        }
        let end = optional_time(node, "NotOnOrAfter")?;
        if end.is_some_and(|end| self.is_past(end)) {
            return Err(untrusted(format!("{name}: expired")));
        }
        Ok(end)
    }
}

/// What a believed assertion says.
#[derive(Debug)]
pub(super) struct Facts {
    /// Its id.
    pub(super) id: String,
    /// When it is refused for its age.
    pub(super) until: Timestamp,
    /// The subject's name, if there is one.
    pub(super) name: Option<Name>,
    /// `SessionIndex`.
    pub(super) session: Option<String>,
    /// Attributes in order.
    pub(super) attributes: Vec<Attribute>,
}

/// A NameID.
#[derive(Debug)]
pub(super) struct Name {
    /// Exactly as sent.
    pub(super) value: String,
    /// `Format`.
    pub(super) format: Option<String>,
    /// `NameQualifier`.
    pub(super) qualifier: Option<String>,
}

/// An attribute.
#[derive(Debug)]
pub(super) struct Attribute {
    /// `Name`.
    pub(super) name: String,
    /// `FriendlyName`.
    pub(super) friendly_name: Option<String>,
    /// Its values that are plain text.
    pub(super) values: Vec<String>,
}

/// Believes an assertion or not. It must come from octets that were signed.
///
/// # Errors
/// Untrusted: the first thing that does not hold.
pub(super) fn judge(assertion: Node<'_, '_>, expected: &Expected<'_>) -> Result<Facts, ProviderError> {
    if !is(assertion, ASSERTION, "Assertion") || attribute(assertion, "Version")? != "2.0" {
        return Err(untrusted("no SAML 2.0 assertion"));
    }
    let id = attribute(assertion, "ID")?;
    if id.len() > LONGEST_ID {
        return Err(untrusted("the assertion's ID is too long"));
    }
    let mut until = expected.check_issued(assertion)?;
    expected.check_issuer(required(assertion, ASSERTION, "Issuer")?)?;
    until = until.min(check_conditions(required(assertion, ASSERTION, "Conditions")?, expected)?);
    let subject = required(assertion, ASSERTION, "Subject")?;
    until = until.min(check_bearer(subject, expected)?);
    Ok(Facts {
        id: id.to_owned(),
        until: until.plus(SKEW),
        name: name(subject, expected)?,
        session: session(assertion, expected)?,
        attributes: attributes(assertion)?,
    })
}

/// The conditions hold, this is the audience, and nothing is among them that nobody understands (SAML Core §2.5.1).
fn check_conditions(conditions: Node<'_, '_>, expected: &Expected<'_>) -> Result<Timestamp, ProviderError> {
    let end =
        expected.check_window(conditions)?.ok_or_else(|| untrusted("Conditions have no NotOnOrAfter"))?;
    let mut audiences = 0;
    for condition in elements(conditions) {
        if is(condition, ASSERTION, "AudienceRestriction") {
            audiences += 1;
            let texts =
                children(condition, ASSERTION, "Audience").map(|audience| text(audience).map(str::trim));
            if !texts.collect::<Result<Vec<_>, _>>()?.contains(&expected.audience) {
                return Err(untrusted("the assertion is for another audience"));
            }
        } else if !is(condition, ASSERTION, "OneTimeUse") && !is(condition, ASSERTION, "ProxyRestriction") {
            return Err(untrusted("a condition that is not understood"));
        }
    }
    if audiences == 0 {
        return Err(untrusted("the assertion names no audience"));
    }
    Ok(end)
}

/// At least one bearer confirmation is for this callback, this request and this moment.
fn check_bearer(subject: Node<'_, '_>, expected: &Expected<'_>) -> Result<Timestamp, ProviderError> {
    let bearers = children(subject, ASSERTION, "SubjectConfirmation")
        .filter(|confirmation| confirmation.attribute("Method") == Some(BEARER));
    let mut refusal = untrusted("the subject has no bearer confirmation");
    for bearer in bearers {
        match check_confirmation(bearer, expected) {
            Ok(end) => return Ok(end),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

fn check_confirmation(bearer: Node<'_, '_>, expected: &Expected<'_>) -> Result<Timestamp, ProviderError> {
    let data = required(bearer, ASSERTION, "SubjectConfirmationData")?;
    if attribute(data, "Recipient")? != expected.callback_url {
        return Err(untrusted("the assertion is for another recipient"));
    }
    expected.check_request(data)?;
    expected.check_window(data)?.ok_or_else(|| untrusted("SubjectConfirmationData has no NotOnOrAfter"))
}

fn name(subject: Node<'_, '_>, expected: &Expected<'_>) -> Result<Option<Name>, ProviderError> {
    if elements(subject).any(|node| matches!(node.tag_name().name(), "EncryptedID" | "BaseID")) {
        return Err(untrusted(
            "an EncryptedID or BaseID is not supported: encrypt the whole assertion instead",
        ));
    }
    let Some(node) = child(subject, ASSERTION, "NameID")? else {
        return Ok(None);
    };
    if node.attribute("SPNameQualifier").is_some_and(|party| !party.is_empty() && party != expected.audience)
    {
        return Err(untrusted("the NameID is meant for another party (SPNameQualifier)"));
    }
    let owned = |name: &str| node.attribute(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let qualifier = owned("NameQualifier");
    Ok(Some(Name { value: text(node)?.to_owned(), format: owned("Format"), qualifier }))
}

/// At least one statement that the subject signed in, none of whose sessions is over; the first session's index.
fn session(assertion: Node<'_, '_>, expected: &Expected<'_>) -> Result<Option<String>, ProviderError> {
    let mut index = None;
    let mut statements = 0;
    for statement in children(assertion, ASSERTION, "AuthnStatement") {
        statements += 1;
        if expected.is_ahead(time(attribute(statement, "AuthnInstant")?, "AuthnInstant")?) {
            return Err(untrusted("the subject signs in in the future"));
        }
        if optional_time(statement, "SessionNotOnOrAfter")?.is_some_and(|end| expected.is_past(end)) {
            return Err(untrusted("the session at the identity provider is over"));
        }
        index = index.or_else(|| statement.attribute("SessionIndex").map(str::to_owned));
    }
    if statements == 0 {
        return Err(untrusted("the assertion does not say that the subject signed in"));
    }
    Ok(index)
}

fn attributes(assertion: Node<'_, '_>) -> Result<Vec<Attribute>, ProviderError> {
    let statements = children(assertion, ASSERTION, "AttributeStatement");
    let nodes = statements.flat_map(|statement| children(statement, ASSERTION, "Attribute"));
    nodes
        .map(|node| {
            let values = children(node, ASSERTION, "AttributeValue");
            Ok(Attribute {
                name: attribute(node, "Name")?.to_owned(),
                friendly_name: node.attribute("FriendlyName").map(str::to_owned),
                values: values.filter_map(|value| text(value).ok()).map(str::to_owned).collect(),
            })
        })
        .collect()
}

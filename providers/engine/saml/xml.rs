//! Reading elements without surprises: names with their namespace, text that is one piece, attributes that are there.

use doorward_core::domain::time::Timestamp;
use doorward_core::ports::provider::ProviderError;
use roxmltree::Node;

/// `samlp`.
pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// `saml`.
pub(super) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// `md`.
pub(super) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// `ds`.
pub(super) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// `xenc`.
pub(super) const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
/// `xenc11`.
pub(super) const ENCRYPTION_11: &str = "http://www.w3.org/2009/xmlenc11#";

/// A refusal of what the identity provider (or somebody in its name) sent.
pub(super) fn untrusted(what: impl Into<String>) -> ProviderError {
    ProviderError::Untrusted(what.into())
}

/// Whether it is the element of that namespace and name.
pub(super) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name && node.tag_name().namespace() == Some(namespace)
}

/// Children of that name, in order.
pub(super) fn children<'a, 'd>(
    parent: Node<'a, 'd>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'd>> {
    parent.children().filter(move |node| is(*node, namespace, name))
}

/// The one child of that name, or none.
///
/// # Errors
/// Untrusted: there are several.
pub(super) fn child<'a, 'd>(
    parent: Node<'a, 'd>,
    namespace: &'static str,
    name: &'static str,
) -> Result<Option<Node<'a, 'd>>, ProviderError> {
    let mut found = children(parent, namespace, name);
    let first = found.next();
    match found.next() {
        Some(_) => Err(untrusted(format!("more than one {name} in {}", parent.tag_name().name()))),
        None => Ok(first),
    }
}

/// The one child of that name.
///
/// # Errors
/// Untrusted: there is none, or several.
pub(super) fn required<'a, 'd>(
    parent: Node<'a, 'd>,
    namespace: &'static str,
    name: &'static str,
) -> Result<Node<'a, 'd>, ProviderError> {
    child(parent, namespace, name)?
        .ok_or_else(|| untrusted(format!("no {name} in {}", parent.tag_name().name())))
}

/// All child elements.
pub(super) fn elements<'a, 'd>(parent: Node<'a, 'd>) -> impl Iterator<Item = Node<'a, 'd>> {
    parent.children().filter(Node::is_element)
}

/// Its whole content, when that is text and nothing else; no text is an empty one.
///
/// # Errors
/// Untrusted: it holds elements, or its text is in several pieces.
pub(super) fn text<'a>(node: Node<'a, '_>) -> Result<&'a str, ProviderError> {
    let mut pieces = node.children();
    match (pieces.next(), pieces.next()) {
        (None, _) => Ok(""),
        (Some(only), None) if only.is_text() => Ok(only.text().unwrap_or_default()),
        _ => Err(untrusted(format!("{} holds more than text", node.tag_name().name()))),
    }
}

/// An attribute without a namespace.
///
/// # Errors
/// Untrusted: it is missing or empty.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Result<&'a str, ProviderError> {
    node.attribute(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| untrusted(format!("{} has no {name}", node.tag_name().name())))
}

/// A point in time (xs:dateTime with a time zone).
///
/// # Errors
/// Untrusted: it is none.
pub(super) fn time(value: &str, what: &str) -> Result<Timestamp, ProviderError> {
    chrono::DateTime::parse_from_rfc3339(value.trim())
        .map(|time| Timestamp::new(time.to_utc()))
        .map_err(|_| untrusted(format!("{what} is no point in time")))
}

/// A point in time in an attribute that may be missing.
///
/// # Errors
/// Untrusted: it is none.
pub(super) fn optional_time(node: Node<'_, '_>, name: &str) -> Result<Option<Timestamp>, ProviderError> {
    node.attribute(name).map(|value| time(value, name)).transpose()
}

/// Text as it stands inside an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

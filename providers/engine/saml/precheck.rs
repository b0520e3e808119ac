//! What a message must look like before a C library sees it.
//!
//! libxml2 repairs broken XML, reads DOCTYPEs and takes seconds for 80,000 attributes; libxmlsec1 follows references to files
//! and addresses and runs XSLT. None of that is reached: only small, well-formed documents of the one shape that identity
//! providers send get through, and every signature in them covers its own parent and nothing else.

use std::collections::HashSet;

use doorward_core::ports::provider::ProviderError;
use roxmltree::{Document, Node, ParsingOptions};

use super::signature;
use super::xml::{ASSERTION, ENCRYPTION, PROTOCOL, SIGNATURE, is, untrusted};

/// Most bytes of a decoded message.
pub(super) const MOST_BYTES: usize = 128 * 1024;
/// Most `<` and most `=` of a message: a tag and an attribute cost at least one each.
const MOST_MARKS: usize = 4_000;
/// Most `=` from one `<` to the next: parsers compare every attribute of an element with every other.
const MOST_MARKS_OF_ONE: usize = 128;
/// Deepest nesting of elements.
const MOST_DEPTH: usize = 40;
/// Most attributes, and most namespaces in scope, of one element.
const MOST_ATTRIBUTES: usize = 64;
/// Longest XML declaration.
const LONGEST_DECLARATION: usize = 80;

/// Names that libxmlsec1 would act upon, or that hide content from whoever reads the message.
const FORBIDDEN: &[&str] = &[
    "CipherReference",
    "DEREncodedKeyValue",
    "KeyInfoReference",
    "Manifest",
    "Object",
    "RetrievalMethod",
    "SignatureProperties",
    "XPath",
];
const XSLT: &str = "http://www.w3.org/1999/XSL/Transform";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// What a response holds.
pub(super) struct Outline<'a, 'd> {
    /// `samlp:Response`.
    pub(super) response: Node<'a, 'd>,
    /// Whether it is signed as a whole.
    pub(super) is_signed: bool,
    /// What is inside.
    pub(super) content: Content<'a, 'd>,
}

/// What is inside a response.
pub(super) enum Content<'a, 'd> {
    /// Nothing: only a status.
    Nothing,
    /// `saml:Assertion`, signed or not.
    Plain(Node<'a, 'd>),
    /// `saml:EncryptedAssertion`.
    Encrypted(Node<'a, 'd>),
}

/// The text without its XML declaration, as every parser after this one gets it.
///
/// # Errors
/// Untrusted: too large, too many tags, a DOCTYPE, comment, CDATA or processing instruction, another encoding.
pub(super) fn plain_text(xml: &str) -> Result<&str, ProviderError> {
    if xml.len() > MOST_BYTES {
        return Err(untrusted("the message is too large"));
    }
    let xml = without_declaration(xml.strip_prefix('\u{feff}').unwrap_or(xml).trim_ascii())?;
    if xml.contains("<!") || xml.contains("<?") {
        return Err(untrusted("a DOCTYPE, comment, CDATA section or processing instruction in the message"));
    }
    let count = |text: &str, mark: u8| text.bytes().filter(|byte| *byte == mark).count();
    if count(xml, b'<') > MOST_MARKS || count(xml, b'=') > MOST_MARKS {
        return Err(untrusted("too many elements or attributes"));
    }
    if xml.split('<').any(|piece| count(piece, b'=') > MOST_MARKS_OF_ONE) {
        return Err(untrusted("an element with too many attributes"));
    }
    Ok(xml)
}

fn without_declaration(xml: &str) -> Result<&str, ProviderError> {
    let Some(rest) = xml.strip_prefix("<?xml ") else {
        return Ok(xml);
    };
    let (declaration, document) =
        rest.split_once("?>").ok_or_else(|| untrusted("the XML declaration does not end"))?;
    let declaration = declaration.to_ascii_lowercase().replace('\'', "\"");
    let is_harmless = declaration.len() <= LONGEST_DECLARATION
        && declaration.split_ascii_whitespace().all(|part| {
            matches!(
                part,
                "version=\"1.0\"" | "encoding=\"utf-8\"" | "standalone=\"no\"" | "standalone=\"yes\""
            )
        });
    is_harmless
        .then(|| document.trim_ascii_start())
        .ok_or_else(|| untrusted("another XML declaration than version 1.0 and UTF-8"))
}

/// Parses what [`plain_text`] let through.
///
/// # Errors
/// Untrusted: not well-formed, too deep, an element with too many attributes, an id twice, a forbidden element.
pub(super) fn document(xml: &str) -> Result<Document<'_>, ProviderError> {
    let limit = u32::try_from(4 * MOST_MARKS).unwrap_or(u32::MAX);
    let options = ParsingOptions { nodes_limit: limit, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml, options)
        .map_err(|error| untrusted(format!("no well-formed XML: {}", short(&error))))?;
    check_elements(document.root_element(), 1, &mut HashSet::new())?;
    Ok(document)
}

/// A parser's error without what it quotes.
fn short(error: &roxmltree::Error) -> String {
    let position = error.pos();
    format!("line {}, column {}", position.row, position.col)
}

fn check_elements<'a>(
    node: Node<'a, '_>,
    depth: usize,
    ids: &mut HashSet<&'a str>,
) -> Result<(), ProviderError> {
    let name = node.tag_name();
    if depth > MOST_DEPTH {
        return Err(untrusted("elements nested too deep"));
    }
    if node.attributes().len() > MOST_ATTRIBUTES || node.namespaces().len() > MOST_ATTRIBUTES {
        return Err(untrusted("an element with too many attributes"));
    }
    if FORBIDDEN.contains(&name.name()) || name.namespace() == Some(XSLT) {
        return Err(untrusted(format!("the element {} is not accepted", name.name())));
    }
    check_ids(node, ids)?;
    node.children().filter(Node::is_element).try_for_each(|child| check_elements(child, depth + 1, ids))
}

/// An id belongs to one element, and only one attribute can give it: a reference has one meaning for every library.
fn check_ids<'a>(node: Node<'a, '_>, ids: &mut HashSet<&'a str>) -> Result<(), ProviderError> {
    for attribute in node.attributes().filter(|attribute| attribute.name().eq_ignore_ascii_case("id")) {
        if attribute.namespace() == Some(XML) {
            return Err(untrusted("an xml:id in the message"));
        }
        if !ids.insert(attribute.value()) {
            return Err(untrusted("the same id twice"));
        }
    }
    Ok(())
}

/// Whether the id is a plain name, which no XPointer can hide in (NCName, ASCII).
pub(super) fn is_plain_id(id: &str) -> bool {
    let mut bytes = id.bytes();
    let starts = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    starts && id.len() <= 256 && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// The shape of a response: one assertion, a child of it; signatures only as children of the response and the assertion.
///
/// # Errors
/// Untrusted.
pub(super) fn response<'a, 'd>(document: &'a Document<'d>) -> Result<Outline<'a, 'd>, ProviderError> {
    let response = document.root_element();
    if !is(response, PROTOCOL, "Response") {
        return Err(untrusted("no samlp:Response"));
    }
    let content = content(response)?;
    let signed = match &content {
        Content::Plain(assertion) => check_signatures(response, &[response, *assertion])?,
        Content::Nothing | Content::Encrypted(_) => check_signatures(response, &[response])?,
    };
    if matches!(content, Content::Plain(_)) && signed.is_empty() {
        return Err(untrusted("neither the response nor the assertion is signed"));
    }
    Ok(Outline { response, is_signed: signed.contains(&response), content })
}

/// The shape of a decrypted assertion; whether it is signed.
///
/// # Errors
/// Untrusted.
pub(super) fn assertion(document: &Document<'_>) -> Result<bool, ProviderError> {
    let assertion = document.root_element();
    if !is(assertion, ASSERTION, "Assertion") {
        return Err(untrusted("what was encrypted is no saml:Assertion"));
    }
    if assertions(assertion).count() != 1 {
        return Err(untrusted("an assertion inside the assertion"));
    }
    Ok(!check_signatures(assertion, &[assertion])?.is_empty())
}

/// Everything that is called an assertion, in whatever namespace.
fn assertions<'a, 'd>(root: Node<'a, 'd>) -> impl Iterator<Item = Node<'a, 'd>> {
    root.descendants().filter(|node| matches!(node.tag_name().name(), "Assertion" | "EncryptedAssertion"))
}

fn content<'a, 'd>(response: Node<'a, 'd>) -> Result<Content<'a, 'd>, ProviderError> {
    let mut found = assertions(response);
    let (first, second) = (found.next(), found.next());
    let Some(assertion) = first else {
        return Ok(Content::Nothing);
    };
    if second.is_some() {
        return Err(untrusted("more than one assertion"));
    }
    if assertion.parent() != Some(response) {
        return Err(untrusted("an assertion that is no child of the response"));
    }
    if is(assertion, ASSERTION, "Assertion") {
        return Ok(Content::Plain(assertion));
    }
    if !is(assertion, ASSERTION, "EncryptedAssertion")
        || !assertion.descendants().any(|node| is(node, ENCRYPTION, "EncryptedData"))
    {
        return Err(untrusted("an assertion of another namespace"));
    }
    Ok(Content::Encrypted(assertion))
}

/// The parents of all signatures, each of which may be one of `parents`, once.
fn check_signatures<'a, 'd>(
    root: Node<'a, 'd>,
    parents: &[Node<'a, 'd>],
) -> Result<Vec<Node<'a, 'd>>, ProviderError> {
    let mut signed = Vec::new();
    for found in root.descendants().filter(|node| node.tag_name().name() == "Signature") {
        let parent = found.parent().filter(|parent| parents.contains(parent));
        let parent = parent.ok_or_else(|| untrusted("a signature in an unexpected place"))?;
        if !is(found, SIGNATURE, "Signature") || signed.contains(&parent) {
            return Err(untrusted("an unexpected signature"));
        }
        signature::check_shape(found, parent)?;
        signed.push(parent);
    }
    Ok(signed)
}

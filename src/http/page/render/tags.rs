//! Reads the tags of a page, as far as its tests need it: names and attributes, all values quoted.

use std::collections::BTreeMap;

/// A start tag.
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Tag {
    /// An attribute as written, still escaped; empty where there is none.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Whether somebody can fill it in.
    pub(super) fn is_field(&self) -> bool {
        self.name == "input" && self.attribute("type") != "hidden"
    }
}

/// The start tags, in order; what styles and scripts hold is no tag.
pub(super) fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        if after.starts_with(['/', '!']) {
            rest = after;
            continue;
        }
        let (tag, after) = tag(after);
        rest = match tag.name.as_str() {
            raw @ ("style" | "script") => after.split_once(&format!("</{raw}>")).map_or("", |(_, rest)| rest),
            _ => after,
        };
        found.push(tag);
    }
    found
}

fn tag(text: &str) -> (Tag, &str) {
    let end = text.find([' ', '\n', '>']).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches([' ', '\n', '/']);
        if rest.is_empty() || rest.starts_with('>') {
            return (Tag { name: name.to_owned(), attributes }, rest);
        }
        let end = rest.find(['=', ' ', '\n', '>']).unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => ("", after),
        };
        let earlier = attributes.insert(attribute.to_owned(), value.to_owned());
        assert!(earlier.is_none(), "{attribute} stands twice in <{name}>");
        rest = after;
    }
}

//! Refuses JSON in which an object names a member twice: readers disagree about which one counts (RFC 8725 §2.4, RFC 8259 §4).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Whether the bytes are one JSON value whose objects, at any depth, name every member once.
pub(crate) fn has_unique_names(json: &[u8]) -> bool {
    serde_json::from_slice::<Unique>(json).is_ok()
}

/// Room for the names of a token's claims, so that the set need not grow.
const USUAL_NAMES: usize = 48;

/// A name as it stands in the JSON, unless it has escapes.
#[derive(PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut seen = HashSet::with_capacity(USUAL_NAMES);
        while let Some(name) = map.next_key::<Name<'de>>()? {
            if !seen.insert(name) {
                return Err(A::Error::custom("repeated name"));
            }
            map.next_value::<Unique>()?;
        }
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Unique, A::Error> {
        while sequence.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use super::has_unique_names;

    #[test]
    fn repeated_names_are_found_at_any_depth() {
        for good in ["{}", r#"{"a":1,"b":[{"a":null},{"a":1.5e3}],"c":{"a":"x"}}"#, "[1,true,-2]", "3"] {
            assert!(has_unique_names(good.as_bytes()), "{good}");
        }
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"[{"a":1,"\u0061":2}]"#, "{", "{} {}"] {
            assert!(!has_unique_names(bad.as_bytes()), "{bad}");
        }
        assert!(!has_unique_names("[".repeat(100_000).as_bytes()));
    }
}

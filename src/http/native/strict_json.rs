//! JSON as RFC 8259 §4 would like it: an object that names a key twice is refused, not resolved.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A JSON value without duplicate keys.
struct Strict(Value);

/// Why a text is not JSON; its text is fixed but for the place, nothing of the input is repeated.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("Unexpected end of JSON input")]
    End,
    #[error("Unexpected token in JSON at line {line} column {column}")]
    Token {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    #[error("Duplicate key in JSON object at line {line} column {column}")]
    Duplicate {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

/// Parses a whole text. Nesting beyond 128 levels is refused by serde_json.
pub(crate) fn parse(text: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice::<Strict>(text).map(|strict| strict.0).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Eof => Problem::End,
            serde_json::error::Category::Data => Problem::Duplicate { line, column },
            _ => Problem::Token { line, column },
        }
    })
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((key, Strict(value))) = access.next_entry::<String, Strict>()? {
            if members.insert(key, value).is_some() {
                return Err(A::Error::custom("duplicate key"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive() {
        let text = br#"{"a":[1,-2,3.5,"x",true,null,{"b":"\u00e9"}]}"#;
        assert_eq!(parse(text), Ok(serde_json::from_slice(text).expect("JSON")));
    }

    #[test]
    fn problems_are_told_apart() {
        assert_eq!(parse(b"{\"a\":"), Err(Problem::End));
        assert!(matches!(parse(b"{\"a\":1,\"a\":2}"), Err(Problem::Duplicate { line: 1, .. })));
        assert!(matches!(parse(b"{\"b\":{\"a\":1,\"a\":2}}"), Err(Problem::Duplicate { .. })));
        assert!(matches!(parse(b"{a}"), Err(Problem::Token { line: 1, column: 2 })));
        assert!(matches!(parse("[".repeat(200).as_bytes()), Err(Problem::Token { .. })));
    }
}

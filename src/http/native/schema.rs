//! What a request body must look like, taken from the type's OpenAPI schema, so that document and check cannot disagree.

use doorward_core::usecase::MAX_SIGN_UP_DATA;
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::{Value, json};

/// Most characters of one string.
pub(crate) const MAX_STRING_CHARACTERS: usize = 8192;
/// Most characters of an ID token: one that lists its user's groups is longer than anything else. As the engine accepts.
const MAX_ID_TOKEN_CHARACTERS: usize = 65_536;
/// Most bytes of an object, as JSON without blanks: the only one there is belongs to a sign-up.
const MAX_OBJECT_BYTES: usize = MAX_SIGN_UP_DATA;
/// Most unknown properties that are listed.
const MAX_LISTED: usize = 100;

/// An object whose properties are strings, or objects that may hold anything.
pub(crate) struct BodySchema {
    properties: Vec<Property>,
    required: Vec<&'static str>,
    /// Whether it may hold other properties, and `null` in place of optional ones.
    is_open: bool,
}

struct Property {
    name: &'static str,
    is_object: bool,
}

impl BodySchema {
    /// Reads the schema of a type derived with `Object`; nothing else may be in the body.
    pub(crate) fn closed<T: Type>() -> Self {
        Self { is_open: false, ..Self::open::<T>() }
    }

    /// Reads the schema of a type derived with `Object`; anything else may be in the body too.
    pub(crate) fn open<T: Type>() -> Self {
        let mut registry = Registry::new();
        T::register(&mut registry);
        let schema = match T::schema_ref() {
            MetaSchemaRef::Inline(schema) => Some(*schema),
            MetaSchemaRef::Reference(name) => registry.schemas.remove(&name),
        };
        let (properties, required) = schema.map_or_else(Default::default, |schema| {
            let properties = schema.properties.into_iter().map(Property::of);
            (properties.collect(), schema.required)
        });
        Self { properties, required, is_open: true }
    }

    /// Everything that is wrong: missing properties, wrong values, unknown properties; empty = valid.
    pub(crate) fn failures(&self, value: &Value) -> Vec<Value> {
        let Value::Object(object) = value else {
            return vec![failure("", "type", "must be object", &json!({ "type": "object" }))];
        };
        let missing = self.names().filter(|name| self.requires(name) && !object.contains_key(*name));
        let missing = missing.map(|name| {
            let message = format!("must have required property '{name}'");
            failure("", "required", &message, &json!({ "missingProperty": name }))
        });
        let wrong = self.properties.iter().filter_map(|property| {
            let value = object.get(property.name)?;
            let is_absent = self.is_open && value.is_null() && !self.requires(property.name);
            if is_absent { None } else { property.failure(value) }
        });
        let is_unknown = |key: &&String| !self.is_open && !self.names().any(|name| name == key.as_str());
        let unknown = object.keys().filter(is_unknown).take(MAX_LISTED).map(|key| {
            let shown: String = key.chars().take(100).collect();
            let message = "must NOT have additional properties";
            failure("", "additionalProperties", message, &json!({ "additionalProperty": shown }))
        });
        missing.chain(wrong).chain(unknown).collect()
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.properties.iter().map(|property| property.name)
    }

    fn requires(&self, name: &str) -> bool {
        self.required.contains(&name)
    }
}

impl Property {
    fn of((name, schema): (&'static str, MetaSchemaRef)) -> Self {
        let is_object = matches!(&schema, MetaSchemaRef::Inline(schema) if schema.ty == "object");
        Self { name, is_object }
    }

    fn failure(&self, value: &Value) -> Option<Value> {
        if self.is_object { wrong_object(self.name, value) } else { wrong_string(self.name, value) }
    }
}

/// An object that is small enough to be kept.
fn wrong_object(name: &str, value: &Value) -> Option<Value> {
    let path = format!("/{name}");
    if !value.is_object() {
        return Some(failure(&path, "type", "must be object", &json!({ "type": "object" })));
    }
    if value.to_string().len() > MAX_OBJECT_BYTES {
        let message = format!("must NOT have more than {MAX_OBJECT_BYTES} bytes");
        return Some(failure(&path, "maxLength", &message, &json!({ "limit": MAX_OBJECT_BYTES })));
    }
    None
}

fn wrong_string(name: &str, value: &Value) -> Option<Value> {
    let path = format!("/{name}");
    let Value::String(text) = value else {
        return Some(failure(&path, "type", "must be string", &json!({ "type": "string" })));
    };
    if text.contains('\0') {
        // PostgreSQL cannot store it.
        return Some(failure(
            &path,
            "pattern",
            "must NOT contain U+0000",
            &json!({ "pattern": "^[^\\u0000]*$" }),
        ));
    }
    let most = if name == "id_token" { MAX_ID_TOKEN_CHARACTERS } else { MAX_STRING_CHARACTERS };
    if text.chars().count() > most {
        let message = format!("must NOT have more than {most} characters");
        return Some(failure(&path, "maxLength", &message, &json!({ "limit": most })));
    }
    None
}

fn failure(path: &str, code: &str, message: &str, info: &Value) -> Value {
    json!({ "path": path, "code": code, "message": message, "info": info })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::wire::{LocalUserProfileDto, SignupRequestDto};

    fn codes(schema: &BodySchema, value: &Value) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        schema
            .failures(value)
            .iter()
            .map(|failure| (text(&failure["path"]), text(&failure["code"])))
            .collect()
    }

    fn one(path: &str, code: &str) -> Vec<(String, String)> {
        vec![(path.to_owned(), code.to_owned())]
    }

    #[test]
    fn an_object_may_hold_anything_within_bounds() {
        let schema = BodySchema::closed::<SignupRequestDto>();
        let judge = |data: Value| codes(&schema, &json!({ "email": "a@b.test", "data": data }));
        assert_eq!(judge(json!({ "plan": [1, null, { "deep": true }] })), []);
        assert_eq!(judge(json!({})), []);
        for wrong in [json!([]), json!("text"), json!(1), Value::Null] {
            assert_eq!(judge(wrong), one("/data", "type"));
        }
        // `{"a":"…"}` is eight bytes longer than its text.
        assert_eq!(judge(json!({ "a": "x".repeat(MAX_OBJECT_BYTES - 8) })), []);
        assert_eq!(judge(json!({ "a": "x".repeat(MAX_OBJECT_BYTES - 7) })), one("/data", "maxLength"));
        assert_eq!(codes(&schema, &json!({ "email": "a@b.test", "x": 1 })), one("", "additionalProperties"));
    }

    #[test]
    fn an_open_object_may_hold_more_and_null_for_what_is_optional() {
        let schema = BodySchema::open::<LocalUserProfileDto>();
        let judge = |name: &str, value: Value| {
            let mut body = json!({ "email": "a@b.test", "password": "p" });
            body[name] = value;
            codes(&schema, &body)
        };
        assert_eq!(judge("role", json!({ "name": "Admin" })), []);
        assert_eq!(judge("lastName", Value::Null), []);
        assert_eq!(judge("lastName", json!(1)), one("/lastName", "type"));
        assert_eq!(judge("password", Value::Null), one("/password", "type"));
        assert_eq!(codes(&schema, &json!({ "email": "a@b.test" })), one("", "required"));
    }
}

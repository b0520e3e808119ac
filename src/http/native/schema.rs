//! What a request body must look like, taken from the type's OpenAPI schema, so that document and check cannot disagree.

use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::{Value, json};

/// Most characters of one string.
pub(crate) const MAX_STRING_CHARACTERS: usize = 8192;
/// Most characters of an ID token: one that lists its user's groups is longer than anything else. As the engine accepts.
const MAX_ID_TOKEN_CHARACTERS: usize = 65_536;
/// Most unknown properties that are listed.
const MAX_LISTED: usize = 100;

/// An object whose properties are all strings.
pub(crate) struct BodySchema {
    properties: Vec<&'static str>,
    required: Vec<&'static str>,
}

impl BodySchema {
    /// Reads the schema of a type derived with `Object`.
    pub(crate) fn of<T: Type>() -> Self {
        let mut registry = Registry::new();
        T::register(&mut registry);
        let schema = match T::schema_ref() {
            MetaSchemaRef::Inline(schema) => Some(*schema),
            MetaSchemaRef::Reference(name) => registry.schemas.remove(&name),
        };
        let (properties, required) = schema.map_or_else(Default::default, |schema| {
            (schema.properties.into_iter().map(|(name, _)| name).collect(), schema.required)
        });
        Self { properties, required }
    }

    /// Everything that is wrong: missing properties, wrong values, unknown properties; empty = valid.
    pub(crate) fn failures(&self, value: &Value) -> Vec<Value> {
        let Value::Object(object) = value else {
            return vec![failure("", "type", "must be object", &json!({ "type": "object" }))];
        };
        let missing = self
            .properties
            .iter()
            .filter(|name| self.required.contains(name) && !object.contains_key(**name));
        let missing = missing.map(|name| {
            let message = format!("must have required property '{name}'");
            failure("", "required", &message, &json!({ "missingProperty": name }))
        });
        let wrong = self.properties.iter().filter_map(|name| wrong_string(name, object.get(*name)?));
        let unknown = object.keys().filter(|key| !self.properties.contains(&key.as_str()));
        let unknown = unknown.take(MAX_LISTED).map(|key| {
            let shown: String = key.chars().take(100).collect();
            let message = "must NOT have additional properties";
            failure("", "additionalProperties", message, &json!({ "additionalProperty": shown }))
        });
        missing.chain(wrong).chain(unknown).collect()
    }
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

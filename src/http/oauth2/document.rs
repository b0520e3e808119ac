//! The OpenAPI document of the dialect. Its requests are forms and its errors words of registries, so it is written from one
//! table instead of types.

use serde_json::{Map, Value, json};

use super::operations::{Operation, Parameter, Proof, Reply, Source, failure_description, operations};

/// The OpenAPI document of the OAuth 2.0 dialect: pretty-printed JSON, the same for the same source.
#[must_use]
pub fn oauth2_document() -> String {
    let mut paths = Map::new();
    for operation in operations() {
        for (index, path) in operation.paths.iter().enumerate() {
            let described = described(operation, index);
            let methods = paths.entry((*path).to_owned()).or_insert_with(|| json!({}));
            methods[operation.method] = described;
        }
    }
    paths.sort_keys();
    let document = json!({
        "openapi": "3.0.0",
        "info": { "title": "OAuth 2.0 and OpenID Connect", "version": "1.0.0" },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": { "schemas": schemas(), "securitySchemes": security_schemes() },
    });
    format!("{document:#}\n")
}

/// The operation under its path of that index; another name of the same is told as such.
fn described(operation: &Operation, index: usize) -> Value {
    let name = match index {
        0 => operation.id.to_owned(),
        1 => format!("{}Alias", operation.id),
        more => format!("{}Alias{more}", operation.id),
    };
    let mut described = json!({ "operationId": name, "summary": operation.summary });
    if index > 0 {
        described["description"] = format!("The same as {}.", operation.paths[0]).into();
    }
    match operation.read_from {
        _ if operation.parameters.is_empty() => {}
        Source::Query => described["parameters"] = operation.parameters.iter().map(in_query).collect(),
        Source::Form => described["requestBody"] = form(operation.parameters, true),
        Source::FormOrQuery => described["requestBody"] = form(operation.parameters, false),
    }
    match operation.proof {
        Proof::Nothing => {}
        Proof::Client => described["security"] = json!([{ "clientSecret": [] }, {}]),
        Proof::Bearer => described["security"] = json!([{ "accessToken": [] }]),
    }
    described["responses"] = responses(operation);
    described
}

fn in_query(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "in": "query",
        "required": parameter.is_required,
        "description": parameter.description,
        "schema": { "type": "string" },
    })
}

/// A form; what may be in the query instead is not required in the form.
fn form(parameters: &[Parameter], is_only_place: bool) -> Value {
    let property = |parameter: &Parameter| {
        let described = json!({ "type": "string", "description": parameter.description });
        (parameter.name.to_owned(), described)
    };
    let properties: Map<String, Value> = parameters.iter().map(property).collect();
    let needed = parameters.iter().filter(|parameter| parameter.is_required && is_only_place);
    let needed: Vec<&str> = needed.map(|parameter| parameter.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !needed.is_empty() {
        schema["required"] = needed.into();
    }
    json!({ "content": { "application/x-www-form-urlencoded": { "schema": schema } } })
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    let page = json!({ "text/html": { "schema": { "type": "string" } } });
    let is_for_people = match operation.reply {
        Reply::Json(schema) => {
            let content = json!({ "application/json": { "schema": reference(schema) } });
            responses
                .insert("200".to_owned(), json!({ "description": operation.summary, "content": content }));
            false
        }
        Reply::Page => {
            responses.insert("200".to_owned(), json!({ "description": operation.summary, "content": page }));
            false
        }
        Reply::Redirect => {
            responses.insert("200".to_owned(), json!({ "description": "A page", "content": page }));
            let status = if operation.method == "get" { "302" } else { "303" };
            responses.insert(status.to_owned(), json!({ "description": "To the client, or to a page" }));
            true
        }
    };
    if operation.paths[0].ends_with("/endSession") {
        responses.insert("204".to_owned(), json!({ "description": "Signed out" }));
    }
    let error = json!({ "application/json": { "schema": reference("Error") } });
    let content = if is_for_people { page } else { error };
    for status in operation.failures {
        let mut response = json!({ "description": failure_description(*status), "content": content });
        if matches!(status, 429 | 503) {
            let seconds = json!({ "description": "Seconds to wait", "schema": { "type": "integer" } });
            response["headers"] = json!({ "Retry-After": seconds });
        }
        responses.insert(status.to_string(), response);
    }
    Value::Object(responses)
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn security_schemes() -> Value {
    json!({
        "clientSecret": { "type": "http", "scheme": "basic" },
        "accessToken": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
        "openid": { "type": "openIdConnect", "openIdConnectUrl": "/.well-known/openid-configuration" },
    })
}

fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer", "format": "int64" });
    let open = |description: &str, required: Value, properties: Value| {
        let mut schema = json!({
            "type": "object",
            "description": description,
            "properties": properties,
            "additionalProperties": true,
        });
        if required.as_array().is_some_and(|names| !names.is_empty()) {
            schema["required"] = required;
        }
        schema
    };
    json!({
        "Error": {
            "type": "object",
            "description": "What failed (RFC 6749 §5.2, RFC 6750 §3.1).",
            "required": ["error"],
            "properties": { "error": text, "error_description": text },
            "additionalProperties": false,
        },
        "TokenResponse": {
            "type": "object",
            "description": "Tokens (RFC 6749 §5.1).",
            "required": ["access_token", "scope", "token_type", "expires_in"],
            "properties": {
                "access_token": text,
                "refresh_token": text,
                "scope": text,
                "id_token": text,
                "token_type": { "type": "string", "enum": ["Bearer"] },
                "expires_in": number,
            },
            "additionalProperties": false,
        },
        "Introspection": open(
            "A token (RFC 7662 §2.2); of one that is not alive, or not the client's business, only `active`.",
            json!(["active"]),
            json!({
                "active": { "type": "boolean" },
                "scope": text,
                "client_id": text,
                "token_type": text,
                "sub": text,
                "iss": text,
                "exp": number,
                "iat": number,
            }),
        ),
        "UserInfo": open("Claims about the user (OpenID Connect Core §5.1).", json!(["sub"]), json!({ "sub": text })),
        "TokenInfo": open(
            "The claims of the access token, the token itself, and each granted scope as a key.",
            json!(["access_token"]),
            json!({ "access_token": text, "scope": { "type": "array", "items": text } }),
        ),
        "IdToken": open("The claims of the ID token.", json!([]), json!({ "sub": text })),
        "Jwks": open(
            "Public keys (RFC 7517 §5).",
            json!(["keys"]),
            json!({ "keys": { "type": "array", "items": { "type": "object" } } }),
        ),
        "Metadata": open(
            "Metadata (OpenID Connect Discovery §3, RFC 8414 §2).",
            json!(["issuer"]),
            json!({ "issuer": text }),
        ),
        "Nothing": { "type": "object", "description": "`{}`" },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn document() -> Value {
        serde_json::from_str(&oauth2_document()).expect("JSON")
    }

    #[test]
    fn every_route_is_described() {
        let document = document();
        let described: BTreeSet<&str> =
            document["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
        for (path, _) in crate::oauth2::routes() {
            assert!(described.contains(path), "{path}");
        }
    }

    #[test]
    fn ids_are_unique_and_references_resolve() {
        let document = document();
        let mut ids = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let id = operation["operationId"].as_str().expect("an id");
                assert!(ids.insert(id.to_owned()), "{method} {path} {id}");
            }
        }
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        for part in oauth2_document().split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().expect("a name");
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}

//! Completes the document that poem-openapi generates with what it cannot say: failures, parameters with `content`,
//! `additionalProperties: false`, nullable values.

use doorward_core::domain::activity_query::{Column, MAX_LIMIT};
use serde_json::{Map, Value, json};

use super::operations::{ANY_FORM, Operation, failure_description, operations, reference, where_schema};

/// Requests and rows that hold nothing beyond their properties.
const CLOSED: [&str; 22] = [
    "LoginRequest",
    "AuthTokenRequest",
    "AuthRefreshTokenRequest",
    "ResetPasswordPartial",
    "RefreshTokenRequestPartial",
    "ClientAuthRequest",
    "IdTokenRequest",
    "TicketRequest",
    "OtpSendRequest",
    "OtpLoginRequest",
    "CreateQrCodeRequest",
    "ForgetPasswordDto",
    "ResetPasswordWithClient",
    "SignupRequestDto",
    "SignupRequest",
    "ChangeEmailRequest",
    "VerifyEmailRequest",
    "NonceResponse",
    "LinkResponse",
    "IdentityResponse",
    "TokenResponse",
    "LoginActivityWithRelations",
];

/// Requests and rows that may hold anything beyond their properties.
const OPEN: [&str; 2] = ["SuccessResponse", "LocalUserProfileDto"];

/// Properties that may be `null`.
const NULLABLE: [(&str, &[&str]); 4] = [
    ("LocalUserProfileDto", &["firstName", "middleName", "lastName"]),
    ("SignedUpUser", &["email", "middleName", "lastName", "defaultTenantId"]),
    ("LoginActivityWithRelations", &["tenantId", "deviceInfo", "ipAddress"]),
    (
        "AuthUser",
        &[
            "lastName",
            "middleName",
            "email",
            "phone",
            "lastLogin",
            "photoUrl",
            "designation",
            "dob",
            "gender",
            "defaultTenantId",
        ],
    ),
];

/// Properties that are date-times.
const DATE_TIMES: [(&str, &str); 1] = [("LoginActivityWithRelations", "loginTime")];

/// Properties that the old document has as plain numbers.
const NUMBERS: [(&str, &str); 3] =
    [("TokenResponse", "expires"), ("NonceResponse", "expires"), ("loopback.Count", "count")];

/// The finished document, pretty-printed.
pub(super) fn complete(generated: &str) -> String {
    let mut document: Value = serde_json::from_str(generated).unwrap_or_default();
    if let Some(paths) = document["paths"].as_object_mut() {
        let operations = paths.values_mut().filter_map(Value::as_object_mut).flatten();
        for (_method, operation) in operations {
            complete_operation(operation);
        }
    }
    complete_schemas(&mut document["components"]["schemas"]);
    format!("{document:#}\n")
}

fn complete_operation(operation: &mut Value) {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let Some(known) = operations().find(|known| known.id == id) else {
        return;
    };
    if let Some((controller, name)) = known.id.split_once('.') {
        operation["x-controller-name"] = controller.into();
        operation["x-operation-name"] = name.into();
    }
    complete_parameters(operation, known);
    if ANY_FORM.contains(&known.id) {
        let form = json!({ "schema": { "type": "object" } });
        operation["requestBody"] = json!({ "content": { "application/x-www-form-urlencoded": form } });
    }
    let responses = &mut operation["responses"];
    for (_status, reply) in responses.as_object_mut().into_iter().flatten() {
        reply["description"] = known.description.into();
    }
    for status in known.failures {
        responses[status.to_string()] = failure_response(*status);
    }
}

fn complete_parameters(operation: &mut Value, known: &Operation) {
    if known.parameters.is_empty() {
        return;
    }
    let extra = known.parameters.iter().map(|parameter| parameter.document());
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.extend(extra),
        None => operation["parameters"] = extra.collect(),
    }
}

fn failure_response(status: u16) -> Value {
    let mut response = json!({
        "description": failure_description(status),
        "content": { "application/json": { "schema": reference("ErrorResponse") } },
    });
    if matches!(status, 429 | 503) {
        response["headers"] = json!({
            "Retry-After": { "description": "Seconds to wait", "schema": { "type": "integer" } },
        });
    }
    response
}

fn complete_schemas(schemas: &mut Value) {
    for name in CLOSED {
        schemas[name]["additionalProperties"] = false.into();
    }
    for name in OPEN {
        schemas[name]["additionalProperties"] = true.into();
    }
    for (name, properties) in NULLABLE {
        for property in properties {
            schemas[name]["properties"][*property]["nullable"] = true.into();
        }
    }
    for (name, property) in DATE_TIMES {
        schemas[name]["properties"][property]["format"] = "date-time".into();
    }
    for (name, property) in NUMBERS {
        let schema = &mut schemas[name]["properties"][property];
        schema["type"] = "number".into();
        if let Some(schema) = schema.as_object_mut() {
            schema.shift_remove("format");
        }
    }
    schemas["login_activity.Filter"] = filter_schema();
    schemas["ErrorResponse"] = error_schema();
    if let Some(schemas) = schemas.as_object_mut() {
        for (name, schema) in schemas.iter_mut() {
            schema["title"] = name.clone().into();
        }
        schemas.sort_keys();
    }
}

fn filter_schema() -> Value {
    let columns: Vec<&str> = Column::ALL.map(Column::name).to_vec();
    let flags: Map<String, Value> =
        columns.iter().map(|name| ((*name).to_owned(), json!({ "type": "boolean" }))).collect();
    json!({
        "type": "object",
        "properties": {
            "offset": { "type": "integer", "minimum": 0 },
            "limit": { "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "example": 100 },
            "skip": { "type": "integer", "minimum": 0 },
            "order": { "oneOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] },
            "where": where_schema(),
            "fields": {
                "title": "login_activity.Fields",
                "oneOf": [
                    { "type": "object", "properties": flags, "additionalProperties": false },
                    { "type": "array", "items": { "type": "string", "enum": columns }, "uniqueItems": true },
                ],
            },
        },
        "additionalProperties": false,
    })
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "description": "What failed. `message` is an object where client, password or bearer were refused.",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["statusCode", "message"],
                "properties": {
                    "statusCode": { "type": "integer" },
                    "name": { "type": "string" },
                    "message": {
                        "oneOf": [
                            { "type": "string" },
                            { "type": "integer" },
                            {
                                "type": "object",
                                "required": ["message"],
                                "properties": { "message": { "type": "string" } },
                            },
                        ],
                    },
                    "code": { "type": "string" },
                    "details": {},
                },
            },
        },
    })
}

#[cfg(test)]
mod tests;

//! What the document must say of each operation beyond what its handler's types say.

use serde_json::{Value, json};

use super::report::RANGES;

mod federation;
mod verification;

pub(super) use self::federation::ANY_FORM;

/// One operation.
pub(super) struct Operation {
    pub(super) id: &'static str,
    /// Of the reply when all is well.
    pub(super) description: &'static str,
    /// Every other status that can happen.
    pub(super) failures: &'static [u16],
    pub(super) parameters: &'static [Parameter],
}

/// A parameter that an extractor of ours reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Parameter {
    Filter,
    Where,
    Range,
    StartDate,
    EndDate,
    DeviceId,
    ClientId,
    ClientSecret,
    Code,
    State,
    SessionState,
    Ticket,
    /// The code of the first step.
    CodeHeader,
    /// In camel case, as in the old document.
    ClientIdHeader,
    /// Of a link.
    Token,
    /// Ignored; the old service needed it.
    Client,
    /// Named beside the security scheme, as in the old document: generated clients keep their signatures.
    Authorization,
}

/// Hashing passwords may be refused for now (429); everything that reads a body may find it bad (400, 408, 413, 415, 422).
const LIMITED: &[u16] = &[400, 401, 408, 413, 415, 422, 429, 500, 503];
const READS_BODY: &[u16] = &[400, 401, 408, 413, 415, 422, 500, 503];
const CHANGES_PASSWORD: &[u16] = &[400, 401, 403, 408, 413, 415, 422, 429, 500, 503];
const AUTHENTICATES: &[u16] = &[401, 500, 503];
const QUERIES: &[u16] = &[400, 401, 403, 500, 503];
const FINDS_ONE: &[u16] = &[400, 401, 403, 404, 500, 503];

/// Every operation.
pub(super) fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(verification::OPERATIONS).chain(federation::OPERATIONS)
}

const OPERATIONS: &[Operation] = &[
    Operation {
        id: "LoginController.login",
        description: "Auth Code that you can use to generate access and refresh tokens using the POST /auth/token API",
        failures: LIMITED,
        parameters: &[],
    },
    Operation {
        id: "LoginController.loginWithClientUser",
        description: "Token Response Model",
        failures: LIMITED,
        parameters: &[],
    },
    Operation {
        id: "LoginController.getToken",
        description: "Token Response",
        failures: LIMITED,
        parameters: &[],
    },
    Operation {
        id: "LoginController.exchangeToken",
        description: "New Token Response",
        failures: READS_BODY,
        parameters: &[Parameter::DeviceId, Parameter::Authorization],
    },
    Operation {
        id: "LoginController.switchToken",
        description: "Switch access token with the tenant id provided.",
        failures: READS_BODY,
        parameters: &[],
    },
    Operation {
        id: "LoginController.me",
        description: "User Object",
        failures: AUTHENTICATES,
        parameters: &[],
    },
    Operation {
        id: "LoginController.resetPassword",
        description: "If User password successfully changed.",
        failures: CHANGES_PASSWORD,
        parameters: &[Parameter::Authorization],
    },
    Operation {
        id: "LogoutController.logout",
        description: "Success Response",
        failures: READS_BODY,
        parameters: &[Parameter::Authorization],
    },
    Operation {
        id: "LoginActivityController.find",
        description: "Array of LoginActivity model instances",
        failures: QUERIES,
        parameters: &[Parameter::Filter],
    },
    Operation {
        id: "LoginActivityController.count",
        description: "LoginActivity model count",
        failures: QUERIES,
        parameters: &[Parameter::Where],
    },
    Operation {
        id: "LoginActivityController.findById",
        description: "LoginActivity model instance",
        failures: FINDS_ONE,
        parameters: &[Parameter::Filter],
    },
    Operation {
        id: "LoginActivityController.getActiveUsers",
        description: "Active users by bucket and login type",
        failures: QUERIES,
        parameters: &[Parameter::Range, Parameter::StartDate, Parameter::EndDate],
    },
];

impl Parameter {
    pub(super) fn document(self) -> Value {
        match self {
            Self::Filter => json!({
                "name": "filter",
                "in": "query",
                "description": "JSON, or brackets as in filter[limit]=10",
                "content": { "application/json": { "schema": reference("login_activity.Filter") } },
            }),
            Self::Where => json!({
                "name": "where",
                "in": "query",
                "description": "JSON, or brackets as in where[loginType]=ACCESS",
                "content": { "application/json": { "schema": where_schema() } },
            }),
            Self::Range => json!({
                "name": "range",
                "in": "path",
                "required": true,
                "description": "Size of the buckets: 2026-11-21, 11-2026 or 2026",
                "schema": { "type": "string", "enum": RANGES },
            }),
            Self::StartDate => date("startDate", "First moment, RFC 3339"),
            Self::EndDate => date("endDate", "Last moment, RFC 3339"),
            Self::ClientId => query("client_id", true, "Public identifier of the client"),
            Self::ClientSecret => query("client_secret", false, "Refused unless the settings allow it"),
            Self::Code => query("code", false, "From the provider"),
            Self::State => query("state", false, "From the provider, as it was sent there; works once"),
            Self::SessionState => query("session_state", false, "From the provider"),
            Self::Ticket => query("ticket", true, "Works once"),
            Self::CodeHeader => header("code", "The code of the first step"),
            Self::ClientIdHeader => {
                header("clientId", "Public identifier of the client the code was issued to")
            }
            Self::Token => query("token", true, "The link's token"),
            Self::Client => query("client", false, "Ignored: the client is known from the start"),
            Self::DeviceId => header("device_id", "The device, as the client knows it"),
            Self::Authorization => header("Authorization", "Bearer and the access token"),
        }
    }
}

fn header(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "header", "description": description, "schema": { "type": "string" } })
}

fn query(name: &str, required: bool, description: &str) -> Value {
    json!({
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": { "type": "string" },
    })
}

fn date(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": "query",
        "required": true,
        "description": description,
        "schema": { "type": "string", "format": "date-time" },
    })
}

pub(super) fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

pub(super) fn where_schema() -> Value {
    json!({ "type": "object", "title": "login_activity.WhereFilter", "additionalProperties": true })
}

/// What a failed request means, by status.
pub(super) fn failure_description(status: u16) -> &'static str {
    match status {
        400 => "The syntax of the request entity is incorrect.",
        401 => "Invalid Credentials.",
        403 => "Not allowed.",
        404 => "The entity requested does not exist.",
        408 => "The request body took too long.",
        409 => "It belongs to another.",
        413 => "The request body is too large.",
        415 => "The content type is not the one of this operation, in UTF-8.",
        422 => "The syntax of the request entity is incorrect",
        429 => "Too much is waiting; try again after `Retry-After` seconds.",
        502 => "The identity provider gave no usable answer, or is not set up rightly.",
        503 => "A part the answer depends on cannot be reached; try again after `Retry-After` seconds.",
        _ => "A defect of the service.",
    }
}

//! The switches: `/_fault`, `/_persona`, `/_rotate`, `/_skew`, `/_calls`, a page that tells of them, and `/_app`, which plays
//! the application that a browser comes back to.
//!
//! What changes something wants a JSON body, which no page of another origin can send without asking first.

use doorward_core::ports::provider::ProviderKind;
use poem::Response;
use poem::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fault::{Armed, Fault};
use crate::pages;
use crate::persona::{self, Persona};
use crate::routes::Endpoint;
use crate::serve::{Asked, error, html, json_reply};
use crate::world::World;

pub(crate) fn answer(world: &World, asked: &Asked) -> Response {
    if asked.method == Method::GET {
        return show(world, asked);
    }
    if !asked.is_json {
        return error(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "invalid_request",
            "send Content-Type: application/json",
        );
    }
    let body = serde_json::from_slice::<Value>(&asked.body).unwrap_or_default();
    match change(world, &asked.method, &asked.path, &body) {
        Ok(()) => json_reply(StatusCode::OK, &json!({})),
        Err(reason) => error(StatusCode::BAD_REQUEST, "invalid_request", &reason),
    }
}

fn show(world: &World, asked: &Asked) -> Response {
    match asked.path.as_str() {
        "/" => html(StatusCode::OK, &index(world)),
        "/_app" => html(StatusCode::OK, &pages::landing(asked, &world.server(), &world.base)),
        "/_fault" => {
            let armed = world.armed().iter().map(|armed| format!("{armed:?}")).collect::<Vec<_>>();
            let words: Vec<&str> = Fault::words().collect();
            json_reply(StatusCode::OK, &json!({ "armed": armed, "words": words }))
        }
        "/_calls" => {
            let calls: Vec<Value> = world
                .calls()
                .iter()
                .map(|call| {
                    json!({ "kind": call.kind.as_str(), "endpoint": call.endpoint.as_str(), "method": call.method })
                })
                .collect();
            json_reply(StatusCode::OK, &json!(calls))
        }
        _ => html(StatusCode::NOT_FOUND, &pages::page("There is nothing here", "")),
    }
}

fn index(world: &World) -> String {
    let line = |person: &Persona| {
        let (key, remark) = (pages::escape(&person.key), pages::escape(&persona::remark(person)));
        format!("<li><b>{key}</b> <small>{remark}</small></li>")
    };
    let people = world.personas().iter().map(line).collect::<Vec<_>>().concat();
    let base = pages::escape(&world.base);
    let body = format!(
        "<p>Plays google, azure, cognito, keycloak, apple, facebook, instagram, oidc and saml for local development. \
         Its people:</p><ul>{people}</ul><p>Make something go wrong:</p><pre>curl -H 'Content-Type: \
         application/json' {base}/_fault -d '{{\"fault\":\"wrong_issuer\",\"kind\":\"google\"}}'\ncurl -X DELETE -H \
         'Content-Type: application/json' {base}/_fault</pre><p><a href=\"/_fault\">all faults</a> \
         <a href=\"/_calls\">calls so far</a></p>"
    );
    pages::page("Doorward's identity provider for development", &body)
}

fn change(world: &World, method: &Method, path: &str, body: &Value) -> Result<(), String> {
    match (path, method.as_str()) {
        ("/_fault", "POST") => {
            world.arm(armed(body)?);
            Ok(())
        }
        ("/_fault", "DELETE") => {
            world.disarm();
            Ok(())
        }
        ("/_persona", "POST") => {
            let key = body["key"].as_str().ok_or("key is missing")?;
            world.persona(key).ok_or("nobody has this key")?;
            world.choose(Some(key.to_owned()));
            Ok(())
        }
        ("/_persona", "DELETE") => {
            world.choose(None);
            Ok(())
        }
        ("/_persona", "PUT") => {
            let persona: Persona = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
            if persona.key.is_empty() || persona.subject.is_empty() {
                return Err("key and subject are needed".to_owned());
            }
            world.add_persona(persona);
            Ok(())
        }
        ("/_rotate", "POST") => {
            world.rotate();
            Ok(())
        }
        ("/_skew", "POST") => {
            world.skew(body["seconds"].as_i64().ok_or("seconds is missing")?);
            Ok(())
        }
        _ => Err("there is no such switch".to_owned()),
    }
}

fn armed(body: &Value) -> Result<Armed, String> {
    let word = |name: &str| body[name].as_str();
    let fault = word("fault").and_then(Fault::parse).ok_or("fault is none of GET /_fault")?;
    let kind = match word("kind") {
        Some(kind) => Some(ProviderKind::parse(kind).ok_or("kind is unknown")?),
        None => None,
    };
    let endpoint = match word("at") {
        Some(at) => Some(Endpoint::parse(at).ok_or("at is unknown")?),
        // A page that cannot be reached would hide every other fault.
        None if fault.is_transport() => Some(Endpoint::Token),
        None => None,
    };
    Ok(Armed { fault, kind, endpoint })
}

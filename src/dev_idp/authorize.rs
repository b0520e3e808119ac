//! Where browsers come: signing in and signing out.

use doorward_core::ports::provider::ProviderKind;
use poem::Response;
use poem::http::StatusCode;
use serde_json::json;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::fault::Fault;
use crate::pages;
use crate::persona::Persona;
use crate::routes::{Endpoint, Spot, is_openid, issuer};
use crate::serve::{Asked, html, redirect};
use crate::world::{CLIENT_ID, Grant, World};

/// A request that a provider would accept.
struct Accepted {
    redirect_uri: Url,
    state: Option<String>,
    scope: String,
    by_post: bool,
    challenge: Option<String>,
}

pub(crate) fn answer(world: &World, spot: &Spot, asked: &Asked) -> Response {
    let accepted = match accept(spot, asked) {
        Ok(accepted) => accepted,
        Err(reason) => {
            let body = format!("<p>{}</p>", pages::escape(reason));
            return html(StatusCode::BAD_REQUEST, &pages::page("This request is not valid", &body));
        }
    };
    let hint = asked.parameter("persona").or_else(|| asked.parameter("login_hint")).map(str::to_owned);
    let Some(persona) = hint.or_else(|| world.chosen()).and_then(|key| world.persona(&key)) else {
        return choose(world, spot, asked);
    };
    let parameters =
        if persona.denies { denial(spot.kind) } else { success(world, spot, asked, &accepted, &persona) };
    send_back(spot.kind, &accepted, parameters)
}

/// What every provider looks at before it shows a page.
fn accept(spot: &Spot, asked: &Asked) -> Result<Accepted, &'static str> {
    if asked.parameter("client_id") != Some(CLIENT_ID) {
        return Err("client_id is unknown");
    }
    let redirect_uri = asked.parameter("redirect_uri").and_then(|uri| Url::parse(uri).ok());
    let redirect_uri = redirect_uri.ok_or("redirect_uri is missing or not absolute")?;
    let response_type = asked.parameter("response_type").unwrap_or("code");
    if !matches!(response_type, "code" | "code id_token") {
        return Err("response_type must be code");
    }
    let separator = if spot.kind == ProviderKind::Instagram { ',' } else { ' ' };
    let scope = asked.parameter("scope").unwrap_or_default().to_owned();
    let has = |wanted: &str| scope.split(separator).any(|word| word == wanted);
    if is_openid(spot.kind) && spot.kind != ProviderKind::Apple && !has("openid") {
        return Err("scope must hold openid");
    }
    if spot.kind == ProviderKind::Instagram && !has("instagram_business_basic") {
        return Err("scope must hold instagram_business_basic");
    }
    if spot.kind == ProviderKind::Cognito && asked.raw_query.split('&').any(is_scope_with_plus) {
        return Err("spaces in scope must be written as %20");
    }
    let challenge = asked.parameter("code_challenge").map(str::to_owned);
    if challenge.is_some() && asked.parameter("code_challenge_method") != Some("S256") {
        return Err("code_challenge_method must be S256");
    }
    let by_post = asked.parameter("response_mode") == Some("form_post");
    if spot.kind == ProviderKind::Apple && !by_post && (has("name") || has("email")) {
        return Err("response_mode must be form_post when the name or email scope is requested");
    }
    let state = asked.parameter("state").map(str::to_owned);
    Ok(Accepted { redirect_uri, state, scope, by_post, challenge })
}

fn is_scope_with_plus(pair: &str) -> bool {
    pair.strip_prefix("scope=").is_some_and(|value| value.contains('+'))
}

/// The page that asks whom to be.
pub(crate) fn choose(world: &World, spot: &Spot, asked: &Asked) -> Response {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let kept = asked.query.iter().chain(&asked.form);
    let kept = kept.filter(|(name, _)| !matches!(name.as_str(), "persona" | "login_hint"));
    let pairs: Vec<String> =
        kept.map(|(name, value)| format!("{}={}&", encode(name), encode(value))).collect();
    let query = pairs.concat();
    let address = format!("{}?{query}persona=", asked.path);
    html(StatusCode::OK, &pages::personas(spot.kind.as_str(), &address, &world.personas()))
}

fn denial(kind: ProviderKind) -> Vec<(String, String)> {
    let pairs: &[(&str, &str)] = match kind {
        ProviderKind::Apple => &[("error", "user_cancelled_authorize")],
        ProviderKind::Facebook | ProviderKind::Instagram => &[
            ("error", "access_denied"),
            ("error_reason", "user_denied"),
            ("error_description", "The user denied your request."),
        ],
        _ => &[("error", "access_denied"), ("error_description", "The user said no.")],
    };
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn success(
    world: &World,
    spot: &Spot,
    asked: &Asked,
    accepted: &Accepted,
    persona: &Persona,
) -> Vec<(String, String)> {
    let is_offline = match spot.kind {
        ProviderKind::Google => asked.parameter("access_type") == Some("offline"),
        ProviderKind::Azure | ProviderKind::Oidc => {
            accepted.scope.split(' ').any(|word| word == "offline_access")
        }
        ProviderKind::Facebook | ProviderKind::Instagram => false,
        _ => true,
    };
    let code = world.issue_code(Grant {
        kind: spot.kind,
        place: spot.place.clone(),
        redirect_uri: asked.parameter("redirect_uri").unwrap_or_default().to_owned(),
        nonce: asked.parameter("nonce").map(str::to_owned),
        challenge: accepted.challenge.clone(),
        scope: accepted.scope.clone(),
        is_offline,
        persona: persona.clone(),
        expires: 0,
    });
    let mut parameters = vec![("code".to_owned(), code)];
    let mut add = |name: &str, value: String| parameters.push((name.to_owned(), value));
    if world.has_fault(spot.kind, Endpoint::Authorize, Fault::ResponseIssuer) {
        add("iss", "https://issuer.example.net".to_owned());
    } else if matches!(spot.kind, ProviderKind::Oidc | ProviderKind::Keycloak) {
        add("iss", format!("{}{}", world.base, issuer(spot.kind, &spot.place)));
    }
    match spot.kind {
        ProviderKind::Google => add("scope", accepted.scope.clone()),
        ProviderKind::Azure | ProviderKind::Keycloak => add("session_state", world.random()),
        ProviderKind::Apple if world.is_first_consent(spot.kind, persona) => {
            let name = json!({ "firstName": persona.given_name, "lastName": persona.family_name });
            add("user", json!({ "name": name, "email": persona.email }).to_string());
        }
        _ => {}
    }
    parameters
}

fn send_back(kind: ProviderKind, accepted: &Accepted, mut parameters: Vec<(String, String)>) -> Response {
    if let Some(state) = &accepted.state {
        parameters.push(("state".to_owned(), state.clone()));
    }
    if accepted.by_post {
        return html(StatusCode::OK, &pages::form_post(accepted.redirect_uri.as_str(), &parameters));
    }
    let mut address = accepted.redirect_uri.clone();
    address.query_pairs_mut().extend_pairs(&parameters);
    if matches!(kind, ProviderKind::Instagram | ProviderKind::Facebook) {
        address.set_fragment(Some("_"));
    }
    redirect(address.as_str())
}

/// RP-initiated logout, and Cognito's own: the browser goes where it is asked to.
pub(crate) fn end_session(world: &World, asked: &Asked) -> Response {
    if let Some(token) = asked.parameter("refresh_token") {
        world.revoke_token(token);
        return Response::builder().status(StatusCode::NO_CONTENT).finish();
    }
    let target = asked.parameter("post_logout_redirect_uri").or_else(|| asked.parameter("logout_uri"));
    let Some(mut target) = target.and_then(|target| Url::parse(target).ok()) else {
        return html(StatusCode::OK, &pages::page("You are signed out", ""));
    };
    if let Some(state) = asked.parameter("state") {
        target.query_pairs_mut().append_pair("state", state);
    }
    redirect(target.as_str())
}

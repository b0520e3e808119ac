//! Claims asked for one by one (OpenID Connect Core §5.5), and how strong a sign-in has to be.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Assurance, invalid};
use crate::domain::authorization::ClaimsRequest;
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::oidc_scope::scope_of;

/// Longest `claims`, in bytes.
const MAX_CLAIMS: usize = 4096;

/// The strengths there are (`acr_values_supported`).
const STRENGTHS: [&str; 2] = ["aal1", "aal2"];

/// What is asked for and may be: claims of a scope that is not the client's are left out, as if they were not known (OpenID
/// Connect Core §5.5).
pub(super) fn asked(text: Option<&str>, client: &Client) -> Result<ClaimsRequest, Error> {
    let Some(text) = text else { return Ok(ClaimsRequest::default()) };
    let parsed = Some(text).filter(|text| text.len() <= MAX_CLAIMS);
    let parsed = parsed.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let parsed = parsed.ok_or_else(|| invalid("claims is no JSON object, or too long"))?;
    Ok(ClaimsRequest {
        userinfo: part(parsed.get("userinfo"), client)?,
        id_token: part(parsed.get("id_token"), client)?,
    })
}

fn part(part: Option<&Value>, client: &Client) -> Result<BTreeMap<String, Value>, Error> {
    let members = match part {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(invalid("a part of claims is no JSON object")),
    };
    if members.values().any(|wish| !wish.is_null() && !wish.is_object()) {
        return Err(invalid("a claim is asked for with something else than null or a JSON object"));
    }
    let is_allowed =
        |claim: &str| scope_of(claim).is_none_or(|scope| client.scopes.iter().any(|own| own == scope));
    let allowed = members.iter().filter(|(claim, _)| is_allowed(claim));
    Ok(allowed.map(|(claim, wish)| (claim.clone(), wish.clone())).collect())
}

/// The `sub` that is asked for (OpenID Connect Core §5.5.1).
pub(super) fn subject(claims: &ClaimsRequest) -> Option<String> {
    let wish = claims.id_token.get("sub").or_else(|| claims.userinfo.get("sub"))?;
    wish.get("value")?.as_str().map(str::to_owned)
}

/// How strong the sign-in has to be: by `claims` if the client insists there, else by the first of `acr_values` that there
/// is.
pub(super) fn assurance(claims: &ClaimsRequest, acr_values: Option<&str>) -> Result<Assurance, Error> {
    let wish = claims.id_token.get("acr");
    let named = wish.map(values).unwrap_or_default();
    let is_essential = wish.and_then(|wish| wish.get("essential")) == Some(&Value::Bool(true));
    if is_essential && !named.is_empty() {
        return match weakest_that_does(&named) {
            Some("aal1") => Ok(Assurance::Any),
            Some(_) => Ok(Assurance::SecondFactorRequired),
            None => Err(Error::with_public(ErrorKind::AccessDenied, "no sign-in here has that acr")),
        };
    }
    let preferred: Vec<&str> = acr_values.unwrap_or_default().split_ascii_whitespace().collect();
    let preferred = named.iter().chain(&preferred).find(|value| STRENGTHS.contains(*value));
    Ok(if preferred == Some(&"aal2") { Assurance::SecondFactorPreferred } else { Assurance::Any })
}

/// The weakest strength that would do, if there is one.
fn weakest_that_does<'a>(named: &[&'a str]) -> Option<&'a str> {
    STRENGTHS.iter().find_map(|strength| named.iter().find(|value| *value == strength).copied())
}

fn values(wish: &Value) -> Vec<&str> {
    let one = wish.get("value").into_iter();
    let more = wish.get("values").and_then(Value::as_array).into_iter().flatten();
    one.chain(more).filter_map(Value::as_str).collect()
}

//! What scopes of OpenID Connect tell a client about a user (OpenID Connect Core §5.4), and claims asked for one by one.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::authorization::ClaimsRequest;
use super::membership::Membership;
use super::profile::Profile;
use super::user::User;

/// The scope of every OpenID Connect request.
pub const OPENID: &str = "openid";

/// All scopes of OpenID Connect; the others are an operator's words.
pub const SCOPES: [&str; 6] = [OPENID, "profile", "email", "address", "phone", "offline_access"];

/// Every claim about a user, with the scope that stands for it.
pub const CLAIMS: [(&str, &str); 18] = [
    ("name", "profile"),
    ("given_name", "profile"),
    ("family_name", "profile"),
    ("middle_name", "profile"),
    ("nickname", "profile"),
    ("preferred_username", "profile"),
    ("profile", "profile"),
    ("picture", "profile"),
    ("title", "profile"),
    ("gender", "profile"),
    ("birthdate", "profile"),
    ("zoneinfo", "profile"),
    ("locale", "profile"),
    ("updated_at", "profile"),
    ("email", "email"),
    ("email_verified", "email"),
    ("address", "address"),
    ("phone_number", "phone"),
];

/// Whether the scope is one of OpenID Connect's: without a user it means nothing.
#[must_use]
pub fn is_oidc(scope: &str) -> bool {
    SCOPES.contains(&scope)
}

/// The words of a `scope` parameter (RFC 6749 §3.3), each once, in the order they came.
#[must_use]
pub fn words(scope: &str) -> Vec<String> {
    // Anybody may send a megabyte of them: looking through those before for each would take minutes.
    let mut known = HashSet::new();
    let words = scope.split(' ').filter(|word| !word.is_empty() && known.insert(*word));
    words.map(str::to_owned).collect()
}

/// The scope that stands for the claim; `None` for claims about nobody.
#[must_use]
pub fn scope_of(claim: &str) -> Option<&'static str> {
    CLAIMS.iter().find(|(name, _)| *name == claim).map(|(_, scope)| *scope)
}

/// The scopes whose claims are asked for one by one: whoever asks so must be allowed those scopes, and users consent to them.
#[must_use]
pub fn implied_scopes(request: &ClaimsRequest) -> Vec<&'static str> {
    let asked = |scope: &str| {
        let names = request.userinfo.keys().chain(request.id_token.keys());
        names.filter_map(|claim| scope_of(claim)).any(|implied| implied == scope)
    };
    SCOPES.into_iter().filter(|scope| asked(scope)).collect()
}

/// What is known of a user.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The account.
    pub user: &'a User,
    /// What it says beyond what a sign-in needs.
    pub profile: &'a Profile,
    /// The place the tokens speak of.
    pub membership: &'a Membership,
}

/// The claims of the granted scopes, and those asked for one by one. What is not known is left out.
#[must_use]
pub fn describe(
    known: Known<'_>,
    scopes: &[String],
    requested: &BTreeMap<String, Value>,
) -> Map<String, Value> {
    let is_told = |claim: &str, scope: &str| {
        scopes.iter().any(|granted| granted == scope) || requested.contains_key(claim)
    };
    let told = CLAIMS.iter().filter(|(claim, scope)| is_told(claim, scope));
    told.filter_map(|(claim, _)| Some(((*claim).to_owned(), value(claim, known)?))).collect()
}

fn value(claim: &str, known: Known<'_>) -> Option<Value> {
    let Known { user, profile, membership } = known;
    let details = &profile.details;
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).map(Value::String);
    match claim {
        "name" => text(&Some(full_name(user))),
        "given_name" => text(&Some(user.first_name.clone())),
        "family_name" => text(&user.last_name),
        "middle_name" => text(&user.middle_name),
        "nickname" => text(&details.nickname),
        "preferred_username" => text(&Some(user.username.clone())),
        "profile" => text(&details.profile_url),
        "picture" => text(&user.photo_url),
        "title" => text(&user.designation),
        "gender" => gender(user).map(Value::from),
        "birthdate" => user.dob.map(|dob| dob.format("%Y-%m-%d").to_string().into()),
        "zoneinfo" => text(&details.timezone),
        "locale" => text(&membership.locale),
        "updated_at" => Some(profile.updated_at.unix_seconds().into()),
        "email" => text(&user.email),
        "email_verified" => user.email.as_ref().map(|_| user.email_verified.into()),
        "address" => details.address.as_ref().map(|address| json!(address)),
        "phone_number" => text(&user.phone),
        _ => None,
    }
}

/// Given, middle and family name, as far as there are any.
fn full_name(user: &User) -> String {
    let rest = [&user.middle_name, &user.last_name].into_iter().flatten();
    let parts: Vec<_> = std::iter::once(&user.first_name)
        .chain(rest)
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(" ")
}

/// The words of OpenID Connect Core §5.1 for the letters of the native dialect.
fn gender(user: &User) -> Option<&'static str> {
    match user.gender.as_deref() {
        Some("M" | "m") => Some("male"),
        Some("F" | "f") => Some("female"),
        Some("O" | "o") => Some("other"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

//! When users are asked whether a client may have what it asks for (OpenID Connect Core §3.1.2.4).

use super::authorization::Consent;
use super::authorization_request::{AuthorizationRequest, Prompt};
use super::client::Client;
use super::oidc_scope::implied_scopes;
use super::redirect_uri::is_web;

/// Everything the user would allow: the scopes, and those whose claims are asked for one by one.
#[must_use]
pub fn wanted(request: &AuthorizationRequest) -> Vec<String> {
    let mut wanted = request.scopes.clone();
    for implied in implied_scopes(&request.claims) {
        if !wanted.iter().any(|scope| scope == implied) {
            wanted.push(implied.to_owned());
        }
    }
    wanted
}

/// Whether the user has to be asked. The operator's own apps never ask. An app on a device, which any other app there can
/// pose as, always does (RFC 8252 §8.6).
#[must_use]
pub fn must_be_asked(client: &Client, request: &AuthorizationRequest, given: Option<&Consent>) -> bool {
    if client.oauth.first_party {
        return false;
    }
    let is_known =
        given.is_some_and(|given| wanted(request).iter().all(|scope| given.scopes.contains(scope)));
    let can_be_posed_as = client.client_type.is_public() && !is_web(&request.reply_to.redirect_uri);
    !is_known || can_be_posed_as || request.prompts(Prompt::Consent)
}

/// What is allowed from now on: what was, and what is asked for now.
#[must_use]
pub fn widened(given: Option<&Consent>, request: &AuthorizationRequest) -> Vec<String> {
    let mut scopes = given.map(|given| given.scopes.clone()).unwrap_or_default();
    for scope in wanted(request) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::authorization_request::ReturnAddress;
    use crate::domain::client::ClientType;
    use crate::domain::ids::{ClientKey, Id as _, UserId};
    use crate::domain::time::Timestamp;

    fn request(client: &Client, more: &[(&str, &str)]) -> AuthorizationRequest {
        let own = [("response_type", "code"), ("scope", "openid"), ("code_challenge_method", "S256")];
        let challenge = "j3wKnK2Fa_mc2tgdqa6GtUfCYjdWSA5S23JKTTtPF8Y".to_owned();
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut parameters: Vec<_> = own.iter().chain(more).map(text).collect();
        parameters.push(("code_challenge".to_owned(), challenge));
        let reply_to = ReturnAddress::of(&parameters, "https://a.test/cb");
        AuthorizationRequest::judge(&parameters, client, reply_to).expect("a right request")
    }

    fn given(scopes: &[&str]) -> Consent {
        Consent {
            user: UserId::from_uuid(uuid::Uuid::nil()),
            client: ClientKey::from_uuid(uuid::Uuid::nil()),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            granted_at: Timestamp::from_unix_seconds(0).expect("in range"),
        }
    }

    #[test]
    fn an_operators_own_client_never_asks() {
        let mut client = Client::sample("a");
        let plain = request(&client, &[]);
        let insisting = request(&client, &[("prompt", "consent")]);
        assert!(must_be_asked(&client, &plain, None));
        client.oauth.first_party = true;
        assert!(!must_be_asked(&client, &plain, None));
        assert!(!must_be_asked(&client, &insisting, None));
    }

    #[test]
    fn what_was_allowed_is_not_asked_again_unless_the_client_insists() {
        let client = Client::sample("a");
        let allowed = given(&["email", "openid"]);
        assert!(!must_be_asked(&client, &request(&client, &[]), Some(&allowed)));
        assert!(must_be_asked(&client, &request(&client, &[("prompt", "consent")]), Some(&allowed)));
        assert!(must_be_asked(&client, &request(&client, &[]), Some(&given(&["email"]))));
        let claims = [("claims", r#"{"userinfo":{"email":null,"name":null}}"#)];
        let asking = request(&client, &claims);
        assert!(must_be_asked(&client, &asking, Some(&allowed)), "the name is the scope profile's");
        assert_eq!(wanted(&asking), ["openid", "profile", "email"]);
        assert_eq!(widened(Some(&allowed), &asking), ["email", "openid", "profile"]);
    }

    #[test]
    fn rfc8252_8_6_a_private_scheme_of_a_public_client_always_asks() {
        let mut client = Client::sample("a");
        let mut app = request(&client, &[]);
        let allowed = given(&["openid"]);
        app.reply_to.redirect_uri = "myapp://cb".to_owned();
        assert!(!must_be_asked(&client, &app, Some(&allowed)), "a confidential client cannot be posed as");
        client.client_type = ClientType::Spa;
        assert!(must_be_asked(&client, &app, Some(&allowed)));
        assert!(!must_be_asked(&client, &request(&client, &[]), Some(&allowed)));
    }
}

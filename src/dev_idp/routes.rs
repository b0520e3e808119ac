//! Which address plays which endpoint of which provider.

use doorward_core::ports::provider::ProviderKind;

/// The tenant that Azure's accounts are in.
pub const AZURE_TENANT: &str = "7a1c5a3e-1d2b-4c3d-8e4f-5a6b7c8d9e0f";
/// The pool of Cognito's accounts.
pub const COGNITO_POOL: &str = "eu-west-1_Dev";
/// The realm of Keycloak's accounts.
pub const KEYCLOAK_REALM: &str = "dev";
/// The version of Facebook's Graph.
pub const FACEBOOK_VERSION: &str = "v24.0";

/// What is done at an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Endpoint {
    /// `/.well-known/openid-configuration`; SAML's metadata.
    Discovery,
    /// Where the browser goes.
    Authorize,
    /// Where codes are redeemed.
    Token,
    /// The keys.
    Jwks,
    /// Userinfo, or `/me`.
    Userinfo,
    /// RFC 7009; Facebook's DELETE of permissions.
    Revoke,
    /// RP-initiated logout.
    EndSession,
    /// Facebook's.
    DebugToken,
}

impl Endpoint {
    const ALL: [Self; 8] = [
        Self::Discovery,
        Self::Authorize,
        Self::Token,
        Self::Jwks,
        Self::Userinfo,
        Self::Revoke,
        Self::EndSession,
        Self::DebugToken,
    ];

    /// The word of `/_fault`'s `at`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Jwks => "jwks",
            Self::Userinfo => "userinfo",
            Self::Revoke => "revoke",
            Self::EndSession => "end_session",
            Self::DebugToken => "debug_token",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.as_str() == text)
    }
}

/// An endpoint of a provider, and the tenant, pool, realm or version in its address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Spot {
    pub(crate) kind: ProviderKind,
    pub(crate) endpoint: Endpoint,
    pub(crate) place: String,
}

/// The providers that publish an OpenID configuration.
pub(crate) fn is_openid(kind: ProviderKind) -> bool {
    !matches!(kind, ProviderKind::Facebook | ProviderKind::Instagram | ProviderKind::Saml)
}

/// The place of a provider unless its address says another.
pub(crate) fn usual_place(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Azure => AZURE_TENANT,
        ProviderKind::Cognito => COGNITO_POOL,
        ProviderKind::Keycloak => KEYCLOAK_REALM,
        ProviderKind::Facebook => FACEBOOK_VERSION,
        _ => "",
    }
}

/// `iss` of its ID tokens, as a path.
pub(crate) fn issuer(kind: ProviderKind, place: &str) -> String {
    match kind {
        ProviderKind::Azure => format!("/azure/{place}/v2.0"),
        ProviderKind::Cognito => format!("/cognito/{place}"),
        ProviderKind::Keycloak => format!("/keycloak/realms/{place}"),
        ProviderKind::Saml => "/saml/metadata".to_owned(),
        _ => format!("/{}", kind.as_str()),
    }
}

/// The path of an endpoint; `None` where the provider has no such thing.
pub(crate) fn path(kind: ProviderKind, endpoint: Endpoint, place: &str) -> Option<String> {
    if endpoint == Endpoint::Discovery && kind != ProviderKind::Saml {
        return is_openid(kind).then(|| format!("{}/.well-known/openid-configuration", issuer(kind, place)));
    }
    let tail = match kind {
        ProviderKind::Google => google(endpoint)?.to_owned(),
        ProviderKind::Azure => azure(endpoint)?.replace("{place}", place),
        ProviderKind::Cognito => {
            if endpoint == Endpoint::Jwks {
                return Some(format!("/cognito/{place}/.well-known/jwks.json"));
            }
            return Some(format!("/cognito-domain{}", cognito(endpoint)?));
        }
        ProviderKind::Keycloak => format!("/realms/{place}/protocol/openid-connect{}", keycloak(endpoint)?),
        ProviderKind::Apple => apple(endpoint)?.to_owned(),
        ProviderKind::Facebook => facebook(endpoint)?.replace("{place}", place),
        ProviderKind::Instagram => instagram(endpoint)?.to_owned(),
        ProviderKind::Oidc => oidc(endpoint)?.to_owned(),
        ProviderKind::Saml => saml(endpoint)?.to_owned(),
    };
    Some(format!("/{}{tail}", kind.as_str()))
}

fn google(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Authorize => Some("/o/oauth2/v2/auth"),
        Endpoint::Token => Some("/token"),
        Endpoint::Jwks => Some("/oauth2/v3/certs"),
        Endpoint::Userinfo => Some("/v1/userinfo"),
        Endpoint::Revoke => Some("/revoke"),
        _ => None,
    }
}

fn azure(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Authorize => Some("/{place}/oauth2/v2.0/authorize"),
        Endpoint::Token => Some("/{place}/oauth2/v2.0/token"),
        Endpoint::Jwks => Some("/{place}/discovery/v2.0/keys"),
        Endpoint::EndSession => Some("/{place}/oauth2/v2.0/logout"),
        Endpoint::Userinfo => Some("/{place}/oidc/userinfo"),
        _ => None,
    }
}

fn cognito(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Authorize => Some("/oauth2/authorize"),
        Endpoint::Token => Some("/oauth2/token"),
        Endpoint::Userinfo => Some("/oauth2/userInfo"),
        Endpoint::Revoke => Some("/oauth2/revoke"),
        Endpoint::EndSession => Some("/logout"),
        _ => None,
    }
}

fn keycloak(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Authorize => Some("/auth"),
        Endpoint::Token => Some("/token"),
        Endpoint::Jwks => Some("/certs"),
        Endpoint::Userinfo => Some("/userinfo"),
        Endpoint::Revoke => Some("/revoke"),
        Endpoint::EndSession => Some("/logout"),
        _ => None,
    }
}

fn apple(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Authorize => Some("/auth/authorize"),
        Endpoint::Token => Some("/auth/token"),
        Endpoint::Jwks => Some("/auth/keys"),
        Endpoint::Revoke => Some("/auth/revoke"),
        _ => None,
    }
}

fn facebook(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Authorize => Some("/{place}/dialog/oauth"),
        Endpoint::Token => Some("/{place}/oauth/access_token"),
        Endpoint::Userinfo => Some("/{place}/me"),
        Endpoint::DebugToken => Some("/{place}/debug_token"),
        Endpoint::Jwks => Some("/limited/jwks"),
        // Followed by the user's id: see `locate`.
        Endpoint::Revoke => Some("/{place}/me/permissions"),
        _ => None,
    }
}

fn instagram(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Authorize => Some("/oauth/authorize"),
        Endpoint::Token => Some("/oauth/access_token"),
        Endpoint::Userinfo => Some("/me"),
        _ => None,
    }
}

fn oidc(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Authorize => Some("/authorize"),
        Endpoint::Token => Some("/token"),
        Endpoint::Jwks => Some("/jwks"),
        Endpoint::Userinfo => Some("/userinfo"),
        Endpoint::Revoke => Some("/revoke"),
        Endpoint::EndSession => Some("/end-session"),
        _ => None,
    }
}

fn saml(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Discovery => Some("/metadata"),
        Endpoint::Authorize => Some("/sso"),
        _ => None,
    }
}

/// Which endpoint an address is.
pub(crate) fn locate(asked: &str) -> Option<Spot> {
    let segments: Vec<&str> = asked.trim_start_matches('/').split('/').collect();
    let kind = match *segments.first()? {
        "cognito-domain" => ProviderKind::Cognito,
        word => ProviderKind::parse(word)?,
    };
    let place = match kind {
        ProviderKind::Azure => *segments.get(1)?,
        ProviderKind::Keycloak => *segments.get(2)?,
        ProviderKind::Cognito if segments[0] == "cognito" => *segments.get(1)?,
        ProviderKind::Facebook if segments.get(1).is_some_and(|word| word.starts_with('v')) => segments[1],
        _ => usual_place(kind),
    };
    if kind == ProviderKind::Facebook && segments.last() == Some(&"permissions") {
        return Some(Spot { kind, endpoint: Endpoint::Revoke, place: place.to_owned() });
    }
    let endpoint =
        Endpoint::ALL.into_iter().find(|endpoint| path(kind, *endpoint, place).as_deref() == Some(asked))?;
    Some(Spot { kind, endpoint, place: place.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_leads_back_to_its_endpoint() {
        for kind in ProviderKind::ALL {
            for endpoint in Endpoint::ALL {
                let place = usual_place(kind).to_owned();
                let Some(path) = path(kind, endpoint, &place) else { continue };
                assert_eq!(locate(&path), Some(Spot { kind, endpoint, place }), "{path}");
            }
        }
        assert_eq!(locate("/google/nowhere"), None);
    }

    #[test]
    fn azure_has_other_tenants() {
        let spot = locate("/azure/common/v2.0/.well-known/openid-configuration").expect("an endpoint");
        assert_eq!((spot.endpoint, spot.place.as_str()), (Endpoint::Discovery, "common"));
    }
}

//! `[providers.<id>]`: an account elsewhere to sign in with.

use std::path::PathBuf;
use std::time::Duration;

use doorward_core::domain::secret::Secret;
use doorward_core::ports::provider::{LinkPolicy, ProviderKind};

use super::problem::Problem;
use super::section::DefaultValue::{Derived, Text};
use super::section::section;
use super::setting::Setting;
use super::sources::Sources;

section! {
    /// An identity provider. The paths `/auth/google`, `/auth/azure`, … (Apple: `/auth/oauth-apple`) use the section whose
    /// `<id>` is the kind's name; any other is reached at `/auth/providers/<id>`, and its callback is
    /// `/auth/providers/<id>/callback`. Which keys a kind needs says docs/providers.md.
    [providers] Provider {
        /// `google`, `azure`, `cognito`, `keycloak`, `apple`, `facebook`, `instagram`, `saml` or `oidc` (any OpenID provider).
        kind: Option<ProviderKind> = Derived("the `<id>`, if that is a kind's name");
        /// Our client id at the provider. SAML: our entity id.
        client_id: Option<String> = Derived("none");
        /// The secret that belongs to it.
        client_secret: Option<Secret<String>> = Derived("none");
        /// How the secret is sent: `basic` or `post`.
        client_authentication: Option<String> = Derived("as the provider says");
        /// Client ids of our native apps, whose ID tokens are accepted too.
        audiences: Vec<String> = Text("");
        /// Scopes to ask for.
        scopes: Option<Vec<String>> = Derived("the kind's own");
        /// The callback's absolute address, as it is registered at the provider.
        redirect_uri: Option<String> = Derived("`server.public_url` and the callback's path");
        /// What happens to people whom nobody here knows: `deny`, or `create` an account.
        sign_up: SignUpWord = Text("deny");
        /// Key of the tenant of such accounts.
        sign_up_tenant: Option<String> = Derived("none; `create` needs it");
        /// Name of their role.
        sign_up_role: Option<String> = Derived("none; `create` needs it");
        /// Whether an account is recognised by its e-mail address: `never`, or `verified_email` if the provider is
        /// authoritative for the address and both sides have verified it.
        link: LinkPolicy = Text("never");
        /// Whether the provider asks for a second factor itself: its people are asked for none here, whatever `native.mfa`
        /// says.
        trust_mfa: bool = Text("false");
        /// Longest wait for an answer of the provider.
        timeout: Duration = Text("4s"), if is_timeout => "a duration from \"100ms\" to \"5s\"";
        /// Whether the provider may be reached over plain http and at private addresses. For development.
        allow_loopback: bool = Text("false");
        /// OIDC issuer.
        issuer: Option<String> = Derived("the kind's own");
        /// Where browsers are sent.
        authorization_endpoint: Option<String> = Derived("discovered, or the kind's own");
        /// Where codes are exchanged.
        token_endpoint: Option<String> = Derived("discovered, or the kind's own");
        /// Where profiles are.
        userinfo_endpoint: Option<String> = Derived("discovered, or the kind's own");
        /// Where the provider's keys are.
        jwks_uri: Option<String> = Derived("discovered, or the kind's own");
        /// Where tokens are revoked.
        revocation_endpoint: Option<String> = Derived("discovered, or the kind's own");
        /// Where browsers sign out.
        end_session_endpoint: Option<String> = Derived("discovered, or the kind's own");
        /// Google: the Workspace domain that everybody must belong to.
        hosted_domain: Option<String> = Derived("any account");
        /// Google: `offline` asks for a refresh token.
        access_type: Option<String> = Derived("`online`");
        /// Azure: directory id, domain, `organizations`, `common` or `consumers`.
        tenant: Option<String> = Derived("none; Azure needs it");
        /// Azure: the directories whose people are let in, where `tenant` names several.
        tenants: Vec<String> = Text("");
        /// Cognito: the pool's region.
        region: Option<String> = Derived("none");
        /// Cognito: the pool's id.
        user_pool: Option<String> = Derived("none");
        /// Cognito: the pool's domain, or its prefix.
        domain: Option<String> = Derived("none");
        /// Cognito: go straight to this provider of the pool.
        identity_provider: Option<String> = Derived("the pool's own page");
        /// Keycloak: its address; with `/auth` at the end for the older ones.
        host: Option<String> = Derived("none");
        /// Keycloak: the realm.
        realm: Option<String> = Derived("none");
        /// Apple: the team.
        team_id: Option<String> = Derived("none");
        /// Apple and `private_key`: the key's id.
        key_id: Option<String> = Derived("none");
        /// Facebook: version of the Graph API, such as `v23.0`.
        version: Option<String> = Derived("the one this release was made for");
        /// A private key in PEM: Apple's `.p8`, Azure's and `oidc`'s for signed client assertions, SAML's for decryption and
        /// signed requests.
        private_key: Option<SecretPem> = Derived("none");
        /// The certificate that belongs to it, in PEM.
        certificate: Option<Pem> = Derived("none");
        /// SAML: the provider's entity id.
        idp_entity_id: Option<String> = Derived("from its metadata");
        /// SAML: where browsers are sent.
        idp_sso_url: Option<String> = Derived("from its metadata");
        /// SAML: the provider's signing certificates, several during a roll-over; PEM or bare base64.
        idp_certificates: Vec<Pem> = Text("");
        /// SAML: the provider's metadata, as a file.
        metadata_file: Option<PathBuf> = Derived("none");
        /// SAML: the provider's metadata, at an address.
        metadata_url: Option<String> = Derived("none");
        /// SAML: `persistent`, `email`, `unspecified`, `transient` or a `urn:`.
        name_id_format: Option<String> = Derived("as the provider likes");
        /// SAML: the client of sign-ins that the provider begins by itself.
        unsolicited_client: Option<String> = Derived("they are refused");
        /// SAML: whether our requests are signed.
        sign_requests: bool = Text("false");
        /// SAML: whether people have to prove themselves again each time.
        force_authn: bool = Text("false");
        /// SAML: whether the provider is trusted with addresses in `email_domains`.
        trust_email: bool = Text("false");
        /// SAML: the domains whose addresses the provider may vouch for.
        email_domains: Vec<String> = Text("");
        /// SAML: the attribute that identifies people.
        subject_attribute: Option<String> = Derived("the NameID");
        /// SAML: the attribute with the e-mail address.
        email_attribute: Option<String> = Derived("the usual ones");
        /// SAML: the attribute with the given name.
        first_name_attribute: Option<String> = Derived("the usual ones");
        /// SAML: the attribute with the family name.
        last_name_attribute: Option<String> = Derived("the usual ones");
        /// SAML: the attribute with the username.
        username_attribute: Option<String> = Derived("the usual ones");
        /// SAML: the attribute with the telephone number.
        phone_attribute: Option<String> = Derived("the usual ones");
    }
}

fn is_timeout(time: &Duration) -> bool {
    (Duration::from_millis(100)..=Duration::from_secs(5)).contains(time)
}

impl Provider {
    /// Reads the section of one id.
    ///
    /// # Errors
    /// A key whose value cannot be used, or that is missing beside another.
    pub(crate) fn read_instance(sources: &Sources, id: &str) -> Result<Self, Problem> {
        let section = format!("{}.{id}", Self::INFO.name);
        let mut provider = Self::read(sources, &section)?;
        let named = ProviderKind::parse(id);
        provider.kind = provider.kind.or(named);
        let complain = |key: &str, complaint: &str| Err(sources.problem::<String>(&section, key, complaint));
        if provider.kind.is_none() {
            return complain("kind", &format!("expected {}", ProviderKind::expected()));
        }
        if named.is_some() && provider.kind != named {
            return complain("kind", &format!("expected \"{id}\", or another name for the section"));
        }
        if provider.sign_up == SignUpWord::Create {
            if provider.sign_up_tenant.is_none() {
                return complain(
                    "sign_up_tenant",
                    "expected the key of a tenant, because sign_up = \"create\"",
                );
            }
            if provider.sign_up_role.is_none() {
                return complain("sign_up_role", "expected the name of a role, because sign_up = \"create\"");
            }
        }
        Ok(provider)
    }
}

/// `sign_up`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignUpWord {
    /// They are refused.
    Deny,
    /// They get an account.
    Create,
}

impl Setting for SignUpWord {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"deny\" or \"create\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "deny" => Some(Self::Deny),
            "create" => Some(Self::Create),
            _ => None,
        }
    }
}

impl Setting for LinkPolicy {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        "\"never\" or \"verified_email\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "never" => Some(Self::Never),
            "verified_email" => Some(Self::VerifiedEmail),
            _ => None,
        }
    }
}

impl Setting for ProviderKind {
    fn kind() -> String {
        "word".to_owned()
    }

    fn expected() -> String {
        let words: Vec<&str> = Self::ALL.into_iter().map(Self::as_str).collect();
        format!("one of {}", words.join(", "))
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// A certificate: text of several lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pem(pub String);

impl Setting for Pem {
    fn kind() -> String {
        "PEM".to_owned()
    }

    fn expected() -> String {
        "a certificate in PEM".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        is_lines(text).then(|| Self(text.to_owned()))
    }
}

/// A private key: text of several lines that is never shown.
#[derive(Clone, Debug)]
pub struct SecretPem(pub Secret<String>);

impl Setting for SecretPem {
    const SECRET: bool = true;

    fn kind() -> String {
        "PEM (secret)".to_owned()
    }

    fn expected() -> String {
        "a private key in PEM".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        is_lines(text).then(|| Self(Secret::from(text)))
    }
}

fn is_lines(text: &str) -> bool {
    !text.trim().is_empty()
        && !text.chars().any(|character| character.is_control() && !"\r\n\t".contains(character))
}

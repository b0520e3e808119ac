//! Metadata of identity providers (SAML Metadata §2.4.3).

use doorward_core::domain::time::Timestamp;
use roxmltree::{Document, Node, ParsingOptions};
use url::Url;

use super::keys;
use super::xml::{METADATA, PROTOCOL, SIGNATURE, children, is, optional_time, text};

const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
/// Most nodes of a metadata document: federations list thousands of parties, which are not read here.
const MOST_NODES: u32 = 100_000;

/// Where requests go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum SignOnService {
    /// By redirect.
    Redirect(String),
    /// By a form.
    Post(String),
}

impl SignOnService {
    /// The address.
    pub(super) fn url(&self) -> &str {
        match self {
            Self::Redirect(url) | Self::Post(url) => url,
        }
    }
}

/// What must be known of an identity provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct IdentityProvider {
    /// Its entity id.
    pub(super) entity_id: String,
    /// Where requests go.
    pub(super) sign_on: SignOnService,
    /// The certificates it signs with (DER). Never empty.
    pub(super) certificates: Vec<Vec<u8>>,
    /// Whether it wants requests signed.
    pub(super) wants_signed_requests: bool,
    /// From when this is not true any more.
    pub(super) valid_until: Option<Timestamp>,
}

/// What the configuration says beside the metadata, which it overrides.
#[derive(Clone, Default, Debug)]
pub(super) struct Overrides {
    /// `idp_entity_id`.
    pub(super) entity_id: Option<String>,
    /// `idp_sso_url`.
    pub(super) sign_on_url: Option<String>,
    /// `idp_certificates` (DER).
    pub(super) certificates: Vec<Vec<u8>>,
    /// `allow_loopback`: plain http will do.
    pub(super) allow_http: bool,
}

impl Overrides {
    /// A browser is only sent to web addresses.
    fn check(&self, sign_on: SignOnService) -> Result<SignOnService, String> {
        let url = Url::parse(sign_on.url()).ok();
        let is_good = url.is_some_and(|url| match url.scheme() {
            "https" => true,
            "http" => self.allow_http,
            _ => false,
        });
        if is_good {
            return Ok(sign_on);
        }
        Err("has an address for signing in that is not https://".to_owned())
    }

    /// The identity provider of a configuration without metadata.
    ///
    /// # Errors
    /// What must be changed.
    pub(super) fn alone(&self) -> Result<IdentityProvider, String> {
        let needs = |key: &str| format!("needs `metadata_url`, `metadata_file` or `{key}`");
        if self.certificates.is_empty() {
            return Err(needs("idp_certificates"));
        }
        Ok(IdentityProvider {
            entity_id: self.entity_id.clone().ok_or_else(|| needs("idp_entity_id"))?,
            sign_on: self.check(SignOnService::Redirect(
                self.sign_on_url.clone().ok_or_else(|| needs("idp_sso_url"))?,
            ))?,
            certificates: self.certificates.clone(),
            wants_signed_requests: false,
            valid_until: None,
        })
    }
}

/// Reads metadata: one `EntityDescriptor`, or the one with the configured entity id among several.
///
/// # Errors
/// What is wrong with it; no signing certificate above all.
pub(super) fn read(xml: &str, overrides: &Overrides) -> Result<IdentityProvider, String> {
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml, options)
        .map_err(|error| format!("is no well-formed XML without a DOCTYPE (line {})", error.pos().row))?;
    let entity = entity(document.root_element(), overrides.entity_id.as_deref())?;
    let entity_id =
        entity.attribute("entityID").filter(|id| !id.is_empty()).ok_or("has an entity without entityID")?;
    let role = role(entity).ok_or("holds no IDPSSODescriptor for SAML 2.0")?;
    let sign_on = match &overrides.sign_on_url {
        Some(url) => SignOnService::Redirect(url.clone()),
        None => {
            sign_on(role).ok_or("names no SingleSignOnService with HTTP-Redirect or HTTP-POST binding")?
        }
    };
    let certificates =
        if overrides.certificates.is_empty() { certificates(role)? } else { overrides.certificates.clone() };
    let flag = role.attribute("WantAuthnRequestsSigned").unwrap_or_default().trim();
    Ok(IdentityProvider {
        entity_id: entity_id.to_owned(),
        sign_on: overrides.check(sign_on)?,
        certificates,
        wants_signed_requests: matches!(flag, "true" | "1"),
        valid_until: valid_until([document.root_element(), entity, role])?,
    })
}

/// The earliest end of what contains the role.
fn valid_until(nodes: [Node<'_, '_>; 3]) -> Result<Option<Timestamp>, String> {
    let mut earliest = None;
    for node in nodes {
        let end = optional_time(node, "validUntil").map_err(|error| error.to_string())?;
        earliest = match (earliest, end) {
            (Some(known), Some(new)) => Some(std::cmp::min::<Timestamp>(known, new)),
            (known, new) => known.or(new),
        };
    }
    Ok(earliest)
}

fn entity<'a, 'd>(root: Node<'a, 'd>, wanted: Option<&str>) -> Result<Node<'a, 'd>, String> {
    let entities = root.descendants().filter(|node| is(*node, METADATA, "EntityDescriptor"));
    let mut matching =
        entities.filter(|entity| wanted.is_none_or(|id| entity.attribute("entityID") == Some(id)));
    let mut candidates = matching.by_ref().filter(|entity| role(*entity).is_some());
    match (candidates.next(), candidates.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => {
            Err("holds several identity providers: say which with `idp_entity_id`".to_owned())
        }
        (None, _) => Err(match wanted {
            Some(id) => format!("holds no identity provider \"{id}\""),
            None => "holds no identity provider".to_owned(),
        }),
    }
}

fn role<'a, 'd>(entity: Node<'a, 'd>) -> Option<Node<'a, 'd>> {
    children(entity, METADATA, "IDPSSODescriptor").find(|role| {
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL)
    })
}

fn sign_on(role: Node<'_, '_>) -> Option<SignOnService> {
    let location = |binding: &str| {
        children(role, METADATA, "SingleSignOnService")
            .find(|service| service.attribute("Binding") == Some(binding))
            .and_then(|service| service.attribute("Location"))
            .map(str::to_owned)
    };
    location(REDIRECT).map(SignOnService::Redirect).or_else(|| location(POST).map(SignOnService::Post))
}

/// Keys for signing; a key without a use is for both (SAML Metadata §2.4.1.1).
fn certificates(role: Node<'_, '_>) -> Result<Vec<Vec<u8>>, String> {
    let descriptors = children(role, METADATA, "KeyDescriptor")
        .filter(|descriptor| descriptor.attribute("use").is_none_or(|used| used == "signing"));
    let texts = descriptors
        .flat_map(|descriptor| descriptor.descendants())
        .filter(|node| is(*node, SIGNATURE, "X509Certificate"))
        .filter_map(|node| text(node).ok());
    let found = keys::identity_provider_certificates(texts)?;
    if found.is_empty() {
        return Err("holds no certificate for signing: answers could not be verified".to_owned());
    }
    Ok(found)
}

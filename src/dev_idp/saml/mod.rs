//! The SAML 2.0 identity provider: metadata, and single sign-on by redirect, answered by a form.

mod message;

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::ports::provider::ProviderKind;
use flate2::read::DeflateDecoder;
use poem::Response;
use poem::http::StatusCode;

use crate::authorize::choose;
use crate::fault::Fault;
use crate::keys;
use crate::pages;
use crate::routes::{self, Endpoint, Spot};
use crate::serve::{Asked, html};
use crate::world::{CLIENT_ID, World};
use message::Message;

/// Largest request that is read, inflated.
const MAX_REQUEST: u64 = 64 * 1024;
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// Where an answer goes, and what it answers.
struct Accepted {
    audience: String,
    recipient: String,
    /// `None`: nobody asked.
    request: Option<String>,
}

/// The metadata (SAML Metadata §2.4.3).
pub(crate) fn metadata(world: &World) -> Response {
    let path = |endpoint| routes::path(ProviderKind::Saml, endpoint, "").unwrap_or_default();
    let metadata = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{}\"><md:IDPSSODescriptor \
         WantAuthnRequestsSigned=\"false\" protocolSupportEnumeration=\"{PROTOCOL}\"><md:KeyDescriptor \
         use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>\
         </ds:KeyInfo></md:KeyDescriptor><md:NameIDFormat>{}</md:NameIDFormat><md:SingleSignOnService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{}{}\"/>\
         </md:IDPSSODescriptor></md:EntityDescriptor>\n",
        entity_id(world),
        keys::saml_certificate(),
        message::PERSISTENT,
        world.base,
        path(Endpoint::Authorize),
    );
    Response::builder().content_type("application/samlmetadata+xml").body(metadata)
}

fn entity_id(world: &World) -> String {
    format!("{}{}", world.base, routes::issuer(ProviderKind::Saml, ""))
}

/// Single sign-on. Without `SAMLRequest`, `acs` (and `sp`, the entity id there) say where a sign-in goes that nobody asked for.
pub(crate) fn answer(world: &World, spot: &Spot, asked: &Asked) -> Response {
    let accepted = match accept(asked) {
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
    world.goes_back_to(&accepted.recipient);
    let faults = world.faults(spot.kind, spot.endpoint);
    let has = |fault| faults.contains(&fault);
    let is_asked = !has(Fault::Unsolicited);
    let message = Message {
        persona: &persona,
        issuer: entity_id(world),
        audience: accepted.audience,
        recipient: accepted.recipient.clone(),
        request: accepted.request.filter(|_| is_asked),
        now: world.now(),
        faults: &faults,
    };
    let replayed = if has(Fault::Replay) { world.last_saml() } else { None };
    let Some(response) = replayed.or_else(|| message.build(|| world.xml_id())) else {
        return html(StatusCode::INTERNAL_SERVER_ERROR, &pages::page("Nothing could be signed", ""));
    };
    let mut fields = vec![("SAMLResponse".to_owned(), STANDARD.encode(&response))];
    if let Some(relay) = asked.parameter("RelayState").filter(|_| is_asked) {
        fields.push(("RelayState".to_owned(), relay.to_owned()));
    }
    world.keep_saml(response);
    html(StatusCode::OK, &pages::form_post(&accepted.recipient, &fields))
}

fn accept(asked: &Asked) -> Result<Accepted, &'static str> {
    let Some(request) = asked.parameter("SAMLRequest") else {
        let recipient = asked.parameter("acs").ok_or("there is neither SAMLRequest nor acs")?.to_owned();
        let audience = asked.parameter("sp").unwrap_or(CLIENT_ID).to_owned();
        return Ok(Accepted { audience, recipient, request: None });
    };
    let deflated = STANDARD.decode(request).map_err(|_| "SAMLRequest is not base64")?;
    let mut xml = String::new();
    let inflated = DeflateDecoder::new(deflated.as_slice()).take(MAX_REQUEST).read_to_string(&mut xml);
    inflated.map_err(|_| "SAMLRequest is not deflated text")?;
    read(&xml)
}

fn read(xml: &str) -> Result<Accepted, &'static str> {
    let document = roxmltree::Document::parse(xml).map_err(|_| "SAMLRequest is not XML")?;
    let request = document.root_element();
    if !request.has_tag_name((PROTOCOL, "AuthnRequest")) || request.attribute("Version") != Some("2.0") {
        return Err("SAMLRequest is no AuthnRequest of SAML 2.0");
    }
    let issuer = request.children().find(|child| child.has_tag_name((ASSERTION, "Issuer")));
    if issuer.and_then(|issuer| issuer.text()) != Some(CLIENT_ID) {
        return Err("Issuer is unknown");
    }
    let recipient = request.attribute("AssertionConsumerServiceURL");
    Ok(Accepted {
        audience: CLIENT_ID.to_owned(),
        recipient: recipient.ok_or("AssertionConsumerServiceURL is missing")?.to_owned(),
        request: Some(request.attribute("ID").ok_or("ID is missing")?.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(issuer: &str, attributes: &str) -> String {
        format!(
            "<p:AuthnRequest xmlns:p=\"{PROTOCOL}\" xmlns:a=\"{ASSERTION}\" Version=\"2.0\" {attributes}>\
             <a:Issuer>{issuer}</a:Issuer></p:AuthnRequest>"
        )
    }

    #[test]
    fn only_complete_requests_of_the_client_are_accepted() {
        let complete = "ID=\"_1\" AssertionConsumerServiceURL=\"http://localhost/acs\"";
        let accepted = read(&request(CLIENT_ID, complete)).ok();
        assert_eq!(accepted.and_then(|accepted| accepted.request).as_deref(), Some("_1"));
        assert_eq!(read(&request("somebody", complete)).err(), Some("Issuer is unknown"));
        assert_eq!(
            read(&request(CLIENT_ID, "ID=\"_1\"")).err(),
            Some("AssertionConsumerServiceURL is missing")
        );
        assert_eq!(read("<a/>").err(), Some("SAMLRequest is no AuthnRequest of SAML 2.0"));
        assert_eq!(read("<a").err(), Some("SAMLRequest is not XML"));
    }
}

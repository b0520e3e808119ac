//! What is said of a persona, signed.

use doorward_core::domain::time::Timestamp;
use samael::crypto::{CryptoProvider as _, XmlSec};

use crate::fault::Fault;
use crate::keys;
use crate::pages::escape;
use crate::persona::Persona;

/// The format of the NameID.
pub(super) const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";
/// How long an assertion can be used, in seconds.
const LIFE: i64 = 300;
const HOUR: i64 = 3_600;
const WEEK: i64 = 7 * 24 * HOUR;
/// A place that is not where the browser goes.
const ELSEWHERE: &str = "https://elsewhere.example.net/acs";

/// A response in the making.
pub(super) struct Message<'a> {
    pub(super) persona: &'a Persona,
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) recipient: String,
    pub(super) request: Option<String>,
    pub(super) now: i64,
    pub(super) faults: &'a [Fault],
}

impl Message<'_> {
    /// The response as XML; `None` when nothing could be signed.
    pub(super) fn build(&self, mut new_id: impl FnMut() -> String) -> Option<String> {
        let is_refused = self.persona.denies || self.has(Fault::StatusFailed);
        let content = if is_refused {
            String::new()
        } else {
            let id = new_id();
            self.signed(&self.assertion(&id, &self.signature(&id)))?
        };
        let id = new_id();
        self.signed(&self.response(&id, &self.signature(&id), &content, is_refused))
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// `right`, unless the fault is armed.
    fn unless<'b>(&self, fault: Fault, right: &'b str, wrong: &'b str) -> &'b str {
        if self.has(fault) { wrong } else { right }
    }

    /// Fills in the first signature of the document.
    fn signed(&self, xml: &str) -> Option<String> {
        if self.has(Fault::Unsigned) {
            return Some(xml.to_owned());
        }
        let key = keys::saml_private_der(self.has(Fault::BadSignature))?;
        let signed = XmlSec::sign_xml(xml, &key).ok()?;
        signed.split_once("?>").map(|(_, document)| document.trim().to_owned())
    }

    /// A signature that is yet to be filled in, of the element with this id.
    fn signature(&self, id: &str) -> String {
        if self.has(Fault::Unsigned) {
            return String::new();
        }
        format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
             <ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/><ds:SignatureMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/><ds:Reference URI=\"#{id}\">\
             <ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
             <ds:Transform Algorithm=\"{EXCLUSIVE}\"/></ds:Transforms><ds:DigestMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue></ds:DigestValue>\
             </ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue></ds:Signature>"
        )
    }

    /// When it says that it was made.
    fn issued(&self) -> i64 {
        match () {
            () if self.has(Fault::Expired) => self.now - HOUR,
            () if self.has(Fault::IssuedLongAgo) => self.now - WEEK,
            () if self.has(Fault::IssuedAhead) => self.now + HOUR,
            () => self.now,
        }
    }

    fn issuer(&self) -> &str {
        self.unless(Fault::WrongIssuer, &self.issuer, "https://issuer.example.net")
    }

    /// ` InResponseTo="…"`, or nothing when nobody asked.
    fn in_response_to(&self) -> String {
        let request =
            self.request.as_deref().map(|id| self.unless(Fault::OtherRequest, id, "_0123456789abcdef"));
        request.map_or_else(String::new, |id| format!(" InResponseTo=\"{}\"", escape(id)))
    }

    fn assertion(&self, id: &str, signature: &str) -> String {
        let issued = instant(self.issued());
        let end = if self.has(Fault::Expired) { self.issued() } else { self.now } + LIFE;
        format!(
            "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" Version=\"2.0\" \
             IssueInstant=\"{issued}\"><saml:Issuer>{issuer}</saml:Issuer>{signature}<saml:Subject>{name_id}\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData{in_response_to} Recipient=\"{recipient}\" NotOnOrAfter=\"{end}\"/>\
             </saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"{issued}\" \
             NotOnOrAfter=\"{end}\"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience>\
             </saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant=\"{issued}\" \
             SessionIndex=\"{id}\"><saml:AuthnContext><saml:AuthnContextClassRef>\
             urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>\
             </saml:AuthnStatement>{attributes}</saml:Assertion>",
            issuer = escape(self.issuer()),
            name_id = self.name_id(),
            in_response_to = self.in_response_to(),
            recipient = escape(self.unless(Fault::WrongRecipient, &self.recipient, ELSEWHERE)),
            end = instant(end),
            audience = escape(self.unless(Fault::OtherAudience, &self.audience, "another-client")),
            attributes = self.attributes(),
        )
    }

    fn name_id(&self) -> String {
        if self.has(Fault::SubMissing) {
            return String::new();
        }
        let subject = escape(self.unless(Fault::SubEmpty, &self.persona.subject, ""));
        format!("<saml:NameID Format=\"{PERSISTENT}\">{subject}</saml:NameID>")
    }

    fn attributes(&self) -> String {
        // SAML has no word for addresses that nobody verified: a provider leaves them out.
        let email = self.persona.email.as_ref().filter(|_| self.persona.email_verified);
        let all = [
            ("email", email),
            ("firstName", self.persona.given_name.as_ref()),
            ("lastName", self.persona.family_name.as_ref()),
        ];
        let attribute = |(name, value): (&str, &String)| {
            format!(
                "<saml:Attribute Name=\"{name}\"><saml:AttributeValue>{}</saml:AttributeValue></saml:Attribute>",
                escape(value)
            )
        };
        let present = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let attributes = present.map(attribute).collect::<Vec<_>>().concat();
        if attributes.is_empty() {
            return attributes;
        }
        format!("<saml:AttributeStatement>{attributes}</saml:AttributeStatement>")
    }

    fn response(&self, id: &str, signature: &str, content: &str, is_refused: bool) -> String {
        let status = if is_refused {
            format!(
                "<samlp:StatusCode Value=\"{STATUS}Responder\"><samlp:StatusCode Value=\"{STATUS}RequestDenied\"/>\
                 </samlp:StatusCode>"
            )
        } else {
            format!("<samlp:StatusCode Value=\"{STATUS}Success\"/>")
        };
        format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"{id}\" Version=\"2.0\" \
             IssueInstant=\"{issued}\" Destination=\"{destination}\"{in_response_to}><saml:Issuer \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{issuer}</saml:Issuer>{signature}\
             <samlp:Status>{status}</samlp:Status>{content}</samlp:Response>",
            issued = instant(self.issued()),
            destination = escape(self.unless(Fault::WrongDestination, &self.recipient, ELSEWHERE)),
            in_response_to = self.in_response_to(),
            issuer = escape(self.issuer()),
        )
    }
}

/// As xs:dateTime.
fn instant(seconds: i64) -> String {
    Timestamp::from_unix_seconds(seconds).map_or_else(String::new, Timestamp::to_iso_millis)
}

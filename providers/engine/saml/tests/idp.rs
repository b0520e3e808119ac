//! An identity provider that signs and encrypts whatever a test wants, honest or not.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::time::Timestamp;
use doorward_core::testkit::samples::sample_time;
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::encrypt::Encrypter;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::symm::{self, Cipher, Crypter, Mode};
use openssl::x509::{X509, X509Name};
use samael::crypto::{CryptoProvider as _, XmlSec};

pub(super) const IDP: &str = "https://idp.example/metadata";
pub(super) const SP: &str = "https://auth.example/saml";
pub(super) const ACS: &str = "https://auth.example/auth/saml-redirect";
pub(super) const REQUEST: &str = "_0123456789abcdef0123456789abcdef";
pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// A key with its certificate.
pub(super) struct Pair {
    pub(super) key: PKey<Private>,
    pub(super) certificate: Vec<u8>,
}

impl Pair {
    fn of(key: PKey<Private>) -> Self {
        let mut name = X509Name::builder().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, "test").unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.set_not_before(&Asn1Time::from_unix(1).unwrap()).unwrap();
        // Long over: dates of certificates say nothing, only the configuration does.
        builder.set_not_after(&Asn1Time::from_unix(1_000_000_000).unwrap()).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Self { key, certificate: builder.build().to_der().unwrap() }
    }

    pub(super) fn rsa(bits: u32) -> Self {
        Self::of(PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap())
    }

    fn elliptic() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        Self::of(PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap())
    }

    pub(super) fn key_pem(&self) -> String {
        String::from_utf8(self.key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }

    pub(super) fn certificate_pem(&self) -> String {
        String::from_utf8(X509::from_der(&self.certificate).unwrap().to_pem().unwrap()).unwrap()
    }

    /// Fills in the first signature template of the document.
    pub(super) fn sign(&self, xml: &str) -> String {
        let signed = XmlSec::sign_xml(xml, &self.key.private_key_to_der().unwrap()).unwrap();
        let (_, document) = signed.split_once("?>").unwrap();
        document.trim().to_owned()
    }
}

macro_rules! pair {
    ($name:ident, $make:expr) => {
        pub(super) fn $name() -> &'static Pair {
            static PAIR: OnceLock<Pair> = OnceLock::new();
            PAIR.get_or_init(|| $make)
        }
    };
}
pair!(idp, Pair::rsa(2048));
pair!(next_idp, Pair::rsa(2048));
pair!(elliptic_idp, Pair::elliptic());
pair!(attacker, Pair::rsa(2048));
pair!(own, Pair::rsa(2048));

pub(super) fn now() -> Timestamp {
    sample_time().whole_seconds()
}

/// A point in time, in minutes from now.
pub(super) fn at(minutes: i64) -> String {
    (now().datetime() + chrono::TimeDelta::minutes(minutes))
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The text with one part replaced, which must be there.
pub(super) fn swap(xml: &str, from: &str, to: &str) -> String {
    assert!(xml.contains(from), "{from} is not in {xml}");
    xml.replacen(from, to, 1)
}

/// Which layers are signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Signed {
    Neither,
    Assertion,
    Response,
    Both,
}

impl Signed {
    pub(super) const SOME: [Self; 3] = [Self::Assertion, Self::Response, Self::Both];

    fn assertion(self) -> bool {
        matches!(self, Self::Assertion | Self::Both)
    }

    fn response(self) -> bool {
        matches!(self, Self::Response | Self::Both)
    }
}

/// A signature to be filled in.
pub(super) fn template(id: &str) -> String {
    format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/><ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"/>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
         <ds:Transform Algorithm=\"{EXCLUSIVE}\"/></ds:Transforms><ds:DigestMethod Algorithm=\"{SHA256}\"/>\
         <ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>\
         </ds:Signature>"
    )
}

/// A good assertion about alice; `<!sig>` stands where its signature goes.
pub(super) fn assertion() -> String {
    format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a1\" Version=\"2.0\" \
         IssueInstant=\"{issued}\"><saml:Issuer>{IDP}</saml:Issuer><!sig><saml:Subject>\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">alice</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData InResponseTo=\"{REQUEST}\" Recipient=\"{ACS}\" NotOnOrAfter=\"{end}\"/>\
         </saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"{issued}\" NotOnOrAfter=\"{end}\"><saml:AudienceRestriction>\
         <saml:Audience>{SP}</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
         <saml:AuthnStatement AuthnInstant=\"{issued}\" SessionIndex=\"_s1\" SessionNotOnOrAfter=\"{later}\">\
         <saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password\
         </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
         <saml:AttributeStatement><saml:Attribute Name=\"urn:oid:0.9.2342.19200300.100.1.3\" FriendlyName=\"mail\">\
         <saml:AttributeValue>alice@corp.example</saml:AttributeValue></saml:Attribute>\
         <saml:Attribute Name=\"firstName\"><saml:AttributeValue>Alice</saml:AttributeValue></saml:Attribute>\
         <saml:Attribute Name=\"groups\"><saml:AttributeValue>a</saml:AttributeValue>\
         <saml:AttributeValue>b</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>",
        issued = at(0),
        end = at(5),
        later = at(60),
    )
}

/// A good response; `<!sig>` stands where its signature goes, `<!content>` where its assertion goes.
pub(super) fn response() -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r1\" Version=\"2.0\" \
         IssueInstant=\"{issued}\" Destination=\"{ACS}\" InResponseTo=\"{REQUEST}\">\
         <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{IDP}</saml:Issuer><!sig>\
         <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
         <!content></samlp:Response>",
        issued = at(0),
    )
}

type Edit = Box<dyn Fn(&str) -> String>;

/// A message in the making.
pub(super) struct Message {
    signed: Signed,
    signer: &'static Pair,
    assertion: Vec<Edit>,
    response: Vec<Edit>,
    template: Vec<Edit>,
    encryption: Option<Encryption>,
}

impl Message {
    pub(super) fn signed(signed: Signed) -> Self {
        Self {
            signed,
            signer: idp(),
            assertion: Vec::new(),
            response: Vec::new(),
            template: Vec::new(),
            encryption: None,
        }
    }

    pub(super) fn by(self, signer: &'static Pair) -> Self {
        Self { signer, ..self }
    }

    /// Changes the assertion before it is signed.
    pub(super) fn assertion(mut self, edit: impl Fn(&str) -> String + 'static) -> Self {
        self.assertion.push(Box::new(edit));
        self
    }

    /// Changes the response before it is signed.
    pub(super) fn response(mut self, edit: impl Fn(&str) -> String + 'static) -> Self {
        self.response.push(Box::new(edit));
        self
    }

    /// Changes what signatures are made by.
    pub(super) fn template(mut self, edit: impl Fn(&str) -> String + 'static) -> Self {
        self.template.push(Box::new(edit));
        self
    }

    pub(super) fn encrypted(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    pub(super) fn build(&self) -> String {
        let assertion = self.assertion.iter().fold(assertion(), |xml, edit| edit(&xml));
        let assertion = self.seal(&assertion, "_a1", self.signed.assertion());
        let content = match &self.encryption {
            Some(encryption) => encryption.apply(&assertion),
            None => assertion,
        };
        let response = self.response.iter().fold(response(), |xml, edit| edit(&xml));
        let response = swap(&response, "<!content>", &content);
        self.seal(&response, "_r1", self.signed.response())
    }

    fn seal(&self, xml: &str, id: &str, is_signed: bool) -> String {
        if !is_signed {
            return xml.replace("<!sig>", "");
        }
        let template = self.template.iter().fold(template(id), |xml, edit| edit(&xml));
        self.signer.sign(&xml.replace("<!sig>", &template))
    }
}

/// How an assertion is encrypted.
#[derive(Clone, Copy)]
pub(super) struct Encryption {
    pub(super) content: &'static str,
    pub(super) key: &'static str,
    pub(super) digest: Option<&'static str>,
    pub(super) mask: Option<&'static str>,
}

pub(super) const GCM: Encryption = Encryption {
    content: "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    key: "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    digest: None,
    mask: None,
};
pub(super) const CBC: Encryption =
    Encryption { content: "http://www.w3.org/2001/04/xmlenc#aes128-cbc", ..GCM };

impl Encryption {
    pub(super) fn apply(&self, plain: &str) -> String {
        let (content, cipher) = (self.content, cipher(self.content));
        let key: Vec<u8> = (0..cipher.key_len()).map(|byte| u8::try_from(byte).unwrap()).collect();
        let method = |name: &str, uri: Option<&str>| {
            uri.map_or_else(String::new, |uri| format!("<{name} Algorithm=\"{uri}\"/>"))
        };
        format!(
            "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             <xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
             Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod Algorithm=\"{content}\"/>\
             <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
             xmlns:xenc11=\"http://www.w3.org/2009/xmlenc11#\"><xenc:EncryptedKey>\
             <xenc:EncryptionMethod Algorithm=\"{}\">{}{}</xenc:EncryptionMethod><xenc:CipherData>\
             <xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>\
             <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>\
             </saml:EncryptedAssertion>",
            self.key,
            method("ds:DigestMethod", self.digest),
            method("xenc11:MGF", self.mask),
            STANDARD.encode(self.wrap(&key)),
            STANDARD.encode(seal(cipher, self.content.ends_with("cbc"), &key, plain.as_bytes())),
        )
    }

    fn wrap(&self, key: &[u8]) -> Vec<u8> {
        let mut encrypter = Encrypter::new(&own().key).unwrap();
        if self.key.ends_with("1_5") {
            encrypter.set_rsa_padding(Padding::PKCS1).unwrap();
        } else {
            let hash = |uri: Option<&str>| match uri {
                Some(uri) if uri.ends_with("sha256") => MessageDigest::sha256(),
                _ => MessageDigest::sha1(),
            };
            encrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
            encrypter.set_rsa_oaep_md(hash(self.digest)).unwrap();
            encrypter.set_rsa_mgf1_md(hash(self.mask)).unwrap();
        }
        let mut wrapped = vec![0; encrypter.encrypt_len(key).unwrap()];
        let length = encrypter.encrypt(key, &mut wrapped).unwrap();
        wrapped.truncate(length);
        wrapped
    }
}

fn cipher(uri: &str) -> Cipher {
    match uri.rsplit('#').next().unwrap() {
        "aes128-cbc" => Cipher::aes_128_cbc(),
        "aes192-cbc" => Cipher::aes_192_cbc(),
        "aes256-cbc" => Cipher::aes_256_cbc(),
        "aes128-gcm" => Cipher::aes_128_gcm(),
        "aes192-gcm" => Cipher::aes_192_gcm(),
        "aes256-gcm" => Cipher::aes_256_gcm(),
        "tripledes-cbc" => Cipher::des_ede3_cbc(),
        other => panic!("{other}"),
    }
}

fn seal(cipher: Cipher, is_cbc: bool, key: &[u8], plain: &[u8]) -> Vec<u8> {
    if is_cbc {
        let block = cipher.block_size();
        let vector = vec![7; block];
        let padding = block - plain.len() % block;
        let mut padded = plain.to_vec();
        // ISO 10126, as XML Encryption has it: anything, then the length.
        padded.extend(std::iter::repeat_n(0xA5, padding - 1));
        padded.push(u8::try_from(padding).unwrap());
        let mut crypter = Crypter::new(cipher, Mode::Encrypt, key, Some(&vector)).unwrap();
        crypter.pad(false);
        let mut sealed = vec![0; padded.len() + block];
        let count = crypter.update(&padded, &mut sealed).unwrap();
        let count = count + crypter.finalize(&mut sealed[count..]).unwrap();
        sealed.truncate(count);
        return [vector, sealed].concat();
    }
    let (nonce, mut tag) = ([7; 12], [0; 16]);
    let sealed = symm::encrypt_aead(cipher, key, Some(&nonce), &[], plain, &mut tag).unwrap();
    [nonce.to_vec(), sealed, tag.to_vec()].concat()
}

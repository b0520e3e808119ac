//! How a page is drawn: whose it is, in which language, under which nonce.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::hosted_pages::HostedPages;
use doorward_core::ports::entropy::Entropy;

use super::language::Language;

/// How a page is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// Whose page it is.
    pub(crate) pages: HostedPages,
    /// The words.
    pub(crate) language: Language,
    /// New for every reply.
    pub(crate) nonce: Nonce,
    /// Before every path of ours: the path of the public address, without a slash at the end.
    pub(crate) base_path: String,
    /// Whether visitors come over TLS.
    pub(crate) is_https: bool,
    /// Where the page's forms may lead after we answered: the client's redirect URI, a sign-out's.
    pub(crate) leads_to: Vec<String>,
}

impl Look {
    /// Nobody's in particular, of the service at `public_url`.
    pub(crate) fn new(public_url: &str, nonce: Nonce, language: Language) -> Self {
        let path = public_url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        let path = path.map(|(_, path)| path.trim_end_matches('/')).filter(|path| !path.is_empty());
        Self {
            pages: HostedPages::default(),
            language,
            nonce,
            base_path: path.map(|path| format!("/{path}")).unwrap_or_default(),
            is_https: public_url.starts_with("https://"),
            leads_to: Vec::new(),
        }
    }

    /// Whose page it is.
    pub(crate) fn themed(self, pages: HostedPages) -> Self {
        Self { pages, ..self }
    }

    /// A page whose forms may lead to that address in the end.
    pub(crate) fn leading_to(mut self, address: &str) -> Self {
        self.leads_to.push(address.to_owned());
        self
    }
}

/// Names what the page itself wrote, for its Content-Security-Policy: 128 bits in base64.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// A new one.
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(STANDARD.encode(bytes))
    }

    /// None, for a page whose policy names hashes.
    pub(super) fn none() -> Self {
        Self(String::new())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

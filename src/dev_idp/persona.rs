//! The people who can be played.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Somebody with an account at the provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Persona {
    /// What `login_hint` and the page call the persona.
    pub key: String,
    /// The id at the provider: `sub`, `oid`, `id`, `user_id`. Instagram wants digits and gets [`Persona::number`].
    pub subject: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether the provider has verified it.
    pub email_verified: bool,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Claims of ID token and userinfo that differ from what the kind would say; `null` takes a claim away.
    pub claims: Map<String, Value>,
    /// Presses "cancel" instead of signing in.
    pub denies: bool,
}

impl Persona {
    /// Somebody with a verified address.
    #[must_use]
    pub fn new(key: &str, subject: &str, email: &str) -> Self {
        Self {
            key: key.to_owned(),
            subject: subject.to_owned(),
            email: Some(email.to_owned()),
            email_verified: true,
            given_name: Some("Test".to_owned()),
            family_name: Some(key.to_owned()),
            ..Self::default()
        }
    }

    /// The same, with an address that nobody verified.
    #[must_use]
    pub fn unverified(mut self) -> Self {
        self.email_verified = false;
        self
    }

    /// The same, with this claim; `null` takes it away.
    #[must_use]
    pub fn with(mut self, claim: &str, value: Value) -> Self {
        self.claims.insert(claim.to_owned(), value);
        self
    }

    /// A number beyond 2^53 that stays the same: the ids that Facebook and Instagram give.
    #[must_use]
    pub fn number(&self) -> u64 {
        let mixed =
            self.subject.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        17_841_400_000_000_001 + mixed % 1_000_000_000
    }

    /// Given and family name.
    pub(crate) fn name(&self) -> String {
        let parts: Vec<&str> =
            [&self.given_name, &self.family_name].into_iter().flatten().map(String::as_str).collect();
        parts.join(" ")
    }
}

/// The address that the last of [`cast`] claims without owning it: it is `alice`'s in the quick start.
const VICTIM: &str = "alice@example.com";

/// Those who are there from the beginning.
pub(crate) fn cast() -> Vec<Persona> {
    let deny = Persona { denies: true, ..Persona::new("deny", "dev-deny", "deny@example.net") };
    vec![
        // Google vouches for addresses of its customers' domains only.
        Persona::new("alice", "dev-alice", VICTIM).with("hd", json!("example.com")),
        Persona::new("bob", "dev-bob", "bob@example.net"),
        Persona::new("unverified", "dev-unverified", "unverified@example.net").unverified(),
        Persona { email: None, email_verified: false, ..Persona::new("no-email", "dev-no-email", "") },
        Persona::new("mallory", "dev-mallory", VICTIM).unverified().with("preferred_username", json!(VICTIM)),
        deny,
    ]
}

/// What the page says beside the key.
pub(crate) fn remark(persona: &Persona) -> String {
    match (&persona.email, persona.denies) {
        (_, true) => "presses cancel".to_owned(),
        (None, _) => "has no e-mail address".to_owned(),
        (Some(email), _) if persona.email_verified => email.clone(),
        (Some(email), _) => format!("{email}, not verified"),
    }
}

//! What a provider claims about a user, read with suspicion.

use doorward_core::domain::federation::ExternalIdentity;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Longest text that is taken over, in bytes.
const MAX_TEXT: usize = 1024;
/// Longest address (RFC 5321 §4.5.3.1.3, without the angle brackets).
const MAX_EMAIL: usize = 254;
/// Longest subject (OpenID Connect Core §2).
const MAX_SUBJECT: usize = 255;

/// The members of a claims set.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Claims(pub(crate) Map<String, Value>);

impl Claims {
    /// A text, if it is one, not empty and not absurdly long.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let text = self.0.get(name)?.as_str()?;
        (!text.trim().is_empty() && text.len() <= MAX_TEXT && !text.contains(char::is_control))
            .then_some(text)
    }

    /// Whether it is JSON's `true`; the text "true" is not.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }

    /// Whether it is `true` or, as some providers write it, the text "true".
    pub(crate) fn is_true_or_says_so(&self, name: &str) -> bool {
        self.is_true(name) || self.0.get(name).and_then(Value::as_str) == Some("true")
    }

    /// Seconds since the epoch (RFC 7519 §2, fractions allowed); a text is no date.
    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        let value = self.0.get(name)?;
        let seconds = value.as_i64().or_else(|| {
            let float = value.as_f64().filter(|float| float.abs() < 1e15)?;
            #[expect(clippy::cast_possible_truncation, reason = "checked: far within i64")]
            Some(float as i64)
        })?;
        (seconds >= 0).then_some(seconds)
    }

    /// A text or a list of texts, as `aud` may be; `None` when it is anything else.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<&str>> {
        match self.0.get(name)? {
            Value::String(text) => Some(vec![text]),
            Value::Array(items) => items.iter().map(Value::as_str).collect(),
            _ => None,
        }
    }

    /// `sub`: 1 to 255 bytes without control characters.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.text("sub").filter(|subject| subject.len() <= MAX_SUBJECT)
    }

    /// An e-mail address: something with one @ that fits into a mail and holds nothing invisible.
    pub(crate) fn email(&self) -> Option<&str> {
        let email = self.text("email").filter(|email| email.len() <= MAX_EMAIL)?;
        let (local, domain) = email.split_once('@')?;
        let plain = !email.contains(char::is_whitespace) && !local.is_empty() && !domain.is_empty();
        (plain && !domain.contains('@')).then_some(email)
    }

    /// These claims and, where they say nothing, those of another source about the same subject. An address and whether it
    /// is verified come from the same source, or both sources name the same address.
    pub(crate) fn completed_by(&self, more: Self) -> Self {
        let mut all = self.clone();
        let mut more = more.0;
        match (self.0.get("email"), more.get("email")) {
            (Some(own), Some(other)) if own == other => {}
            (Some(_), _) => drop(more.remove("email_verified")),
            (None, _) => drop(all.0.remove("email_verified")),
        }
        for (name, value) in more {
            all.0.entry(name).or_insert(value);
        }
        all
    }

    /// The identity that these standard claims (OpenID Connect Core §5.1) describe. Its address is not verified: that is
    /// for the preset to judge.
    pub(crate) fn identity(&self, issuer: &str, subject: &str) -> ExternalIdentity {
        let owned = |name: &str| self.text(name).map(str::to_owned);
        let whole_name = if self.text("family_name").is_none() { owned("name") } else { None };
        ExternalIdentity {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            username: owned("preferred_username").or_else(|| self.email().map(str::to_owned)),
            email: self.email().map(str::to_owned),
            email_verified: false,
            first_name: owned("given_name").or(whole_name),
            last_name: owned("family_name"),
            phone: owned("phone_number"),
            locale: owned("locale"),
            photo_url: self.text("picture").filter(|url| url.starts_with("https://")).map(str::to_owned),
            raw: Value::Object(self.0.clone()),
            ..ExternalIdentity::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn texts_are_texts() {
        for value in [
            json!(1),
            json!(null),
            json!(""),
            json!("  "),
            json!("a\u{0}b"),
            json!("x".repeat(1025)),
            json!(["a"]),
        ] {
            assert_eq!(claims(json!({ "a": value })).text("a"), None, "{value}");
        }
        assert_eq!(claims(json!({ "a": "b" })).text("a"), Some("b"));
    }

    #[test]
    fn the_text_true_is_not_true() {
        let claims = claims(json!({ "text": "true", "flag": true, "one": 1, "no": false }));
        assert!(
            claims.is_true("flag") && claims.is_true_or_says_so("flag") && claims.is_true_or_says_so("text")
        );
        for name in ["text", "one", "no", "absent"] {
            assert!(!claims.is_true(name), "{name}");
        }
        assert!(!claims.is_true_or_says_so("one") && !claims.is_true_or_says_so("no"));
    }

    #[test]
    fn dates_are_numbers() {
        let claims = claims(json!({ "a": 5, "b": 5.9, "c": "5", "d": -1, "e": 1e300, "f": null, "g": [5] }));
        assert_eq!((claims.seconds("a"), claims.seconds("b")), (Some(5), Some(5)));
        for name in ["c", "d", "e", "f", "g"] {
            assert_eq!(claims.seconds(name), None, "{name}");
        }
    }

    #[test]
    fn addresses_look_like_addresses() {
        for email in ["", "alice", "@b.test", "a@", "a@b@c", "a b@c.test", "a@b.test\u{0}", "a\u{a0}b@c.test"]
        {
            assert_eq!(claims(json!({ "email": email })).email(), None, "{email}");
        }
        let long = format!("{}@b.test", "a".repeat(260));
        assert_eq!(claims(json!({ "email": long })).email(), None);
        assert_eq!(claims(json!({ "email": "Alice+x@b.test" })).email(), Some("Alice+x@b.test"));
    }

    #[test]
    fn subjects_have_a_length() {
        for subject in [json!(""), json!(7), json!("x".repeat(256)), json!(null)] {
            assert_eq!(claims(json!({ "sub": subject })).subject(), None, "{subject}");
        }
        assert_eq!(claims(json!({ "sub": "x".repeat(255) })).subject().map(str::len), Some(255));
    }

    #[test]
    fn an_address_and_its_verification_come_from_one_source() {
        let verified =
            |own: Value, more: Value| claims(own).completed_by(claims(more)).0.get("email_verified").cloned();
        let (alice, bob) =
            (json!({ "email": "a@b.test" }), json!({ "email": "b@b.test", "email_verified": true }));
        assert_eq!(verified(alice.clone(), bob.clone()), None);
        assert_eq!(verified(json!({ "email_verified": true }), alice.clone()), None);
        assert_eq!(verified(json!({}), bob.clone()), Some(json!(true)));
        assert_eq!(
            verified(alice, json!({ "email": "a@b.test", "email_verified": true })),
            Some(json!(true))
        );
        let whole = claims(json!({ "sub": "1" })).completed_by(claims(json!({ "sub": "2", "name": "x" })));
        assert_eq!((whole.text("sub"), whole.text("name")), (Some("1"), Some("x")));
    }

    #[test]
    fn an_identity_is_never_verified_by_itself() {
        let claims = claims(json!({
            "email": "a@b.test", "email_verified": true, "name": "Alice Doe", "picture": "javascript:alert(1)"
        }));
        let identity = claims.identity("https://issuer.test", "7");
        assert!(!identity.email_verified && identity.photo_url.is_none());
        assert_eq!(identity.first_name.as_deref(), Some("Alice Doe"));
        assert_eq!(identity.username.as_deref(), Some("a@b.test"));
    }
}

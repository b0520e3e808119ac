//! Parameters of an authorization request: each once, an empty one as if it were not there (RFC 6749 §3.1).

use super::{invalid, is_short};
use crate::domain::error::{Error, ErrorKind};

/// `resource` alone may come more than once (RFC 8707 §2).
const REPEATABLE: &str = "resource";

/// What came, in order.
pub(super) struct Parameters<'a>(&'a [(String, String)]);

impl<'a> Parameters<'a> {
    pub(super) fn new(parameters: &'a [(String, String)]) -> Self {
        Self(parameters)
    }

    /// The first of that name, if it is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// Every one of that name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_repeated(&self, name: &str) -> bool {
        self.all(name).nth(1).is_some()
    }

    /// Each comes once, and none is too long to be repeated or kept.
    pub(super) fn check_texts(&self) -> Result<(), Error> {
        let mut names: Vec<&str> =
            self.0.iter().map(|(name, _)| name.as_str()).filter(|name| *name != REPEATABLE).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(invalid("a parameter comes twice"));
        }
        if self.0.iter().any(|(_, value)| value.contains('\0')) {
            return Err(invalid("a parameter has a NUL"));
        }
        if !["state", "nonce"].into_iter().all(|name| self.get(name).is_none_or(is_short)) {
            return Err(invalid("state and nonce have 2048 bytes at most"));
        }
        Ok(())
    }

    /// It asks for a code, in a way that is supported.
    pub(super) fn check_kind(&self) -> Result<(), Error> {
        match self.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(ErrorKind::ResponseTypeUnsupported.into()),
            None => return Err(invalid("response_type is missing")),
        }
        if !matches!(self.get("response_mode"), None | Some("query" | "form_post")) {
            return Err(invalid("response_mode may be query and form_post"));
        }
        let unsupported = [
            ("request", ErrorKind::RequestObjectUnsupported),
            ("request_uri", ErrorKind::RequestUriUnsupported),
            ("registration", ErrorKind::RegistrationUnsupported),
        ];
        match unsupported.into_iter().find(|(name, _)| self.get(name).is_some()) {
            Some((_, kind)) => Err(kind.into()),
            None => Ok(()),
        }
    }
}

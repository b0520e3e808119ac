//! `[security]`: the key that seals secrets at rest.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use doorward_core::domain::secret::Secret;

use super::section::DefaultValue::Derived;
use super::section::section;
use super::setting::Setting;

section! {
    /// The key that seals secrets in the database.
    [security] Security {
        /// Base64 of 32 random bytes (`openssl rand -base64 32`). Nodes on one database must share it.
        /// Losing it makes the signing keys in the database unusable.
        master_key: Option<MasterKey> = Derived("the file `master.key` in the data directory, made at the first start");
    }
}

/// The 32 bytes that seal secrets at rest.
#[derive(Clone, Debug)]
pub struct MasterKey(Secret<[u8; 32]>);

impl MasterKey {
    /// Takes the bytes in.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Reads the text form, padded or not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_text(text)
    }

    /// The bytes.
    #[must_use]
    pub fn secret(&self) -> &Secret<[u8; 32]> {
        &self.0
    }

    /// The text form: base64, padded, and a line feed.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        let padded = base64::engine::general_purpose::STANDARD;
        Secret::new(format!("{}\n", padded.encode(self.0.expose())))
    }
}

impl Setting for MasterKey {
    const SECRET: bool = true;

    fn kind() -> String {
        "secret".to_owned()
    }

    fn expected() -> String {
        "base64 of 32 random bytes, such as `openssl rand -base64 32` prints".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let any_padding =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let text = text.trim();
        let bytes = GeneralPurpose::new(&alphabet::STANDARD, any_padding)
            .decode(text)
            .or_else(|_| GeneralPurpose::new(&alphabet::URL_SAFE, any_padding).decode(text))
            .ok()?;
        bytes.try_into().ok().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes() {
        let good = MasterKey::new(std::array::from_fn(|index| u8::try_from(index).unwrap_or(0)));
        let text = good.to_text();
        let read = MasterKey::from_text(text.expose());
        assert_eq!(read.map(|key| *key.secret().expose()), Some(*good.secret().expose()));
        for wrong in ["", "short", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(MasterKey::from_text(wrong).is_none(), "{wrong}");
        }
    }
}

//! `[security]`: the key that seals secrets at rest.

use doorward_crypto::MasterKey;

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

impl Setting for MasterKey {
    const SECRET: bool = true;

    fn kind() -> String {
        "secret".to_owned()
    }

    fn expected() -> String {
        "base64 of 32 random bytes, such as `openssl rand -base64 32` prints".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse_base64(text).ok()
    }
}

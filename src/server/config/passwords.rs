//! `[passwords]`: how passwords are hashed and what new ones must be.

use std::time::Duration;

use doorward_core::domain::password_policy::{MAX_PASSWORD_BYTES, PasswordPolicy};

use super::section::DefaultValue::Text;
use super::section::section;
use super::setting::Size;

section! {
    /// How passwords are hashed (argon2id, RFC 9106) and what new ones must be.
    [passwords] Passwords {
        /// Memory of one hashing.
        memory: Size = Text("19MiB"), if |size| (64 << 10..=256 << 20).contains(&size.bytes()) =>
            "a size from \"64KiB\" to \"256MiB\"";
        /// Passes over the memory.
        iterations: u32 = Text("2"), if |count| (1..=100).contains(count) => "a whole number from 1 to 100";
        /// Lanes of one hashing.
        lanes: u32 = Text("1"), if |count| (1..=16).contains(count) => "a whole number from 1 to 16";
        /// Whether a sign-in replaces a hash of another kind or cost by one of this. Not while another program must read the
        /// hashes too, such as the service that Doorward is about to replace.
        rehash: bool = Text("true");
        /// Hashings at the same time; 0 = the number of cores.
        workers: usize = Text("0"), if |count| *count <= 1024 => "a whole number from 0 to 1024";
        /// Sign-ins that may wait for a hashing; more are answered with 429 at once.
        max_waiting: usize = Text("64"), if |count| *count <= 100_000 => "a whole number from 0 to 100000";
        /// Fewest characters of a new password.
        min_length: usize = Text("8"), if |count| (1..=MAX_PASSWORD_BYTES).contains(count) =>
            "a whole number from 1 to 1024";
        /// A new password needs a lower-case letter.
        require_lower_case_letter: bool = Text("true");
        /// A new password needs an upper-case letter.
        require_upper_case_letter: bool = Text("true");
        /// A new password needs a digit.
        require_number: bool = Text("true");
        /// A new password needs a symbol.
        require_symbol: bool = Text("true");
        /// A new password must not contain the first name.
        disallow_first_name_part: bool = Text("true");
        /// A new password must not contain the last name.
        disallow_last_name_part: bool = Text("true");
        /// A new password must not be one of those that everybody uses.
        disallow_common: bool = Text("true");
        /// A new password must be none of so many before the current one; 0 = any but that.
        history: u32 = Text("0"), if |count| *count <= 24 => "a whole number from 0 to 24";
        /// After this time a new password is demanded; "0d" = never.
        max_age: Duration = Text("0d");
    }
}

impl Passwords {
    /// The rules for new passwords.
    #[must_use]
    pub fn policy(&self) -> PasswordPolicy {
        PasswordPolicy {
            min_length: self.min_length,
            require_lower_case_letter: self.require_lower_case_letter,
            require_upper_case_letter: self.require_upper_case_letter,
            require_number: self.require_number,
            require_symbol: self.require_symbol,
            disallow_first_name_part: self.disallow_first_name_part,
            disallow_last_name_part: self.disallow_last_name_part,
            disallow_common: self.disallow_common,
            history: self.history,
            max_age: Some(self.max_age).filter(|age| !age.is_zero()),
        }
    }
}

//! `[limits]`: protection against guessing.

use super::section::DefaultValue::Text;
use super::section::section;

section! {
    /// Protection against guessing.
    [limits] Limits {
        /// Limits on attempts. They are not available yet: only `false`.
        enabled: bool = Text("false"), if |enabled| !enabled =>
            "false: limits on attempts are not available yet in this version";
    }
}

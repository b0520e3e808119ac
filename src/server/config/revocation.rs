//! `[revocation]`: how soon the news of an ended session spreads.

use std::time::Duration;

use super::section::DefaultValue::Text;
use super::section::section;

section! {
    /// How soon the news of an ended session spreads.
    [revocation] Revocation {
        /// A node that could not read the news for longer answers 503 instead of trusting a token.
        max_staleness: Duration = Text("5s"), if |time| !time.is_zero() => "a duration longer than zero";
        /// How often a node reads the news from the database.
        poll: Duration = Text("1s"), if |time| !time.is_zero() => "a duration longer than zero";
    }
}

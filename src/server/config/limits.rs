//! `[limits]`: protection against guessing.

use std::time::Duration;

use doorward_core::domain::limit::Limit;
use doorward_core::usecase::{AttemptLimits, MessageLimits};

use super::section::DefaultValue::Text;
use super::section::section;

section! {
    /// Protection against guessing: failed attempts fill leaky buckets, shared between nodes and kept across restarts.
    /// A full bucket answers 429 with `Retry-After` before anything is looked at. Only failures count, and of messages each.
    [limits] Limits {
        /// Whether failed attempts are limited.
        enabled: bool = Text("true");
        /// Failures in a row for one account, from devices and addresses it never signed in from.
        account_burst: u32 = Text("30"), if |count| *count >= 1 => "a whole number of 1 or more";
        /// After this time one more.
        account_refill: Duration = Text("1m"), if is_refill => REFILL;
        /// Failures in a row from one address (IPv6: one /64), over all accounts and clients.
        address_burst: u32 = Text("3000"), if |count| *count >= 1 => "a whole number of 1 or more";
        /// After this time one more.
        address_refill: Duration = Text("1s"), if is_refill => REFILL;
        /// Wrong secrets of one client from one address in a row; wrong authorization codes from one address; sign-ins at
        /// providers that were begun at one address and not brought back.
        client_burst: u32 = Text("1000"), if |count| *count >= 1 => "a whole number of 1 or more";
        /// After this time one more.
        client_refill: Duration = Text("1s"), if is_refill => REFILL;
        /// Mails and text messages of one kind in a row to one address or number; five times as many codes for who has proved a
        /// password already.
        message_burst: u32 = Text("10"), if |count| *count >= 1 => "a whole number of 1 or more";
        /// After this time one more.
        message_refill: Duration = Text("6m"), if is_refill => REFILL;
        /// Mails and text messages in a row that one address (IPv6: one /64) causes.
        message_address_burst: u32 = Text("300"), if |count| *count >= 1 => "a whole number of 1 or more";
        /// After this time one more.
        message_address_refill: Duration = Text("5s"), if is_refill => REFILL;
    }
}

const REFILL: &str = "a duration from \"1ms\" to \"1h\"";

fn is_refill(time: &Duration) -> bool {
    (Duration::from_millis(1)..=Duration::from_hours(1)).contains(time)
}

impl Limits {
    /// The limits, unless they are switched off.
    #[must_use]
    pub fn attempts(&self) -> Option<AttemptLimits> {
        self.enabled.then_some(AttemptLimits {
            account: Limit { burst: self.account_burst, refill: self.account_refill },
            address: Limit { burst: self.address_burst, refill: self.address_refill },
            client: Limit { burst: self.client_burst, refill: self.client_refill },
        })
    }

    /// How many messages may be caused, unless the limits are switched off.
    #[must_use]
    pub fn messages(&self) -> Option<MessageLimits> {
        self.enabled.then_some(MessageLimits {
            destination: Limit { burst: self.message_burst, refill: self.message_refill },
            address: Limit { burst: self.message_address_burst, refill: self.message_address_refill },
        })
    }
}

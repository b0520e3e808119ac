//! Mail addresses that people give us.

use email_address::{EmailAddress, Options};

use super::linking::address_key;

/// Longest address, in bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
pub const MAX_EMAIL_BYTES: usize = 254;

/// Whether mail can be sent there.
///
/// Stricter than RFC 5322: plain ASCII, one `@`, no quotes, comments or address literals. An internationalised domain has to
/// be given in its ASCII form.
#[must_use]
pub fn is_deliverable(address: &str) -> bool {
    let options = Options::default().without_display_text().without_domain_literal();
    address.len() <= MAX_EMAIL_BYTES
        && address_key(address).is_some()
        && !address.contains(['"', '(', ')', '<', '>', ',', ';', ':', '\\'])
        && EmailAddress::parse_with_options(address, options).is_ok()
}

/// Whether two addresses are one: ASCII letters are compared without case, everything else exactly.
#[must_use]
pub fn is_same_address(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_taken() {
        for address in [
            "alice@example.com",
            "a.b+tag@sub.example.co",
            "x_y'z@mail-1.example",
            "A@B.CC",
            "-oQ/tmp@x.test",
        ] {
            assert!(is_deliverable(address), "{address}");
        }
    }

    #[test]
    fn what_could_be_more_than_one_address_is_refused() {
        let refused = [
            "",
            "alice",
            "@example.com",
            "alice@",
            "a@b@c.test",
            "a@x.test\r\nBcc: e@x.test",
            "a@x.test\n",
            "a@x.test,e@x.test",
            "a@x.test;e@x.test",
            "Alice <a@x.test>",
            "\"a\\\"@x\"@x.test",
            "\"a b\"@x.test",
            "a b@x.test",
            " a@x.test",
            "a@[127.0.0.1]",
            "a@x..test",
            ".a@x.test",
            "a.@x.test",
            "a@-x.test",
            "a@x.test\0",
            "ä@x.test",
            "a@ä.test",
            "a(comment)@x.test",
        ];
        for address in refused {
            assert!(!is_deliverable(address), "{address:?}");
        }
    }

    #[test]
    fn long_addresses_are_refused() {
        let domain = format!("{}.{}.test", "d".repeat(60), "e".repeat(60));
        assert!(is_deliverable(&format!("{}@{domain}", "a".repeat(64))));
        assert!(!is_deliverable(&format!("{}@{domain}", "a".repeat(65))));
        let long = format!("{}.{}.{}.test", "d".repeat(63), "e".repeat(63), "f".repeat(63));
        assert!(!is_deliverable(&format!("{}@{long}", "a".repeat(64))), "more than {MAX_EMAIL_BYTES} bytes");
    }
}

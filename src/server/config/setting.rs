//! Types a setting can have: how they are written and what is said when they are written wrongly.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use doorward_core::domain::secret::Secret;
use ipnet::IpNet;
use toml::Value;

/// A type that can be read from a TOML value and from text (environment, files, defaults).
pub(crate) trait Setting: Sized {
    /// Whether the value must never be shown; such settings can also come from a file (`…_FILE`).
    const SECRET: bool = false;

    /// The type's name in the reference.
    fn kind() -> String;

    /// Ends the sentence "expected …".
    fn expected() -> String;

    /// Reads the text form; `None` when it is not one.
    fn from_text(text: &str) -> Option<Self>;

    /// Reads a TOML value; `None` when it is not one. Most types are TOML strings.
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::from_text)
    }

    /// What an absent key without a default means; `None` = it must be given.
    fn absent() -> Option<Self> {
        None
    }
}

impl<T: Setting> Setting for Option<T> {
    const SECRET: bool = T::SECRET;

    fn kind() -> String {
        T::kind()
    }

    fn expected() -> String {
        T::expected()
    }

    fn from_text(text: &str) -> Option<Self> {
        T::from_text(text).map(Some)
    }

    fn from_toml(value: &Value) -> Option<Self> {
        T::from_toml(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Setting> Setting for Vec<T> {
    const SECRET: bool = T::SECRET;

    fn kind() -> String {
        format!("list of {}", T::kind())
    }

    fn expected() -> String {
        format!("a list; each entry {}", T::expected())
    }

    /// Comma-separated; the empty text is the empty list.
    fn from_text(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::new());
        }
        text.split(',').map(|entry| T::from_text(entry.trim())).collect()
    }

    fn from_toml(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::from_toml).collect()
    }
}

impl Setting for bool {
    fn kind() -> String {
        "boolean".to_owned()
    }

    fn expected() -> String {
        "true or false".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn from_toml(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

macro_rules! whole_number {
    ($type:ty, $expected:literal) => {
        impl Setting for $type {
            fn kind() -> String {
                "integer".to_owned()
            }

            fn expected() -> String {
                $expected.to_owned()
            }

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn from_toml(value: &Value) -> Option<Self> {
                value.as_integer().and_then(|number| number.try_into().ok())
            }
        }
    };
}
whole_number!(u32, "a whole number, 0 or more");
whole_number!(usize, "a whole number, 0 or more");

impl Setting for NonZeroU32 {
    fn kind() -> String {
        "integer".to_owned()
    }

    fn expected() -> String {
        "a whole number, 1 or more".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn from_toml(value: &Value) -> Option<Self> {
        value.as_integer().and_then(|number| u32::try_from(number).ok()).and_then(Self::new)
    }
}

/// Not empty, no control characters (PostgreSQL refuses U+0000, and no name has a line break).
impl Setting for String {
    fn kind() -> String {
        "text".to_owned()
    }

    fn expected() -> String {
        "text, not empty and without control characters".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let usable = !text.trim().is_empty() && !text.chars().any(char::is_control);
        usable.then(|| text.to_owned())
    }
}

impl Setting for Secret<String> {
    const SECRET: bool = true;

    fn kind() -> String {
        "secret".to_owned()
    }

    fn expected() -> String {
        "a secret: text, not empty and without control characters".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let usable = !text.is_empty() && !text.chars().any(char::is_control);
        usable.then(|| Self::from(text))
    }
}

impl Setting for SocketAddr {
    fn kind() -> String {
        "address".to_owned()
    }

    fn expected() -> String {
        "an address such as \"127.0.0.1:8080\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A lone address is the network of one.
impl Setting for IpNet {
    fn kind() -> String {
        "address or network".to_owned()
    }

    fn expected() -> String {
        "an address or network such as \"10.0.0.1\" or \"10.0.0.0/8\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(Self::from))
    }
}

impl Setting for PathBuf {
    fn kind() -> String {
        "path".to_owned()
    }

    fn expected() -> String {
        "a path".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty() && !text.contains('\0')).then(|| Self::from(text))
    }
}

/// The longest duration accepted: a hundred years.
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// A whole number and a unit, at most [`LONGEST`].
impl Setting for Duration {
    fn kind() -> String {
        "duration".to_owned()
    }

    fn expected() -> String {
        "a duration: a whole number with a unit, such as \"500ms\", \"30s\", \"15m\", \"12h\" or \"30d\""
            .to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let (number, unit) = split_unit(text)?;
        let milliseconds = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let duration = Self::from_millis(number.checked_mul(milliseconds)?);
        (duration <= LONGEST).then_some(duration)
    }
}

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Size(usize);

impl Size {
    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }
}

impl Setting for Size {
    fn kind() -> String {
        "size".to_owned()
    }

    fn expected() -> String {
        "a size: a whole number with a unit, such as \"512B\", \"64KiB\", \"19MiB\" or \"1GiB\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let (number, unit) = split_unit(text)?;
        let bytes: u64 = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        usize::try_from(number.checked_mul(bytes)?).ok().map(Self)
    }
}

/// `15m` → (15, `m`). No sign, no fraction, no space.
fn split_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(Duration::from_text("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(Duration::from_text("15m"), Some(Duration::from_mins(15)));
        assert_eq!(Duration::from_text("30d"), Some(Duration::from_hours(720)));
        for wrong in ["", "15", "m", "-1s", "1.5h", "15 m", "15M", "1w", "99999999999999999999d", "36501d"] {
            assert_eq!(Duration::from_text(wrong), None, "{wrong}");
        }
        assert_eq!(Duration::from_toml(&Value::Integer(900)), None);
    }

    #[test]
    fn sizes_need_a_unit() {
        assert_eq!(Size::from_text("64KiB").map(Size::bytes), Some(65_536));
        assert_eq!(Size::from_text("0B").map(Size::bytes), Some(0));
        for wrong in ["", "64", "64K", "64kb", "-1B", "1.5MiB", "99999999999GiB"] {
            assert_eq!(Size::from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_lone_address_is_a_network_of_one() {
        assert_eq!(IpNet::from_text("10.0.0.1").map(|net| net.to_string()).as_deref(), Some("10.0.0.1/32"));
        assert_eq!(IpNet::from_text("fd00::/8").map(|net| net.to_string()).as_deref(), Some("fd00::/8"));
        assert_eq!(IpNet::from_text("10.0.0.0/33"), None);
    }

    #[test]
    fn lists_are_arrays_or_comma_separated() {
        assert_eq!(Vec::<String>::from_text("a, b"), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(Vec::<String>::from_text(""), Some(vec![]));
        assert_eq!(Vec::<String>::from_toml(&Value::from("a")), None);
    }
}

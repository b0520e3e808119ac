//! What `[[users]]` says to OpenID Connect clients alone.

use doorward_core::domain::profile::{Address, ProfileDetails};

use super::table_reader::TableReader;
use crate::config::Problem;
use crate::config::setting::Setting;

pub(super) fn read_profile(reader: &mut TableReader<'_>) -> Result<ProfileDetails, Problem> {
    Ok(ProfileDetails {
        nickname: reader.optional("nickname")?,
        profile_url: reader.optional::<PublicAddress>("profile_url")?.map(|address| address.0),
        timezone: reader.optional::<TimeZone>("timezone")?.map(|zone| zone.0),
        address: reader.table("address")?.map(read_address).transpose()?,
    })
}

fn read_address(mut reader: TableReader<'_>) -> Result<Address, Problem> {
    let address = Address {
        formatted: reader.optional::<Lines>("formatted")?.map(|lines| lines.0),
        street_address: reader.optional::<Lines>("street_address")?.map(|lines| lines.0),
        locality: reader.optional("locality")?,
        region: reader.optional("region")?,
        postal_code: reader.optional("postal_code")?,
        country: reader.optional("country")?,
    };
    reader.finish()?;
    Ok(address)
}

/// A page or a picture of somebody's.
pub(super) struct PublicAddress(pub(super) String);

impl Setting for PublicAddress {
    fn kind() -> String {
        "address".to_owned()
    }

    fn expected() -> String {
        "an address that begins with \"https://\" or \"http://\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let is_fit = !rest.starts_with('/') && !rest.is_empty();
        let is_plain = !text.contains(|c: char| c.is_control() || c.is_whitespace() || "\\\"<>".contains(c));
        (is_fit && is_plain).then(|| Self(text.to_owned()))
    }
}

/// A name of the IANA's database, by its shape: which names there are changes every few months.
struct TimeZone(String);

impl Setting for TimeZone {
    fn kind() -> String {
        "time zone".to_owned()
    }

    fn expected() -> String {
        "the name of a time zone such as \"Europe/Paris\"".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c))
            && text.len() <= 64;
        is_name.then(|| Self(text.to_owned()))
    }
}

/// Text of several lines (OpenID Connect Core §5.1.1).
struct Lines(String);

impl Setting for Lines {
    fn kind() -> String {
        "text".to_owned()
    }

    fn expected() -> String {
        "text, not empty and without control characters but line feeds".to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let is_usable = !text.trim().is_empty() && !text.chars().any(|c| c.is_control() && c != '\n');
        is_usable.then(|| Self(text.to_owned()))
    }
}

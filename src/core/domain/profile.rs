//! What OpenID Connect clients may learn of a user beyond the account itself (OpenID Connect Core §5.1).

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// `address` (OpenID Connect Core §5.1.1).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// As it would be on an envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// State or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Zip or postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// What the account's row says beside what a sign-in needs; stored as JSON.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileDetails {
    /// `nickname`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// `profile`: the address of a page about the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_url: Option<String>,
    /// `zoneinfo`, such as `Europe/Paris`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// `address`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

impl ProfileDetails {
    /// These, and what they leave open as it was.
    #[must_use]
    pub fn over(&self, stored: &Self) -> Self {
        let pick = |own: &Option<String>, other: &Option<String>| own.clone().or_else(|| other.clone());
        Self {
            nickname: pick(&self.nickname, &stored.nickname),
            profile_url: pick(&self.profile_url, &stored.profile_url),
            timezone: pick(&self.timezone, &stored.timezone),
            address: self.address.clone().or_else(|| stored.address.clone()),
        }
    }
}

/// The same, and when anything about the user last changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// What is kept.
    pub details: ProfileDetails,
    /// `updated_at`.
    pub updated_at: Timestamp,
}

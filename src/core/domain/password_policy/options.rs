//! The policy as the management API tells and stores it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::PasswordPolicy;

/// Longest password that can be demanded, in characters.
const MAX_MIN_LENGTH: u32 = 64;
/// Fewest characters that can be demanded.
const MIN_MIN_LENGTH: u32 = 8;
/// Greatest age in days: what fits into 31 bits as seconds.
const MAX_AGE_DAYS: u32 = 24_855;
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

/// The eleven options: all of them are always told, and all of them have to be given.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent switch of the policy")]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordPolicyOptions {
    /// Must not contain the given name.
    pub disallow_first_name_part: bool,
    /// Must not contain the family name.
    pub disallow_last_name_part: bool,
    /// Failed sign-ins before the account is locked; 0 = never.
    pub lockout_password_attempts: u32,
    /// Days after which a new one is demanded; 0 = never.
    pub max_password_age: u32,
    /// Fewest characters.
    pub min_password_length: u32,
    /// Whether new accounts must prove their address.
    pub require_email_verification: bool,
    /// Needs a lower-case letter.
    pub require_lower_case_letter: bool,
    /// Needs a digit.
    pub require_number: bool,
    /// Needs one of [`SYMBOLS`](super::SYMBOLS).
    pub require_symbol: bool,
    /// Needs an upper-case letter.
    pub require_upper_case_letter: bool,
    /// Minutes that a lock lasts.
    pub self_serve_unlock_duration: u32,
}

impl Default for PasswordPolicyOptions {
    fn default() -> Self {
        Self::of(&PasswordPolicy::default())
    }
}

impl PasswordPolicyOptions {
    /// What the options say of these rules; what is no rule for passwords has its default.
    #[must_use]
    pub fn of(policy: &PasswordPolicy) -> Self {
        let days = policy.max_age.map_or(0, |age| age.as_secs().div_ceil(SECONDS_OF_A_DAY));
        Self {
            disallow_first_name_part: policy.disallow_first_name_part,
            disallow_last_name_part: policy.disallow_last_name_part,
            lockout_password_attempts: 0,
            max_password_age: u32::try_from(days).map_or(MAX_AGE_DAYS, |days| days.min(MAX_AGE_DAYS)),
            min_password_length: u32::try_from(policy.min_length).unwrap_or(u32::MAX),
            require_email_verification: false,
            require_lower_case_letter: policy.require_lower_case_letter,
            require_number: policy.require_number,
            require_symbol: policy.require_symbol,
            require_upper_case_letter: policy.require_upper_case_letter,
            self_serve_unlock_duration: 15,
        }
    }

    /// The rules they stand for. What they do not speak of is as in `base`: the common passwords and the history stay the
    /// operator's.
    #[must_use]
    pub fn rules(&self, base: &PasswordPolicy) -> PasswordPolicy {
        let max_age = Duration::from_secs(u64::from(self.max_password_age) * SECONDS_OF_A_DAY);
        PasswordPolicy {
            min_length: usize::try_from(self.min_password_length).unwrap_or(usize::MAX),
            require_lower_case_letter: self.require_lower_case_letter,
            require_upper_case_letter: self.require_upper_case_letter,
            require_number: self.require_number,
            require_symbol: self.require_symbol,
            disallow_first_name_part: self.disallow_first_name_part,
            disallow_last_name_part: self.disallow_last_name_part,
            max_age: Some(max_age).filter(|age| !age.is_zero()),
            ..base.clone()
        }
    }

    /// The first option whose number is out of its range.
    #[must_use]
    pub fn out_of_range(&self) -> Option<&'static str> {
        let options = [
            ("maxPasswordAge", (0..=MAX_AGE_DAYS).contains(&self.max_password_age)),
            ("minPasswordLength", (MIN_MIN_LENGTH..=MAX_MIN_LENGTH).contains(&self.min_password_length)),
            ("selfServeUnlockDuration", (1..=30).contains(&self.self_serve_unlock_duration)),
        ];
        options.into_iter().find(|(_, is_in_range)| !is_in_range).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The management API's default set.
    fn sample() -> Value {
        json!({
            "disallowFirstNamePart": true,
            "disallowLastNamePart": true,
            "lockoutPasswordAttempts": 0,
            "maxPasswordAge": 0,
            "minPasswordLength": 8,
            "requireEmailVerification": false,
            "requireLowerCaseLetter": true,
            "requireNumber": true,
            "requireSymbol": true,
            "requireUpperCaseLetter": true,
            "selfServeUnlockDuration": 15,
        })
    }

    #[test]
    fn the_defaults_are_the_management_apis() {
        let told = serde_json::to_value(PasswordPolicyOptions::default()).expect("plain data");
        assert_eq!(told, sample());
        assert_eq!(
            PasswordPolicyOptions::default().rules(&PasswordPolicy::default()),
            PasswordPolicy::default()
        );
    }

    #[test]
    fn every_option_comes_back() {
        let stored = json!({
            "disallowFirstNamePart": false,
            "disallowLastNamePart": true,
            "lockoutPasswordAttempts": 5,
            "maxPasswordAge": 90,
            "minPasswordLength": 12,
            "requireEmailVerification": true,
            "requireLowerCaseLetter": false,
            "requireNumber": true,
            "requireSymbol": false,
            "requireUpperCaseLetter": true,
            "selfServeUnlockDuration": 1,
        });
        let options: PasswordPolicyOptions = serde_json::from_value(stored.clone()).expect("all are there");
        assert_eq!(serde_json::to_value(&options).expect("plain data"), stored);

        let base = PasswordPolicy { history: 3, disallow_common: false, ..PasswordPolicy::default() };
        let rules = options.rules(&base);
        assert_eq!((rules.history, rules.disallow_common), (3, false), "the operator's");
        assert_eq!(rules.max_age, Some(Duration::from_hours(90 * 24)));
        let of_rules = PasswordPolicyOptions {
            lockout_password_attempts: 0,
            require_email_verification: false,
            self_serve_unlock_duration: 15,
            ..options
        };
        assert_eq!(PasswordPolicyOptions::of(&rules), of_rules);
    }

    #[test]
    fn every_option_must_be_there_and_no_other() {
        let names: Vec<String> = sample().as_object().expect("an object").keys().cloned().collect();
        assert_eq!(names.len(), 11);
        for name in names {
            let mut lacking = sample();
            lacking.as_object_mut().expect("an object").remove(&name);
            let error = serde_json::from_value::<PasswordPolicyOptions>(lacking).expect_err("incomplete");
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
        let mut more = sample();
        more["history"] = json!(3);
        assert!(serde_json::from_value::<PasswordPolicyOptions>(more).is_err());
    }

    #[test]
    fn numbers_have_ranges() {
        let default = PasswordPolicyOptions::default();
        assert_eq!(default.out_of_range(), None);
        let cases = [
            (PasswordPolicyOptions { min_password_length: 7, ..default.clone() }, "minPasswordLength"),
            (PasswordPolicyOptions { min_password_length: 65, ..default.clone() }, "minPasswordLength"),
            (PasswordPolicyOptions { max_password_age: 24_856, ..default.clone() }, "maxPasswordAge"),
            (
                PasswordPolicyOptions { self_serve_unlock_duration: 0, ..default.clone() },
                "selfServeUnlockDuration",
            ),
            (PasswordPolicyOptions { self_serve_unlock_duration: 31, ..default }, "selfServeUnlockDuration"),
        ];
        for (options, name) in cases {
            assert_eq!(options.out_of_range(), Some(name));
        }
    }
}

//! The words of the pages, one catalog per language beside this file; a field is a key.

use std::sync::LazyLock;

use serde::Deserialize;

use super::language::Language;

/// One catalog. Words in braces are filled in; the templates escape the result.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    pub(crate) sign_in_title: String,
    pub(crate) sign_in_to: String,
    pub(crate) sign_in_plain: String,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) sign_in: String,
    pub(crate) forgot_password_link: String,
    pub(crate) no_account_yet: String,
    pub(crate) sign_up_link: String,
    pub(crate) or: String,
    pub(crate) other_ways: String,
    pub(crate) continue_with: String,
    pub(crate) back_to_sign_in: String,
    pub(crate) go_on: String,
    pub(crate) secured_by: String,
    pub(crate) second_factor_title: String,
    pub(crate) code_from_app: String,
    pub(crate) code_by_email: String,
    pub(crate) code_by_email_to: String,
    pub(crate) code_by_sms: String,
    pub(crate) code_by_sms_to: String,
    pub(crate) code: String,
    pub(crate) recovery_hint: String,
    pub(crate) verify: String,
    pub(crate) resend: String,
    pub(crate) enrol_title: String,
    pub(crate) enrol_text: String,
    pub(crate) enrol_scan: String,
    pub(crate) qr_code: String,
    pub(crate) enrol_manual: String,
    pub(crate) enrol_confirm: String,
    pub(crate) recovery_title: String,
    pub(crate) recovery_text: String,
    pub(crate) recovery_done: String,
    pub(crate) sign_up_title: String,
    pub(crate) sign_up_text: String,
    pub(crate) email: String,
    pub(crate) send_link: String,
    pub(crate) have_account: String,
    pub(crate) sign_up_form_text: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) choose_password: String,
    pub(crate) password_hint: String,
    pub(crate) create_account: String,
    pub(crate) check_mail_title: String,
    pub(crate) check_mail_reset: String,
    pub(crate) check_mail_sign_up: String,
    pub(crate) check_mail_hint: String,
    pub(crate) forgot_title: String,
    pub(crate) forgot_text: String,
    pub(crate) reset_title: String,
    pub(crate) reset_text: String,
    pub(crate) new_password: String,
    pub(crate) save_password: String,
    pub(crate) verify_email_title: String,
    pub(crate) verify_email_text: String,
    pub(crate) confirm: String,
    pub(crate) done_reset_title: String,
    pub(crate) done_reset: String,
    pub(crate) done_sign_up_title: String,
    pub(crate) done_sign_up: String,
    pub(crate) done_verify_title: String,
    pub(crate) done_verify: String,
    pub(crate) consent_title: String,
    pub(crate) consent_text: String,
    pub(crate) consent_user: String,
    pub(crate) consent_hint: String,
    pub(crate) allow: String,
    pub(crate) deny: String,
    pub(crate) scope_openid: String,
    pub(crate) scope_profile: String,
    pub(crate) scope_email: String,
    pub(crate) scope_phone: String,
    pub(crate) scope_address: String,
    pub(crate) scope_offline_access: String,
    pub(crate) scope_other: String,
    pub(crate) sign_out_title: String,
    pub(crate) sign_out_text: String,
    pub(crate) sign_out: String,
    pub(crate) signed_out_title: String,
    pub(crate) signed_out_text: String,
    pub(crate) back_to: String,
    pub(crate) form_post_title: String,
    pub(crate) form_post_text: String,
    pub(crate) alert_wrong_credentials: String,
    pub(crate) alert_field_missing: String,
    pub(crate) alert_account_inactive: String,
    pub(crate) alert_client_not_allowed: String,
    pub(crate) alert_wrong_code: String,
    pub(crate) alert_code_gone: String,
    pub(crate) alert_code_sent: String,
    pub(crate) alert_no_destination: String,
    pub(crate) alert_too_many_attempts: String,
    pub(crate) alert_password_weak: String,
    pub(crate) rule_too_short: String,
    pub(crate) rule_too_long: String,
    pub(crate) rule_lower_case_letter: String,
    pub(crate) rule_upper_case_letter: String,
    pub(crate) rule_number: String,
    pub(crate) rule_symbol: String,
    pub(crate) rule_first_name: String,
    pub(crate) rule_last_name: String,
    pub(crate) rule_common: String,
    pub(crate) rule_former: String,
    pub(crate) alert_password_unchanged: String,
    pub(crate) alert_email_invalid: String,
    pub(crate) alert_email_mismatch: String,
    pub(crate) alert_account_exists: String,
    pub(crate) alert_provider_denied: String,
    pub(crate) alert_provider_refused: String,
    pub(crate) alert_provider_unreachable: String,
    pub(crate) alert_unavailable: String,
    pub(crate) reason_start_at_app_title: String,
    pub(crate) reason_start_at_app: String,
    pub(crate) reason_transaction_title: String,
    pub(crate) reason_transaction: String,
    pub(crate) reason_client_title: String,
    pub(crate) reason_client_unknown: String,
    pub(crate) reason_redirect_uri: String,
    pub(crate) reason_logout_uri: String,
    pub(crate) reason_request_title: String,
    pub(crate) reason_request: String,
    pub(crate) reason_link_title: String,
    pub(crate) reason_link: String,
    pub(crate) reason_sign_up_closed_title: String,
    pub(crate) reason_sign_up_closed: String,
    pub(crate) reason_access_denied_title: String,
    pub(crate) reason_access_denied: String,
    pub(crate) reason_not_found_title: String,
    pub(crate) reason_not_found: String,
    pub(crate) reason_too_many_title: String,
    pub(crate) reason_unavailable_title: String,
    pub(crate) reason_unavailable: String,
    pub(crate) reason_internal_title: String,
    pub(crate) reason_internal: String,
    pub(crate) request_id: String,
    pub(crate) detail: String,
}

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| read(include_str!("texts/en.json")));
static GERMAN: LazyLock<Texts> = LazyLock::new(|| read(include_str!("texts/de.json")));
static FRENCH: LazyLock<Texts> = LazyLock::new(|| read(include_str!("texts/fr.json")));
static SPANISH: LazyLock<Texts> = LazyLock::new(|| read(include_str!("texts/es.json")));

impl Texts {
    /// The catalog of that language.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::German => &GERMAN,
            Language::French => &FRENCH,
            Language::Spanish => &SPANISH,
        }
    }
}

fn read(catalog: &str) -> Texts {
    serde_json::from_str(catalog).expect("a test reads every catalog, and they are part of the binary")
}

/// The text with `value` in place of `name`; what the value holds is not filled in again.
pub(crate) fn filled(text: &str, name: &str, value: &str) -> String {
    let (before, after) = around(text, name);
    format!("{before}{value}{after}")
}

/// What stands before and after `name`.
pub(crate) fn around<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    text.split_once(name).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn pairs(language: Language) -> BTreeMap<String, String> {
        let catalog = match language {
            Language::English => include_str!("texts/en.json"),
            Language::German => include_str!("texts/de.json"),
            Language::French => include_str!("texts/fr.json"),
            Language::Spanish => include_str!("texts/es.json"),
        };
        serde_json::from_str(catalog).expect("a catalog is an object of texts")
    }

    /// The words in braces.
    fn names(text: &str) -> Vec<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn every_catalog_has_every_key_and_every_name() {
        let english = pairs(Language::English);
        for language in Language::ALL {
            // Reading it proves that no key is missing, and none too many.
            assert!(!Texts::of(language).sign_in.is_empty());
            for (key, text) in pairs(language) {
                assert!(!text.trim().is_empty(), "{language:?} {key}");
                assert_eq!(names(&text), names(&english[&key]), "{language:?} {key}");
            }
        }
    }

    #[test]
    fn languages_differ() {
        let english = pairs(Language::English);
        for language in [Language::German, Language::French, Language::Spanish] {
            let same = pairs(language).into_iter().filter(|(key, text)| english[key] == *text).count();
            assert!(same < english.len() / 10, "{language:?} has {same} texts in English");
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_in_again() {
        assert_eq!(filled("Allow {client}?", "{client}", "{client}{{7*7}}"), "Allow {client}{{7*7}}?");
    }
}

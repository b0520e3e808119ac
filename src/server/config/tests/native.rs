//! Second factors, links, sign-up, limits on messages, rules for passwords.

use doorward_core::domain::second_factor::{OtpMethod, SecondFactorPolicy};
use doorward_core::usecase::SignUpSettings;

use super::*;

#[test]
fn nothing_said_means_no_second_factor_and_open_sign_up() {
    let settings = load("", &[]).expect("defaults are usable");
    let second_factor = settings.native.second_factor();
    assert_eq!((second_factor.policy, second_factor.method), (SecondFactorPolicy::Off, OtpMethod::Email));
    assert_eq!((second_factor.code_ttl, second_factor.issuer.as_str()), (Duration::from_mins(5), "Doorward"));
    assert_eq!(settings.native.sign_up(), Some(SignUpSettings::default()));
    let links = settings.native.links("https://auth.example.com");
    assert_eq!(links.reset_password, "https://auth.example.com/reset-password");
    assert_eq!(links.sign_up, "https://auth.example.com/sign-up");
    assert_eq!(links.verify_email, "https://auth.example.com/verify-email");
    let half_an_hour = Duration::from_mins(30);
    assert_eq!((links.reset_password_ttl, links.sign_up_ttl), (half_an_hour, half_an_hour));
    assert_eq!(links.verify_email_ttl, Duration::from_hours(24));
    let limits = settings.limits.messages().expect("limits are on");
    assert_eq!((limits.destination.burst, limits.destination.refill), (10, Duration::from_mins(6)));
    assert_eq!((limits.address.burst, limits.address.refill), (300, Duration::from_secs(5)));
    let policy = settings.passwords.policy();
    assert_eq!((policy.history, policy.max_age, policy.disallow_common), (0, None, true));
}

#[test]
fn second_factors_and_sign_up_are_read() {
    let file = r#"
        [native]
        mfa = "required"
        otp_method = "totp"
        otp_ttl = "2m"
        otp_issuer = "Acme & Sons"
        web_app_url = "https://app.example.com/"
        verify_email_url = "https://other.example.com/mail/"
        sign_up_tenant = "acme"
        sign_up_role = "Reader"
        sign_up_clients = ["webapp"]

        [limits]
        message_burst = 1
        message_address_refill = "1s"

        [passwords]
        history = 24
        max_age = "90d"
        disallow_common = false
    "#;
    let settings = load(file, &[]).expect("usable");
    let second_factor = settings.native.second_factor();
    assert_eq!((second_factor.policy, second_factor.method), (SecondFactorPolicy::Required, OtpMethod::Totp));
    assert_eq!(
        (second_factor.code_ttl, second_factor.issuer.as_str()),
        (Duration::from_mins(2), "Acme & Sons")
    );
    let sign_up = settings.native.sign_up().expect("open");
    assert_eq!((sign_up.tenant.as_deref(), sign_up.role.as_deref()), (Some("acme"), Some("Reader")));
    assert_eq!(sign_up.clients, Some(vec!["webapp".to_owned()]));
    let links = settings.native.links("https://auth.example.com");
    assert_eq!(links.reset_password, "https://app.example.com/reset-password", "the app's, if there is one");
    assert_eq!(links.verify_email, "https://other.example.com/mail");
    let limits = settings.limits.messages().expect("limits are on");
    assert_eq!((limits.destination.burst, limits.address.refill), (1, Duration::from_secs(1)));
    let policy = settings.passwords.policy();
    assert_eq!(policy.max_age, Some(Duration::from_hours(90 * 24)));
    assert_eq!((policy.history, policy.disallow_common), (24, false));
}

#[test]
fn sign_up_and_limits_can_be_switched_off() {
    let settings = load("[native]\nsign_up = \"off\"\n[limits]\nenabled = false", &[]).expect("usable");
    assert_eq!(settings.native.sign_up(), None);
    assert!(settings.limits.messages().is_none());
}

#[test]
fn what_would_be_unsafe_or_useless_is_refused() {
    let cases = [
        ("native", "mfa = \"always\""),
        ("native", "otp_method = \"pigeon\""),
        ("native", "otp_ttl = \"11m\""),
        ("native", "otp_ttl = \"1s\""),
        ("native", "otp_issuer = \"a:b\""),
        ("native", "otp_issuer = \"\""),
        ("native", "reset_password_url = \"/reset\""),
        ("native", "sign_up_url = \"https://a.test/?next=1\""),
        ("native", "reset_password_ttl = \"31m\""),
        ("native", "reset_password_ttl = \"0s\""),
        ("native", "sign_up_ttl = \"25h\""),
        ("native", "verify_email_ttl = \"8d\""),
        ("native", "sign_up = \"closed\""),
        ("limits", "message_burst = 0"),
        ("limits", "message_refill = \"0s\""),
        ("limits", "message_address_burst = 0"),
        ("limits", "message_address_refill = \"2h\""),
        ("passwords", "history = 25"),
        ("passwords", "max_age = 90"),
        ("passwords", "disallow_common = \"yes\""),
        ("providers.google", "trust_mfa = \"yes\""),
    ];
    for (section, entry) in cases {
        let line = complaint(&format!("[{section}]\n{entry}"), &[]);
        assert!(line.starts_with(&format!("configuration error: {section}.{entry}")), "{line}");
        assert!(line.contains("expected "), "{line}");
    }
}

#[test]
fn a_provider_is_trusted_with_second_factors_only_when_it_is_said() {
    let settings = load("[providers.google]\n[providers.azure]\ntrust_mfa = true", &[]).expect("usable");
    let trusted = |id: &str| settings.providers[id].trust_mfa;
    assert_eq!((trusted("google"), trusted("azure")), (false, true));
}

//! The table of cases; `docs/federation.md` tells the same.

use uuid::Uuid;

use super::*;
use crate::domain::ids::Id as _;
use crate::domain::time::Timestamp;
use crate::domain::user::User;

const ISSUER: &str = "https://idp.test";

fn user_id(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

fn link_id() -> IdentityId {
    IdentityId::from_uuid(Uuid::from_u128(77))
}

fn account(number: u128, email: &str, email_verified: bool) -> Account {
    let user = User {
        id: user_id(number),
        username: format!("user{number}"),
        email: Some(email.to_owned()),
        email_verified,
        phone: None,
        first_name: String::new(),
        middle_name: None,
        last_name: None,
        gender: None,
        dob: None,
        photo_url: None,
        designation: None,
        default_tenant: None,
        last_login: None,
        deleted_at: None,
        credential_version: 0,
        epoch: 0,
    };
    Account { user, password_hash: None, clients: Vec::new() }
}

/// One line of the table; `Default` is the plainest sign-in of a stranger.
struct Case {
    intent: Intent,
    email: Option<&'static str>,
    email_verified: bool,
    /// Whose link, and the issuer it was seen with.
    linked: Option<(u128, &'static str)>,
    same_address: Vec<Account>,
    may_link_by_address: bool,
    may_sign_up: bool,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            intent: Intent::SignIn,
            email: Some("victim@example.test"),
            email_verified: false,
            linked: None,
            same_address: Vec::new(),
            may_link_by_address: false,
            may_sign_up: false,
        }
    }
}

impl Case {
    /// Everything that linking by address asks for.
    fn by_address() -> Self {
        Self {
            email_verified: true,
            same_address: vec![account(1, "victim@example.test", true)],
            may_link_by_address: true,
            ..Self::default()
        }
    }

    fn decide(&self) -> Decision {
        let external = ExternalIdentity {
            issuer: ISSUER.to_owned(),
            subject: "42".to_owned(),
            email: self.email.map(str::to_owned),
            email_verified: self.email_verified,
            ..ExternalIdentity::default()
        };
        let linked = self.linked.map(|(user, issuer)| Identity {
            id: link_id(),
            user: user_id(user),
            provider: "google".to_owned(),
            subject: "42".to_owned(),
            issuer: issuer.to_owned(),
        });
        decide(&Facts {
            intent: self.intent,
            external: &external,
            linked: linked.as_ref(),
            same_address: &self.same_address,
            may_link_by_address: self.may_link_by_address,
            may_sign_up: self.may_sign_up,
        })
    }
}

const UNKNOWN: Decision = Decision::Refuse(Refusal::Unknown);

fn signed_in(user: u128) -> Decision {
    Decision::SignIn { identity: link_id(), user: user_id(user) }
}

#[test]
fn a_link_decides_whatever_the_policies_say() {
    for may_sign_up in [false, true] {
        for may_link_by_address in [false, true] {
            // The address is now another account's: the link counts.
            let case = || Case { may_link_by_address, may_sign_up, ..Case::by_address() };
            assert_eq!(Case { linked: Some((2, ISSUER)), ..case() }.decide(), signed_in(2));
            assert_eq!(Case { linked: Some((2, "")), ..case() }.decide(), signed_in(2), "not seen yet");
            let other = Case { linked: Some((2, "https://evil.test")), ..case() };
            assert_eq!(other.decide(), Decision::Refuse(Refusal::OtherIssuer));
        }
    }
}

#[test]
fn issuers_are_compared_exactly() {
    for other in ["https://idp.test/", "https://IDP.test", "http://idp.test", "https://idp.test "] {
        let case = Case { linked: Some((1, other)), ..Case::default() };
        assert_eq!(case.decide(), Decision::Refuse(Refusal::OtherIssuer), "{other}");
    }
}

#[test]
fn who_wants_to_link_is_linked_unless_it_is_anothers() {
    let case =
        |linked| Case { intent: Intent::Link(user_id(1)), linked, may_sign_up: true, ..Case::by_address() };
    assert_eq!(case(None).decide(), Decision::Link { user: user_id(1), by_address: false });
    assert_eq!(case(Some((1, ISSUER))).decide(), signed_in(1), "linked already");
    assert_eq!(case(Some((2, ISSUER))).decide(), Decision::Refuse(Refusal::LinkedToAnother));
    assert_eq!(case(Some((1, "https://evil.test"))).decide(), Decision::Refuse(Refusal::OtherIssuer));
}

#[test]
fn a_stranger_is_refused_or_signed_up() {
    for intent in [Intent::SignIn, Intent::Native] {
        assert_eq!(Case { intent, ..Case::default() }.decide(), UNKNOWN);
        assert_eq!(Case { intent, may_sign_up: true, ..Case::default() }.decide(), Decision::SignUp);
    }
}

#[test]
fn an_address_counts_only_when_everything_is_there() {
    for intent in [Intent::SignIn, Intent::Native] {
        let case = Case { intent, ..Case::by_address() };
        assert_eq!(case.decide(), Decision::Link { user: user_id(1), by_address: true });
    }
    let lacking = [
        ("the policy", Case { may_link_by_address: false, ..Case::by_address() }),
        ("the provider's verification", Case { email_verified: false, ..Case::by_address() }),
        ("an address", Case { email: None, ..Case::by_address() }),
        (
            "our verification",
            Case { same_address: vec![account(1, "victim@example.test", false)], ..Case::by_address() },
        ),
        ("an account", Case { same_address: Vec::new(), ..Case::by_address() }),
        (
            "a single account",
            Case {
                same_address: vec![
                    account(1, "victim@example.test", true),
                    account(2, "victim@example.test", false),
                ],
                ..Case::by_address()
            },
        ),
    ];
    for (what, case) in lacking {
        assert_eq!(case.decide(), UNKNOWN, "{what} is lacking");
        let case = Case { may_sign_up: true, ..case };
        assert_eq!(
            case.decide(),
            Decision::SignUp,
            "{what} is lacking: an account of its own, never the victim's"
        );
    }
    let mut removed = account(1, "victim@example.test", true);
    removed.user.deleted_at = Timestamp::from_unix_seconds(0);
    assert_eq!(Case { same_address: vec![removed], ..Case::by_address() }.decide(), UNKNOWN);
}

#[test]
fn only_the_case_of_ascii_letters_is_forgiven() {
    let case = Case { email: Some("VICTIM@Example.TEST"), ..Case::by_address() };
    assert_eq!(case.decide(), Decision::Link { user: user_id(1), by_address: true });
    for other in [
        "victim+tag@example.test",
        "vic.tim@example.test",
        "victim@example.test.",
        "v\u{131}ctim@example.test",
        "vi\u{441}tim@example.test",
        "\u{fb01}@example.test",
        " victim@example.test",
        "victim@example.test\n",
        "victim@evil@example.test",
        "@example.test",
        "victim",
        "",
    ] {
        assert_eq!(Case { email: Some(other), ..Case::by_address() }.decide(), UNKNOWN, "{other}");
    }
    // Not even when the very same odd address is ours.
    let odd = "vict\u{130}m@example.test";
    let case = Case { email: Some(odd), same_address: vec![account(1, odd, true)], ..Case::by_address() };
    assert_eq!(case.decide(), UNKNOWN);
}

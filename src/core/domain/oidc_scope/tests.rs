use uuid::Uuid;

use super::*;
use crate::domain::ids::{Id as _, MembershipId, TenantId};
use crate::domain::profile::{Address, ProfileDetails};
use crate::domain::tenant::{Tenant, TenantStatus};
use crate::domain::time::Timestamp;

fn known() -> (User, Profile, Membership) {
    let user = User {
        username: "bjensen@example.com".to_owned(),
        first_name: "Barbara".to_owned(),
        middle_name: Some("Jane".to_owned()),
        last_name: Some("Jensen".to_owned()),
        email: Some("babs@jensen.org".to_owned()),
        email_verified: true,
        phone: Some("+15555555555".to_owned()),
        gender: Some("F".to_owned()),
        dob: Some("1990-05-17".parse().expect("a date")),
        designation: Some("Master Carpenter".to_owned()),
        photo_url: Some("https://login.example.com/bjensen.png".to_owned()),
        ..User::sample("bjensen@example.com")
    };
    let details = ProfileDetails {
        nickname: Some("Babs".to_owned()),
        profile_url: Some("https://login.example.com/bjensen".to_owned()),
        timezone: Some("America/Los_Angeles".to_owned()),
        address: Some(Address { country: Some("US".to_owned()), ..Address::default() }),
    };
    let updated_at = Timestamp::from_unix_seconds(1_564_084_099).expect("in range");
    let id = Uuid::from_u128(1);
    let tenant = Tenant {
        id: TenantId::from_uuid(id),
        key: "acme".to_owned(),
        name: "Acme".to_owned(),
        status: TenantStatus::Active,
        epoch: 0,
    };
    let mut membership = Membership::blank(MembershipId::from_uuid(id), user.id, &tenant);
    membership.locale = Some("en-US".to_owned());
    (user, Profile { details, updated_at }, membership)
}

fn told(scopes: &str, requested: &[&str]) -> Value {
    let (user, profile, membership) = known();
    let requested = requested.iter().map(|claim| ((*claim).to_owned(), Value::Null)).collect();
    let known = Known { user: &user, profile: &profile, membership: &membership };
    describe(known, &words(scopes), &requested).into()
}

#[test]
fn oidc_core_5_4_each_scope_stands_for_its_claims() {
    assert_eq!(told("openid user.read", &[]), json!({}));
    assert_eq!(told("email", &[]), json!({"email": "babs@jensen.org", "email_verified": true}));
    assert_eq!(told("phone", &[]), json!({"phone_number": "+15555555555"}));
    assert_eq!(told("address", &[]), json!({"address": {"country": "US"}}));
    let profile = json!({
        "name": "Barbara Jane Jensen", "given_name": "Barbara", "family_name": "Jensen", "middle_name": "Jane",
        "nickname": "Babs", "preferred_username": "bjensen@example.com",
        "profile": "https://login.example.com/bjensen", "picture": "https://login.example.com/bjensen.png",
        "title": "Master Carpenter", "gender": "female", "birthdate": "1990-05-17",
        "zoneinfo": "America/Los_Angeles", "locale": "en-US", "updated_at": 1_564_084_099,
    });
    assert_eq!(told("profile", &[]), profile);
}

#[test]
fn oidc_core_5_5_claims_come_one_by_one_too() {
    assert_eq!(told("openid", &["email", "shoe_size"]), json!({"email": "babs@jensen.org"}));
    let request = ClaimsRequest {
        userinfo: [("phone_number".to_owned(), Value::Null), ("sub".to_owned(), Value::Null)].into(),
        id_token: [("name".to_owned(), Value::Null), ("auth_time".to_owned(), Value::Null)].into(),
    };
    assert_eq!(implied_scopes(&request), ["profile", "phone"]);
    assert_eq!(implied_scopes(&ClaimsRequest::default()), Vec::<&str>::new());
}

#[test]
fn what_is_not_known_is_left_out() {
    let (user, profile, membership) = known();
    let user = User { first_name: String::new(), ..User::sample(&user.username) };
    let profile = Profile { details: ProfileDetails::default(), ..profile };
    let membership = Membership { locale: None, ..membership };
    let known = Known { user: &user, profile: &profile, membership: &membership };
    let claims = describe(known, &words("profile email address phone"), &BTreeMap::new());
    assert_eq!(
        Value::from(claims),
        json!({"preferred_username": "bjensen@example.com", "updated_at": 1_564_084_099})
    );
}

#[test]
fn every_claim_is_known_and_every_scope_stands_for_some() {
    let (user, profile, membership) = known();
    let known = Known { user: &user, profile: &profile, membership: &membership };
    for (claim, scope) in CLAIMS {
        assert!(is_oidc(scope) && value(claim, known).is_some(), "{claim}");
    }
}

#[test]
fn words_come_once_and_in_order() {
    assert_eq!(words("openid  b a b openid"), ["openid", "b", "a"]);
    assert_eq!(words(" "), Vec::<String>::new());
}

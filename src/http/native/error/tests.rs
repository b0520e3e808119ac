use super::*;

fn wire(error: &Error, place: Place) -> (u16, Value) {
    let failure = Failure::raised(error, place);
    (failure.status.as_u16(), failure.body()["error"].clone())
}

#[test]
fn facts_are_worded_as_the_old_service_did() {
    let object = |text: &str| json!({ "message": text });
    for (kind, place, status, message) in [
        (ErrorKind::ClientAuthFailed, Place::Login, 401, object("Client Verification Failed")),
        (ErrorKind::ClientUnknown, Place::Elsewhere, 401, json!("Client Invalid")),
        (ErrorKind::ClientNotAllowed, Place::Login, 401, json!("Client Invalid")),
        (ErrorKind::ClientNotAllowed, Place::LoginToken, 401, object("Client Invalid")),
        (ErrorKind::NoAllowedClients, Place::Login, 422, json!("Client User Missing")),
        (ErrorKind::NoAllowedClients, Place::LoginToken, 401, object("Client Invalid")),
        (ErrorKind::CredentialsMissing, Place::Login, 401, object("Missing credentials")),
        (ErrorKind::CredentialsMissing, Place::LoginToken, 401, json!("Unauthorized")),
        (ErrorKind::InvalidCredentials, Place::Login, 401, object("Invalid Credentials")),
        (ErrorKind::UserNotActiveYet, Place::Login, 400, json!("User not active yet")),
        (ErrorKind::UserInactive, Place::Login, 401, object("UserInactive")),
        (ErrorKind::UserInactive, Place::LoginToken, 401, object("UserInactive")),
        (ErrorKind::UserInactive, Place::Elsewhere, 401, json!("UserInactive")),
        (ErrorKind::NotAMember, Place::Elsewhere, 401, json!("UserDoesNotExist")),
        (ErrorKind::CodeUnknownOrUsed, Place::Elsewhere, 401, json!("Invalid Credentials")),
        (ErrorKind::CodeExpired, Place::Elsewhere, 401, json!("Code Expired")),
        (ErrorKind::CodeUnknownOrUsed, Place::WithoutCode, 401, json!("Token Invalid")),
        (ErrorKind::SecondFactorPending, Place::Elsewhere, 401, json!("User Verification Failed")),
        (ErrorKind::AuthenticatorInForce, Place::Elsewhere, 403, json!("NotAllowedAccess")),
        (ErrorKind::OneTimeCodeWrong, Place::Elsewhere, 401, object("Otp Invalid")),
        (ErrorKind::OneTimeCodeUnknown, Place::Elsewhere, 401, object("Otp Token Incorrect or Expired")),
        (ErrorKind::LinkUnknown, Place::Elsewhere, 401, json!("Token Expired")),
        (ErrorKind::LinkUnknown, Place::SignUp, 401, object("TokenExpired")),
        (ErrorKind::LinkSpent, Place::Elsewhere, 401, json!("TokenRevoked")),
        (ErrorKind::LinkSpent, Place::SignUp, 401, object("TokenRevoked")),
        (ErrorKind::LinkTokenMissing, Place::Elsewhere, 422, json!("TokenMissing")),
        (ErrorKind::EmailMismatch, Place::SignUp, 401, json!("Token Invalid")),
        (ErrorKind::EmailInvalid, Place::SignUp, 422, json!("EmailInvalid")),
        (ErrorKind::NoDestination, Place::Elsewhere, 422, json!("EmailMissing")),
        (ErrorKind::AccountExists, Place::SignUp, 409, json!("AccountExists")),
        (ErrorKind::SignUpClosed, Place::SignUp, 403, json!("NotAllowedAccess")),
        (ErrorKind::RefreshUnknownOrUsed, Place::Elsewhere, 401, json!("Token Expired")),
        (ErrorKind::AccessTokenMismatch, Place::Elsewhere, 401, json!("Token Invalid")),
        (ErrorKind::BearerMissing, Place::Elsewhere, 401, json!("Bearer realm=\"Users\"")),
        (ErrorKind::BearerMalformed, Place::Elsewhere, 401, json!(400)),
        (ErrorKind::AccessTokenInvalid, Place::Elsewhere, 401, object("TokenExpired")),
        (ErrorKind::AccessTokenRevoked, Place::Elsewhere, 401, object("TokenRevoked")),
        (ErrorKind::PermissionDenied, Place::Elsewhere, 403, json!("NotAllowedAccess")),
        (ErrorKind::UsernameMismatch, Place::Elsewhere, 403, json!("NotAllowedAccess")),
        (ErrorKind::RefreshTokenMissing, Place::Elsewhere, 422, json!("TokenMissing")),
        (ErrorKind::TenantIdMissing, Place::Elsewhere, 400, json!("Tenant ID is required")),
        (ErrorKind::OldPasswordWrong, Place::ChangeWithOldPassword, 401, json!("Incorrect Password")),
        (
            ErrorKind::PasswordUnchanged,
            Place::ChangeWithOldPassword,
            401,
            json!("Password cannot be same as previous password!"),
        ),
        (
            ErrorKind::ExternalUser,
            Place::ChangeWithOldPassword,
            400,
            json!("PasswordCannotBeChangedForExternalUser"),
        ),
        (ErrorKind::ExternalUser, Place::Elsewhere, 401, json!("PasswordCannotBeChangedForExternalUser")),
    ] {
        let (answered, error) = wire(&kind.into(), place);
        assert_eq!((answered, &error["message"]), (status, &message), "{kind:?}");
        assert!(error["name"].is_string(), "{kind:?}");
    }
}

#[test]
fn defects_tell_nothing() {
    let secret = Error::internal("select * from users failed on db.internal");
    assert_eq!(
        wire(&secret, Place::Elsewhere),
        (500, json!({ "statusCode": 500, "message": "Internal Server Error" }))
    );
    let response = Failure::raised(&ErrorKind::Unavailable.into(), Place::Elsewhere).as_response();
    assert_eq!(response.status().as_u16(), 503);
    assert_eq!(response.header("retry-after"), Some("1"));
}

#[test]
fn waiting_times_are_rounded_up() {
    let kind = ErrorKind::Overloaded(Duration::from_millis(2001));
    let failure = Failure::raised(&kind.into(), Place::Login);
    assert_eq!(failure.name, Some("TooManyRequestsError"));
    assert_eq!(failure.as_response().header("retry-after"), Some("3"));
}

#[test]
fn every_broken_password_rule_is_listed() {
    let error = Error::with_public(ErrorKind::PasswordWeak, "must contain a digit; must contain one of ;:,");
    let (status, body) = wire(&error, Place::Elsewhere);
    assert_eq!(status, 422);
    assert_eq!(body["message"], "The new password must contain a digit; must contain one of ;:,");
    assert_eq!(body["details"][1]["message"], "must contain one of ;:,");
}

#[test]
fn a_wanted_second_factor_brings_the_code_to_go_on_with() {
    let failure = Failure::second_factor_wanted(&Secret::from("pending"));
    let expected = json!({
        "statusCode": 401, "name": "UnauthorizedError", "message": "MfaRequired", "details": { "code": "pending" },
    });
    assert_eq!((failure.status.as_u16(), &failure.body()["error"]), (401, &expected));
}

//! The error of every use-case: rich inside, poor outside.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What failed, as a closed list of facts. Every dialect maps it with one exhaustive `match`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// Unknown client, wrong or missing secret, disabled client (RFC 6749 §5.2 `invalid_client`).
    ClientAuthFailed,
    /// No client of that id, where no authentication was asked for.
    ClientUnknown,
    /// The user may not sign in through this client.
    ClientNotAllowed,
    /// The user may not sign in through any client.
    NoAllowedClients,
    /// Username or password is empty: nobody's are.
    CredentialsMissing,
    /// No such user, no password, or a wrong one: one kind, one text, one timing.
    InvalidCredentials,
    /// The user's membership is REGISTERED.
    UserNotActiveYet,
    /// The user, membership or tenant is switched off, or there is no membership.
    UserInactive,
    /// The user is not a member of the tenant asked for.
    NotAMember,
    /// The code is unknown, used, or another client's.
    CodeUnknownOrUsed,
    /// The code is too old.
    CodeExpired,
    /// The code stands for a sign-in whose second factor is still missing.
    SecondFactorPending,
    /// A new authenticator app needs a code of the one in force.
    AuthenticatorInForce,
    /// The one-time code is wrong.
    OneTimeCodeWrong,
    /// No one-time code is awaited: none was sent, it was used, is too old, or was guessed at too often.
    OneTimeCodeUnknown,
    /// The link's token is no such token, or too old.
    LinkUnknown,
    /// The link was used, or a newer one took its place.
    LinkSpent,
    /// A link's token is needed in the body.
    LinkTokenMissing,
    /// The address is not the link's.
    EmailMismatch,
    /// The address is no e-mail address, or too long.
    EmailInvalid,
    /// The account has no address that a message could go to.
    NoDestination,
    /// There is such an account already.
    AccountExists,
    /// Nobody may sign up here, or the operator has not said into which tenant.
    SignUpClosed,
    /// The refresh token is unknown, too old, used, or its session is over.
    RefreshUnknownOrUsed,
    /// The access token is not the one issued with the refresh token.
    AccessTokenMismatch,
    /// No bearer token was presented.
    BearerMissing,
    /// The `Authorization` header is not `Bearer <token>`.
    BearerMalformed,
    /// The access token is not ours, tampered with, or too old.
    AccessTokenInvalid,
    /// The access token was revoked.
    AccessTokenRevoked,
    /// The token lacks a permission.
    PermissionDenied,
    /// A refresh token is needed in the body.
    RefreshTokenMissing,
    /// A tenant id is needed in the body.
    TenantIdMissing,
    /// The username in the body is not the token's.
    UsernameMismatch,
    /// The current password is needed in the body.
    OldPasswordMissing,
    /// The current password is not that one.
    OldPasswordWrong,
    /// A new password is needed in the body.
    PasswordMissing,
    /// The new password breaks the policy; `public` and [`BrokenRules`](super::password_policy::BrokenRules) say which rules.
    PasswordWeak,
    /// The new password is the current one.
    PasswordUnchanged,
    /// The user signs in at an identity provider and has no password here.
    ExternalUser,
    /// No provider of that id is configured, or it cannot do that.
    ProviderUnknown,
    /// The attempt is unknown, used, too old, another browser's, or what it was for is gone.
    LoginAttemptUnknown,
    /// The user pressed cancel at the provider.
    UpstreamDenied,
    /// The provider refused, what it sent does not prove anything, or nobody here may sign in with it.
    UpstreamRefused,
    /// The provider does not answer; try again after the given time.
    UpstreamUnreachable(Duration),
    /// The provider answered with something that is no answer.
    UpstreamFaulty,
    /// The operator has to change something about the provider; the log says what.
    UpstreamMisconfigured,
    /// The account at the provider is linked to another user.
    IdentityTaken,
    /// It is the only way the user can sign in.
    OnlyWayToSignIn,
    /// A request that is missing a parameter, has one twice, or one that means nothing (RFC 6749 §5.2 `invalid_request`);
    /// `public` says which.
    RequestInvalid,
    /// The redirect URI is missing or is none of the client's: nobody is sent there (RFC 6749 §4.1.2.1).
    RedirectUriInvalid,
    /// A response type other than `code` (RFC 6749 §4.1.2.1).
    ResponseTypeUnsupported,
    /// A grant type that nobody may use here (RFC 6749 §5.2).
    GrantTypeUnsupported,
    /// The client may not use that grant (RFC 6749 §5.2 `unauthorized_client`).
    GrantNotAllowed,
    /// A scope that does not exist, is not the client's, or is more than was granted (RFC 6749 §5.2).
    ScopeInvalid,
    /// A resource that is not the client's (RFC 8707 §2 `invalid_target`).
    TargetInvalid,
    /// The code was issued for another redirect URI (RFC 6749 §4.1.3).
    RedirectUriMismatch,
    /// The PKCE verifier is missing, not expected, or not the challenge's (RFC 7636 §4.6).
    PkceMismatch,
    /// `request` is not supported (OpenID Connect Core §3.1.2.6).
    RequestObjectUnsupported,
    /// `request_uri` is not supported (OpenID Connect Core §3.1.2.6).
    RequestUriUnsupported,
    /// `registration` is not supported (OpenID Connect Core §3.1.2.6).
    RegistrationUnsupported,
    /// Somebody has to sign in, and no page may be shown (OpenID Connect Core §3.1.2.6).
    LoginRequired,
    /// Somebody has to consent, and no page may be shown (OpenID Connect Core §3.1.2.6).
    ConsentRequired,
    /// Somebody has to do something, and no page may be shown (OpenID Connect Core §3.1.2.6).
    InteractionRequired,
    /// The user said no, or may not use the client (RFC 6749 §4.1.2.1 `access_denied`).
    AccessDenied,
    /// The sign-in's page is too old, was opened in another browser, or was not sent by a page of ours.
    TransactionUnknown,
    /// The token lacks the scope (RFC 6750 §3.1).
    ScopeInsufficient,
    /// The token belongs to another client (RFC 7009 §2.1).
    TokenForeign,
    /// The ID token is not ours, or not for this.
    IdTokenInvalid,
    /// No such object, or one of another tenant.
    NotFound,
    /// Too many failed attempts; try again after the given time.
    TooManyAttempts(Duration),
    /// Too much work is queued; try again after the given time.
    Overloaded(Duration),
    /// A part the answer depends on cannot be reached; try again.
    Unavailable,
    /// A defect or a broken row; the log says which.
    Internal,
}

/// An error with its cause.
#[derive(Debug)]
pub struct Error {
    /// The fact.
    pub kind: ErrorKind,
    /// What a stranger may read beside the kind; empty when the kind says all.
    pub public: Cow<'static, str>,
    /// For the log.
    pub source: Option<Source>,
}

impl Error {
    /// An error whose kind says all.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self { kind, public: Cow::Borrowed(""), source: None }
    }

    /// With a text that a stranger may read.
    #[must_use]
    pub fn with_public(kind: ErrorKind, public: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, public: public.into(), source: None }
    }

    /// With a cause for the log.
    #[must_use]
    pub fn because(kind: ErrorKind, source: impl Into<Source>) -> Self {
        Self { kind, public: Cow::Borrowed(""), source: Some(source.into()) }
    }

    /// A defect, with its cause.
    #[must_use]
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::because(ErrorKind::Internal, source)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        if !self.public.is_empty() {
            write!(f, " ({})", self.public)?;
        }
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

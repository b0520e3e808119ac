//! What can be made to go wrong.

use std::time::Duration;

use doorward_core::ports::provider::ProviderKind;

use crate::routes::Endpoint;

/// One thing that goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The ID token is signed with a key that nobody published, under a published `kid`.
    BadSignature,
    /// `alg: none`, no signature.
    AlgNone,
    /// HS256 with the client secret.
    Hs256,
    /// HS256 with the published RSA key as the secret.
    Hs256PublicKey,
    /// A `kid` that nobody published.
    OtherKid,
    /// Another `iss`.
    WrongIssuer,
    /// `iss` with a slash at its end.
    IssuerTrailingSlash,
    /// `aud` is another client.
    OtherAudience,
    /// `aud` is a list of two, and there is no `azp`.
    AudienceListWithoutAzp,
    /// `azp` is another client.
    WrongAzp,
    /// `exp` is an hour ago.
    Expired,
    /// There is no `exp`.
    NoExpiry,
    /// `iat` is a week ago (`exp` is fine).
    IssuedLongAgo,
    /// `iat` and `nbf` are ten minutes ahead.
    IssuedAhead,
    /// No `nonce`.
    NonceMissing,
    /// Another `nonce`.
    NonceOther,
    /// `at_hash` of another access token.
    AtHashWrong,
    /// No `sub`.
    SubMissing,
    /// An empty `sub`.
    SubEmpty,
    /// A `sub` of 10 KB.
    SubHuge,
    /// `sub` is a number.
    SubNumber,
    /// The token response has no ID token.
    NoIdToken,
    /// Userinfo tells of somebody else.
    UserinfoOtherSub,
    /// `debug_token` tells of another app.
    OtherApp,
    /// `debug_token` tells of another user.
    OtherUser,
    /// `debug_token` calls the access token invalid.
    InvalidToken,
    /// The profile tells of somebody else than the token response (Instagram).
    OtherProfile,
    /// The authorization response carries an `iss` of another provider (RFC 9207).
    ResponseIssuer,
    /// Neither assertion nor response is signed (SAML).
    Unsigned,
    /// The assertion is for another address (SAML's `Recipient`).
    WrongRecipient,
    /// The response is for another address (SAML's `Destination`).
    WrongDestination,
    /// The answer is to a request that nobody made (SAML's `InResponseTo`).
    OtherRequest,
    /// The status is a failure, without an assertion (SAML).
    StatusFailed,
    /// The response that was sent last is sent again (SAML).
    Replay,
    /// The answer is to no request, and without `RelayState` (SAML).
    Unsolicited,
    /// The client is unknown, or its secret wrong.
    RefuseClient,
    /// The answer takes this long.
    Slow(Duration),
    /// The answer is this status, with an HTML page.
    Status(u16),
    /// The answer is an HTML page with status 200.
    Html,
    /// The answer never ends.
    Huge,
    /// The answer comes one byte a second.
    Drip,
    /// The answer redirects to the place that [`crate::DevIdp::canary_calls`] counts.
    Redirect,
}

/// Every fault that needs no figure, under the word `/_fault` knows it by.
const WORDS: &[(&str, Fault)] = &[
    ("bad_signature", Fault::BadSignature),
    ("alg_none", Fault::AlgNone),
    ("hs256", Fault::Hs256),
    ("hs256_public_key", Fault::Hs256PublicKey),
    ("other_kid", Fault::OtherKid),
    ("wrong_issuer", Fault::WrongIssuer),
    ("issuer_trailing_slash", Fault::IssuerTrailingSlash),
    ("other_audience", Fault::OtherAudience),
    ("audience_list_without_azp", Fault::AudienceListWithoutAzp),
    ("wrong_azp", Fault::WrongAzp),
    ("expired", Fault::Expired),
    ("no_expiry", Fault::NoExpiry),
    ("issued_long_ago", Fault::IssuedLongAgo),
    ("issued_ahead", Fault::IssuedAhead),
    ("nonce_missing", Fault::NonceMissing),
    ("nonce_other", Fault::NonceOther),
    ("at_hash_wrong", Fault::AtHashWrong),
    ("sub_missing", Fault::SubMissing),
    ("sub_empty", Fault::SubEmpty),
    ("sub_huge", Fault::SubHuge),
    ("sub_number", Fault::SubNumber),
    ("no_id_token", Fault::NoIdToken),
    ("userinfo_other_sub", Fault::UserinfoOtherSub),
    ("other_app", Fault::OtherApp),
    ("other_user", Fault::OtherUser),
    ("invalid_token", Fault::InvalidToken),
    ("other_profile", Fault::OtherProfile),
    ("response_issuer", Fault::ResponseIssuer),
    ("unsigned", Fault::Unsigned),
    ("wrong_recipient", Fault::WrongRecipient),
    ("wrong_destination", Fault::WrongDestination),
    ("other_request", Fault::OtherRequest),
    ("status_failed", Fault::StatusFailed),
    ("replay", Fault::Replay),
    ("unsolicited", Fault::Unsolicited),
    ("refuse_client", Fault::RefuseClient),
    ("html", Fault::Html),
    ("huge", Fault::Huge),
    ("drip", Fault::Drip),
    ("redirect", Fault::Redirect),
];

impl Fault {
    /// What is wrong with ID tokens, userinfo and `debug_token`: each must make a sign-in fail.
    pub const OF_ID_TOKENS: [Self; 21] = [
        Self::BadSignature,
        Self::AlgNone,
        Self::Hs256,
        Self::Hs256PublicKey,
        Self::OtherKid,
        Self::WrongIssuer,
        Self::IssuerTrailingSlash,
        Self::OtherAudience,
        Self::AudienceListWithoutAzp,
        Self::WrongAzp,
        Self::Expired,
        Self::NoExpiry,
        Self::IssuedLongAgo,
        Self::IssuedAhead,
        Self::NonceMissing,
        Self::NonceOther,
        Self::AtHashWrong,
        Self::SubMissing,
        Self::SubEmpty,
        Self::SubHuge,
        Self::SubNumber,
    ];

    /// What is wrong with SAML responses: each must make a sign-in fail. ([`Fault::Replay`] does once there is something to send
    /// again.)
    pub const OF_SAML: [Self; 13] = [
        Self::BadSignature,
        Self::WrongIssuer,
        Self::OtherAudience,
        Self::Expired,
        Self::IssuedLongAgo,
        Self::IssuedAhead,
        Self::SubMissing,
        Self::SubEmpty,
        Self::Unsigned,
        Self::WrongRecipient,
        Self::WrongDestination,
        Self::OtherRequest,
        Self::StatusFailed,
    ];

    /// Reads the word of `/_fault`: one of the list, `slow:SECONDS` or `status:NUMBER`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(seconds) = text.strip_prefix("slow:") {
            return seconds.parse().ok().map(|seconds| Self::Slow(Duration::from_secs(seconds)));
        }
        if let Some(status) = text.strip_prefix("status:") {
            return status.parse().ok().map(Self::Status);
        }
        WORDS.iter().find(|(word, _)| *word == text).map(|(_, fault)| *fault)
    }

    /// The words of `/_fault`.
    pub(crate) fn words() -> impl Iterator<Item = &'static str> {
        WORDS.iter().map(|(word, _)| *word).chain(["slow:SECONDS", "status:NUMBER"])
    }

    /// Whether it concerns the answer as such, whatever it is about.
    pub(crate) fn is_transport(self) -> bool {
        matches!(
            self,
            Self::Slow(_) | Self::Status(_) | Self::Html | Self::Huge | Self::Drip | Self::Redirect
        )
    }
}

/// A fault with the place where it happens; `None` = everywhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Armed {
    pub(crate) fault: Fault,
    pub(crate) kind: Option<ProviderKind>,
    pub(crate) endpoint: Option<Endpoint>,
}

impl Armed {
    pub(crate) fn concerns(&self, kind: ProviderKind, endpoint: Endpoint) -> bool {
        self.kind.is_none_or(|only| only == kind) && self.endpoint.is_none_or(|only| only == endpoint)
    }
}

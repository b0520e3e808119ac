//! The native dialect: the paths, bodies and errors of the old authentication service.

mod authenticator;
pub(crate) mod body;
pub(crate) mod condition;
mod document;
mod email;
pub(crate) mod error;
mod federation;
mod filter;
mod form;
mod login;
mod login_activity;
mod logout;
mod me;
mod operations;
mod otp;
mod password;
pub(crate) mod query_string;
mod refresh;
mod reply;
mod report;
mod reset_password;
pub(crate) mod schema;
mod sign_up;
mod strict_json;
mod token;
mod wire;

use poem::IntoEndpoint as _;
use poem::endpoint::BoxEndpoint;
use poem_openapi::{OpenApiService, Tags};

use self::authenticator::AuthenticatorApi;
use self::email::EmailApi;
use self::federation::{
    AppleApi, AzureApi, CognitoApi, FacebookApi, GoogleApi, IdentitiesApi, InstagramApi, KeycloakApi,
    LinkApi, MetadataApi, NativeSignInApi, ProviderLogoutApi, ProvidersApi, SamlApi,
};
use self::login::LoginApi;
use self::login_activity::LoginActivityApi;
use self::logout::LogoutApi;
use self::me::MeApi;
use self::otp::OtpApi;
use self::password::PasswordApi;
use self::refresh::RefreshApi;
use self::reset_password::ResetPasswordApi;
use self::sign_up::SignUpApi;
use self::token::TokenApi;

/// The controllers of the old service.
#[derive(Tags)]
#[expect(clippy::enum_variant_names, reason = "the names of the old service's document")]
enum Tag {
    LoginController,
    LogoutController,
    LoginActivityController,
    OtpController,
    ForgetPasswordController,
    SignupRequestController,
    EmailController,
    GoogleLoginController,
    AzureLoginController,
    CognitoLoginController,
    KeycloakLoginController,
    AppleLoginController,
    FacebookLoginController,
    InstagramLoginController,
    SamlLoginController,
    ProviderController,
}

type PasswordApis = (LoginApi, TokenApi, RefreshApi, MeApi, PasswordApi, LogoutApi, LoginActivityApi);
type VerificationApis = (OtpApi, AuthenticatorApi, ResetPasswordApi, SignUpApi, EmailApi);
type KindApis = (GoogleApi, AzureApi, CognitoApi, KeycloakApi, AppleApi, FacebookApi, InstagramApi, SamlApi);
type FederationApis = (ProvidersApi, NativeSignInApi, LinkApi, IdentitiesApi, ProviderLogoutApi, MetadataApi);

fn service() -> OpenApiService<(PasswordApis, VerificationApis, KindApis, FederationApis), ()> {
    let password = (LoginApi, TokenApi, RefreshApi, MeApi, PasswordApi, LogoutApi, LoginActivityApi);
    let verification = (OtpApi, AuthenticatorApi, ResetPasswordApi, SignUpApi, EmailApi);
    let kinds = (GoogleApi, AzureApi, CognitoApi, KeycloakApi, AppleApi, FacebookApi, InstagramApi, SamlApi);
    let federation = (ProvidersApi, NativeSignInApi, LinkApi, IdentitiesApi, ProviderLogoutApi, MetadataApi);
    OpenApiService::new((password, verification, kinds, federation), "Authentication Service", "1.0.0")
        .server("/")
}

/// All endpoints of the dialect.
pub(crate) fn endpoint() -> BoxEndpoint<'static> {
    service().into_endpoint()
}

/// The OpenAPI document of the dialect: pretty-printed JSON, the same for the same source.
#[must_use]
pub fn native_document() -> String {
    document::complete(&service().spec())
}

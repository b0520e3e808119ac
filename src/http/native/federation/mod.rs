//! Signing in at identity providers: start, callback, native sign-in, linking.

mod begin;
mod callback;
mod identities;
mod link;
mod logout;
mod metadata;
mod native_sign_in;
mod redirect;
mod routes;

pub(super) use self::identities::IdentitiesApi;
pub(super) use self::link::LinkApi;
pub(super) use self::logout::ProviderLogoutApi;
pub(super) use self::metadata::MetadataApi;
pub(super) use self::native_sign_in::NativeSignInApi;
pub(super) use self::routes::{
    AppleApi, AzureApi, CognitoApi, FacebookApi, GoogleApi, InstagramApi, KeycloakApi, ProvidersApi, SamlApi,
};

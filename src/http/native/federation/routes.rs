//! Start and callback of every kind under the old service's paths, and of any instance under `/auth/providers`.

use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::begin::Start;
use super::callback::Callback;
use super::redirect::Redirect;
use crate::native::Tag;
use crate::native::error::Failure;
use crate::native::form::{Form, Query};
use crate::native::wire::ClientAuthRequest;

/// The routes of the instance whose id is the kind's word: to begin by POST and GET, and the callback.
macro_rules! kind {
    (
        $api:ident, $tag:tt, $provider:tt,
        begin $start:tt: post $post:tt, get $get:tt;
        callback $callback:tt: $($method:tt $function:ident $id:tt),+;
    ) => {
        pub(crate) struct $api;

        #[OpenApi(tag = $tag)]
        impl $api {
            /// Sends the browser to the provider; this instance's id is the kind's name
            #[oai(path = $start, method = "post", operation_id = $post)]
            async fn begin(&self, start: Start, client: Form<ClientAuthRequest>) -> Result<Redirect, Failure> {
                start.by_form($provider, client.0).await
            }

            /// Sends the browser to the provider; a secret in the query is refused unless the settings allow it
            #[oai(path = $start, method = "get", operation_id = $get)]
            async fn begin_by_query(
                &self,
                start: Start,
                client: Query<ClientAuthRequest>,
            ) -> Result<Redirect, Failure> {
                start.by_query($provider, client.0).await
            }

            $(
                /// Where the provider sends the browser back to
                #[oai(path = $callback, method = $method, operation_id = $id)]
                async fn $function(&self, callback: Callback) -> Result<Redirect, Failure> {
                    callback.finish($provider).await
                }
            )+
        }
    };
}

kind! {
    GoogleApi, "Tag::GoogleLoginController", "google",
    begin "/auth/google":
        post "GoogleLoginController.postLoginViaGoogle", get "GoogleLoginController.loginViaGoogle";
    callback "/auth/google-auth-redirect": "get" callback "GoogleLoginController.googleCallback";
}
kind! {
    AzureApi, "Tag::AzureLoginController", "azure",
    begin "/auth/azure":
        post "AzureLoginController.postLoginViaAzure", get "AzureLoginController.getLoginViaAzure";
    callback "/auth/azure-oauth-redirect": "get" callback "AzureLoginController.azureCallback";
}
kind! {
    CognitoApi, "Tag::CognitoLoginController", "cognito",
    begin "/auth/cognito":
        post "CognitoLoginController.postLoginViaCognito", get "CognitoLoginController.loginViaCognito";
    callback "/auth/cognito-auth-redirect": "get" callback "CognitoLoginController.cognitoCallback";
}
kind! {
    KeycloakApi, "Tag::KeycloakLoginController", "keycloak",
    begin "/auth/keycloak":
        post "KeycloakLoginController.postLoginViaKeycloak", get "KeycloakLoginController.loginViaKeycloak";
    callback "/auth/keycloak-auth-redirect": "get" callback "KeycloakLoginController.keycloakCallback";
}
kind! {
    AppleApi, "Tag::AppleLoginController", "apple",
    begin "/auth/oauth-apple":
        post "AppleLoginController.postLoginViaApple", get "AppleLoginController.loginViaApple";
    callback "/auth/apple-oauth-redirect":
        "get" callback "AppleLoginController.appleCallback",
        "post" callback_by_form "AppleLoginController.postAppleCallback";
}
kind! {
    FacebookApi, "Tag::FacebookLoginController", "facebook",
    begin "/auth/facebook":
        post "FacebookLoginController.postLoginViaFacebook", get "FacebookLoginController.loginViaFacebook";
    callback "/auth/facebook-auth-redirect": "get" callback "FacebookLoginController.facebookCallback";
}
kind! {
    InstagramApi, "Tag::InstagramLoginController", "instagram",
    begin "/auth/instagram":
        post "InstagramLoginController.postLoginViaInstagram", get "InstagramLoginController.loginViaInstagram";
    callback "/auth/instagram-auth-redirect": "get" callback "InstagramLoginController.instagramCallback";
}
kind! {
    SamlApi, "Tag::SamlLoginController", "saml",
    begin "/auth/saml":
        post "SamlLoginController.postLoginViaSaml", get "SamlLoginController.loginViaSaml";
    callback "/auth/saml-redirect": "post" callback "SamlLoginController.oktaSamlCallback";
}

/// The routes of any instance, by its id.
pub(crate) struct ProvidersApi;

#[OpenApi(tag = "Tag::ProviderController")]
impl ProvidersApi {
    /// Sends the browser to the provider of that id
    #[oai(path = "/auth/providers/:id", method = "post", operation_id = "ProviderController.begin")]
    async fn begin(
        &self,
        start: Start,
        id: Path<String>,
        client: Form<ClientAuthRequest>,
    ) -> Result<Redirect, Failure> {
        start.by_form(&id.0, client.0).await
    }

    /// Sends the browser to the provider of that id; a secret in the query is refused unless the settings allow it
    #[oai(path = "/auth/providers/:id", method = "get", operation_id = "ProviderController.beginByQuery")]
    async fn begin_by_query(
        &self,
        start: Start,
        id: Path<String>,
        client: Query<ClientAuthRequest>,
    ) -> Result<Redirect, Failure> {
        start.by_query(&id.0, client.0).await
    }

    /// Where the provider of that id sends the browser back to
    #[oai(
        path = "/auth/providers/:id/callback",
        method = "get",
        operation_id = "ProviderController.callback"
    )]
    async fn callback(&self, callback: Callback, id: Path<String>) -> Result<Redirect, Failure> {
        callback.finish(&id.0).await
    }

    /// Where the provider of that id sends the browser back to with a form
    #[oai(
        path = "/auth/providers/:id/callback",
        method = "post",
        operation_id = "ProviderController.callbackByForm"
    )]
    async fn callback_by_form(&self, callback: Callback, id: Path<String>) -> Result<Redirect, Failure> {
        callback.finish(&id.0).await
    }
}

//! Code → tokens.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::RedeemCode;
use poem_openapi::OpenApi;

use super::Tag;
use super::body::Body;
use super::error::Failure;
use super::reply::Reply;
use super::wire::{AuthTokenRequest, TokenResponse};
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

pub(crate) struct TokenApi;

#[OpenApi(tag = "Tag::LoginController")]
impl TokenApi {
    /// Send the code received from the POST /auth/login api and get refresh token and access token (webapps)
    #[oai(path = "/auth/token", method = "post", operation_id = "LoginController.getToken")]
    async fn get_token(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<AuthTokenRequest>,
    ) -> Result<Reply<TokenResponse>, Failure> {
        let AuthTokenRequest { code, client_id } = body.0;
        let command = RedeemCode { actor: origin.anonymous(), code: Secret::new(code), client_id };
        let pair = app.run_to_end(|core| async move { core.redeem_code(command).await }).await?;
        Reply::of(&TokenResponse::from(pair))
    }
}

//! Refresh token → the next tokens, in the same tenant or another.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::{RefreshTokens, SwitchTenant};
use poem_openapi::OpenApi;

use super::Tag;
use super::body::Body;
use super::error::Failure;
use super::reply::Reply;
use super::wire::{AuthRefreshTokenRequest, TokenResponse};
use crate::extract::bearer::{AccompanyingToken, RawBearer};
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

pub(crate) struct RefreshApi;

#[OpenApi(tag = "Tag::LoginController")]
impl RefreshApi {
    /// Gets you a new access and refresh token once your access token is expired
    #[oai(path = "/auth/token-refresh", method = "post", operation_id = "LoginController.exchangeToken")]
    async fn exchange_token(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<AuthRefreshTokenRequest>,
        token: AccompanyingToken,
    ) -> Result<Reply<TokenResponse>, Failure> {
        let command = RefreshTokens {
            origin: origin.0,
            refresh_token: Secret::new(body.0.refresh_token),
            access_token: token.0,
        };
        let pair = app.run_to_end(|core| async move { core.refresh_tokens(command).await }).await?;
        Reply::of(&TokenResponse::from(pair))
    }

    /// To switch the access-token
    #[oai(path = "/auth/switch-token", method = "post", operation_id = "LoginController.switchToken")]
    async fn switch_token(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<AuthRefreshTokenRequest>,
        token: RawBearer,
    ) -> Result<Reply<TokenResponse>, Failure> {
        let command = SwitchTenant {
            origin: origin.0,
            access_token: token.0,
            refresh_token: Secret::new(body.0.refresh_token),
            tenant_id: body.0.tenant_id,
        };
        let pair = app.run_to_end(|core| async move { core.switch_tenant(command).await }).await?;
        Reply::of(&TokenResponse::from(pair))
    }
}

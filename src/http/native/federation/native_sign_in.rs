//! Native sign-in: an app's SDK brings an ID token.

use doorward_core::domain::secret::Secret;
use doorward_core::usecase::{ExchangeIdToken, Exchanged, Goal, NativeClient};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::types::Any;
use serde_json::{Value, json};

use crate::extract::origin::RequestOrigin;
use crate::meter;
use crate::native::Tag;
use crate::native::body::Body;
use crate::native::error::Failure;
use crate::native::reply::Reply;
use crate::native::wire::{
    ClientAuthRequest, CodeResponse, IdTokenRequest, NonceResponse, TokenResponse, secret,
};
use crate::shared::App;

pub(crate) struct NativeSignInApi;

#[OpenApi(tag = "Tag::ProviderController")]
impl NativeSignInApi {
    /// A nonce for one ID token that the app's SDK asks the provider for
    #[oai(path = "/auth/providers/:id/nonce", method = "post", operation_id = "ProviderController.nonce")]
    async fn nonce(
        &self,
        app: App,
        origin: RequestOrigin,
        id: Path<String>,
        body: Body<ClientAuthRequest>,
    ) -> Result<Reply<NonceResponse>, Failure> {
        let ClientAuthRequest { client_id, client_secret } = body.0;
        let client_secret = secret(client_secret);
        let command = NativeClient { actor: origin.anonymous(), provider: id.0, client_id, client_secret };
        let issued = app.run_to_end(|core| async move { core.issue_nonce(command).await }).await?;
        let nonce = issued.nonce.expose().clone();
        Reply::of(&NonceResponse { nonce, expires: issued.expires_at.unix_millis() })
    }

    /// A code, or tokens, for an ID token of the provider
    #[oai(path = "/auth/providers/:id/token", method = "post", operation_id = "ProviderController.token")]
    async fn token(
        &self,
        app: App,
        origin: RequestOrigin,
        id: Path<String>,
        body: Body<IdTokenRequest>,
    ) -> Result<Reply<Any<Value>>, Failure> {
        let IdTokenRequest { client_id, client_secret, id_token, nonce, response } = body.0;
        let client_secret = secret(client_secret);
        let by = NativeClient { actor: origin.anonymous(), provider: id.0, client_id, client_secret };
        let goal = wanted(response.as_deref())?;
        let (id_token, nonce) = (Secret::new(id_token), Secret::new(nonce));
        let command = ExchangeIdToken { by, id_token, nonce, goal };
        let exchanged = app
            .run_to_end(|core| async move { meter::sign_in(core.exchange_id_token(command).await) })
            .await?;
        match exchanged {
            Exchanged::Code(issued) => Reply::of(&CodeResponse { code: issued.code.expose().clone() }),
            Exchanged::Tokens(pair) => Reply::of(&TokenResponse::from(pair)),
            Exchanged::SecondFactorWanted(issued) => Err(Failure::second_factor_wanted(&issued.code)),
        }
    }
}

fn wanted(response: Option<&str>) -> Result<Goal, Failure> {
    match response {
        None | Some("code") => Ok(Goal::Code),
        Some("tokens") => Ok(Goal::Tokens),
        Some(_) => Err(Failure::invalid_body(vec![json!({
            "path": "/response",
            "code": "enum",
            "message": "must be equal to one of the allowed values",
            "info": { "allowedValues": ["code", "tokens"] },
        })])),
    }
}

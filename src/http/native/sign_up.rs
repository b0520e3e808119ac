//! Signing up: a link to an address, an account for who followed it.

use doorward_core::domain::error::Error;
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::{RequestSignUp, SignUp, SignedUp};
use poem_openapi::OpenApi;
use serde_json::Value;

use super::Tag;
use super::body::Body;
use super::error::{Failure, Place};
use super::reply::{Done, Reply};
use super::wire::{LocalUserProfile, LocalUserProfileDto, SignedUpUser, SignupRequest, SignupRequestDto};
use crate::extract::bearer::RawBearer;
use crate::extract::origin::RequestOrigin;
use crate::shared::App;

pub(crate) struct SignUpApi;

#[OpenApi(tag = "Tag::SignupRequestController")]
impl SignUpApi {
    /// Sends a link to an account to the address; the reply is the same where there is one already
    #[oai(
        path = "/auth/sign-up/create-token",
        method = "post",
        operation_id = "SignupRequestController.requestSignup"
    )]
    async fn request_signup(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<SignupRequestDto>,
    ) -> Result<Done, Failure> {
        let SignupRequestDto { email, data } = body.0;
        let data = data.map(|object| Value::Object(object.0));
        let command = RequestSignUp { actor: origin.anonymous(), email, data };
        let asked = app.run_to_end(|core| async move { core.request_sign_up(command).await }).await;
        asked.map_err(|error| refused(&error))?;
        Ok(Done)
    }

    /// Whom the link's token, as bearer, is for; uses nothing up
    #[oai(
        path = "/auth/sign-up/verify-token",
        method = "get",
        operation_id = "SignupRequestController.verifyInviteToken"
    )]
    async fn verify_invite_token(&self, app: App, token: RawBearer) -> Result<Reply<SignupRequest>, Failure> {
        let view = app.core.sign_up_view(&token.0).await.map_err(|error| refused(&error))?;
        Reply::of(&SignupRequest { email: view.email, expiry: None })
    }

    /// Makes the account; the link's token, as bearer, works once
    #[oai(
        path = "/auth/sign-up/create-user",
        method = "post",
        operation_id = "SignupRequestController.signupWithToken"
    )]
    async fn signup_with_token(
        &self,
        app: App,
        origin: RequestOrigin,
        body: Body<LocalUserProfileDto>,
        token: RawBearer,
    ) -> Result<Reply<LocalUserProfile>, Failure> {
        let LocalUserProfileDto { email, password, first_name, middle_name, last_name } = body.0;
        let (token, password) = (token.0, Secret::new(password));
        let actor = origin.anonymous();
        let command = SignUp { actor, token, email, password, first_name, middle_name, last_name };
        let made = app.run_to_end(|core| async move { core.sign_up(command).await }).await;
        Reply::of(&LocalUserProfile::from(made.map_err(|error| refused(&error))?))
    }
}

fn refused(error: &Error) -> Failure {
    Failure::raised(error, Place::SignUp)
}

impl From<SignedUp> for LocalUserProfile {
    fn from(made: SignedUp) -> Self {
        let SignedUp { email, user } = made;
        let user = SignedUpUser {
            id: user.id.to_string(),
            username: user.username,
            email: user.email,
            first_name: user.first_name,
            middle_name: user.middle_name,
            last_name: user.last_name,
            default_tenant_id: user.default_tenant.map(|tenant| tenant.to_string()),
        };
        Self { email, user }
    }
}

//! Who the caller is.

use poem_openapi::OpenApi;

use super::Tag;
use super::error::Failure;
use super::reply::Reply;
use super::wire::AuthUser;
use crate::extract::bearer::Bearer;

pub(crate) struct MeApi;

#[expect(clippy::unused_async, reason = "poem-openapi awaits every handler")]
#[OpenApi(tag = "Tag::LoginController")]
impl MeApi {
    /// To get the user details
    #[oai(path = "/auth/me", method = "get", operation_id = "LoginController.me")]
    async fn me(&self, caller: Bearer) -> Result<Reply<AuthUser>, Failure> {
        Reply::of(&caller.0.claims.user)
    }
}

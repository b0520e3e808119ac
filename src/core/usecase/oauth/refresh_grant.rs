//! Refresh token → the next tokens of this dialect (RFC 6749 §6): the family and its rotation are those of every dialect.

use std::sync::Arc;

use super::id_token::Occasion;
use super::issue_tokens::{TokenReply, require_grant};
use super::scopes::{narrowed, resources_among};
use crate::domain::actor::Origin;
use crate::domain::authorization::{Authorization, GrantType};
use crate::domain::client::Client;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::refresh::Operation;
use crate::domain::secret::Secret;
use crate::usecase::Core;
use crate::usecase::issue_tokens::TokenHolder;
use crate::usecase::rotation::Rotation;

/// A refresh token and how much of what it stands for is wanted.
pub(super) struct RefreshDemand {
    pub(super) refresh_token: Secret<String>,
    pub(super) scope: Option<String>,
    pub(super) resources: Vec<String>,
}

impl Core {
    /// The next tokens of the family. What is wrong with the request is found before anything is used up.
    pub(super) async fn refresh_grant(
        &self,
        client: Arc<Client>,
        demand: &RefreshDemand,
        origin: &Origin,
    ) -> Result<TokenReply, Error> {
        require_grant(&client, GrantType::RefreshToken)?;
        let presented = self.presented_refresh(&demand.refresh_token, None).await?;
        let own = presented.session.oauth.clone().filter(|_| presented.session.client == client.key);
        let authorization = own.ok_or(ErrorKind::RefreshUnknownOrUsed)?;
        let wanted = wanted(authorization, &client, demand)?;
        let mut rotation = self.prepare(presented, Operation::Refresh).map_err(as_client_sees_it)?;
        rotation.session.oauth = Some(wanted);
        let pair = self.rotate(&rotation, &demand.refresh_token, origin).await.map_err(as_client_sees_it)?;
        let Rotation { client, session, user, membership, .. } = &rotation;
        let holder = TokenHolder { client, session, user, membership };
        self.token_reply(holder, pair, Occasion::default()).await
    }
}

/// What this reply is for: scopes that the client has lost since are gone. The family keeps what was granted.
fn wanted(granted: Authorization, client: &Client, demand: &RefreshDemand) -> Result<Authorization, Error> {
    let mut scopes = narrowed(&granted.scopes, demand.scope.as_deref())?;
    scopes.retain(|scope| client.scopes.contains(scope));
    let resources = resources_among(&granted.resources, &demand.resources)?;
    Ok(Authorization { scopes, resources, grant_type: GrantType::RefreshToken, ..granted })
}

/// The client has proved who it is: what is wrong is with the token.
fn as_client_sees_it(error: Error) -> Error {
    match error.kind {
        ErrorKind::ClientUnknown => ErrorKind::RefreshUnknownOrUsed.into(),
        _ => error,
    }
}

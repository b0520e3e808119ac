//! The OAuth 2.0 and OpenID Connect dialect's own use-cases; codes, sessions and rotation are those of every dialect.

mod announce_logout;
mod authenticate_oauth;
mod client_authentication;
mod id_token_info;
mod introspect;
mod issue_tokens;
mod revoke_token;
mod token_info;
mod user_info;

pub use self::client_authentication::PresentedClient;
pub use self::id_token_info::IdTokenInfo;
pub use self::introspect::Introspect;
pub use self::issue_tokens::{GrantRequest, TokenReply, TokenRequest};
pub use self::revoke_token::RevokeToken;

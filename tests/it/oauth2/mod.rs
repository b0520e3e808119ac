//! The OAuth 2.0 and OpenID Connect dialect: one test per MUST, named after the section it is in, and every row of the
//! attacks on its endpoints.

mod assurance;
mod attacks;
mod authorization_request;
mod client_authentication;
mod codes;
mod discovery;
mod grants;
mod id_tokens;
mod introspection;
mod logout;
mod pkce;
mod refresh;
mod revocation;
mod sessions;
mod token_kinds;
mod userinfo;

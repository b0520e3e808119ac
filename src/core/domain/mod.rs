//! Pure data and rules: no I/O, no async, no clock. Imports neither [`crate::ports`] nor [`crate::usecase`].

pub mod activity;
pub mod activity_query;
pub mod actor;
pub mod claims;
pub mod client;
pub mod error;
pub mod federation;
pub mod grant;
pub mod ids;
pub mod import;
pub mod key;
pub mod limit;
pub mod linking;
pub mod membership;
pub mod password_policy;
pub mod redirect_uri;
pub mod refresh;
pub mod revocation;
pub mod secret;
pub mod session;
pub mod tenant;
pub mod time;
pub mod user;

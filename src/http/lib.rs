//! HTTP: translates between the wire and the use-cases of the core, and nothing else.
//!
//! [`app`] is the whole router with its middlewares, [`serve`] the server around it. [`native_document`] and
//! [`oauth2_document`] are the OpenAPI documents of the dialects.

mod app;
mod body;
mod docs;
mod extract;
#[cfg(test)]
mod fakes;
mod figures;
mod health;
mod lingering;
mod meter;
mod middleware;
mod native;
mod oauth2;
mod page;
mod server;
mod settings;
mod shared;
mod urlencoded;
mod wellknown;

pub use self::app::{App, app};
pub use self::figures::Render;
pub use self::native::native_document;
pub use self::oauth2::oauth2_document;
pub use self::server::{serve, serve_metrics};
pub use self::settings::HttpSettings;

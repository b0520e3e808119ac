//! Pages that this service renders itself, without assets of others; nobody's text gets through unescaped.

pub(crate) mod alert;
mod form_page;
pub(crate) mod language;
pub(crate) mod look;
mod policy;
pub(crate) mod render;
pub(crate) mod routes;
mod texts;
pub(crate) mod view;

pub(crate) use self::form_page::FormPage;

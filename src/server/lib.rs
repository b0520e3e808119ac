//! The binary `doorward`: command line, configuration and the place where everything is put together.

pub mod apply_file;
mod carriers;
pub mod cli;
pub mod command;
pub mod config;
mod counted;
mod dev_idp;
mod identity_providers;
mod import;
mod master_key;
pub mod metrics;
mod outbox;
pub mod serve;
pub mod telemetry;
pub mod wire;
mod worker;

//! Identity providers behind [`doorward_core::ports::provider`]: one file per provider, most of them a preset on the OpenID
//! Connect engine.

pub mod settings;

//! How the tests start, drive and look at a server.

pub mod app;
pub mod binary;
pub mod database;
pub mod jwt;
pub mod raw;
pub mod reply;
pub mod requests;

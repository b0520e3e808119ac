//! How the tests start, drive and look at a server.

pub mod app;
pub mod authenticator;
pub mod balancer;
pub mod binary;
pub mod browser;
pub mod certified;
pub mod database;
pub mod document;
pub mod federation;
pub mod jwt;
pub mod landing;
pub mod load;
pub mod mail_server;
pub mod mailbox;
pub mod nodes;
pub mod pages;
pub mod people;
pub mod proxy;
pub mod raw;
pub mod redis;
pub mod reply;
pub mod requests;
pub mod saml;
mod shelf;
pub mod smtp_sink;
pub mod verification;
pub mod wire;

//! Attacks, by the ids of the security tables.

mod authorisation;
mod client_ip;
mod forged_headers;
mod forged_tokens;
mod limits;
mod limits_clients;
mod secrets;

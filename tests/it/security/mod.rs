//! Attacks, by the ids of the security tables.

mod authenticators;
mod authorisation;
mod client_ip;
mod enumeration;
mod forged_headers;
mod forged_tokens;
mod limits;
mod limits_clients;
mod mails;
mod one_time_codes;
mod passwords;
mod reset_links;
mod second_factor_bypass;
mod secrets;
mod sign_up_links;
mod unrecorded;

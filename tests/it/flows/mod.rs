//! What users, applications and operators do, step by step.

mod active_users;
mod activity;
mod activity_filter;
mod algorithms;
mod change_password;
mod code;
mod command_line;
mod federation;
mod login;
mod logout;
mod me;
mod metrics;
mod moving_in;
mod races;
mod refresh;
mod restart;
mod reuse;
mod status;
mod switch;

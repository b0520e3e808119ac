//! What users, applications and operators do, step by step.

mod active_users;
mod activity;
mod activity_filter;
mod algorithms;
mod change_email;
mod change_password;
mod code;
mod command_line;
mod federation;
mod login;
mod logout;
mod me;
mod metrics;
mod moving_in;
mod otp;
mod otp_second_factor;
mod races;
mod refresh;
mod reset_password;
mod restart;
mod reuse;
mod sign_up;
mod status;
mod switch;
mod totp;
mod totp_recovery;

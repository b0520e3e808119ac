//! The core of Doorward: accounts, sessions, tokens. It knows nothing of HTTP, SQL, Redis or SMTP.
//!
//! [`domain`] holds pure data and rules, [`ports`] what is asked of the world, [`usecase`] one verb per file.

pub mod domain;
pub mod ports;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
pub mod usecase;

//! HTTP clients for servers of the tests.

use std::iter::empty;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

/// Follows nothing, asks no proxy, and trusts no certificate: nobody here speaks TLS, and reading the system's list of
/// authorities takes longer than many a test.
pub fn plain() -> ClientBuilder {
    Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only(empty::<reqwest::Certificate>())
}

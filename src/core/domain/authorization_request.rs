//! Authorization requests (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2, OpenID Connect Core §3.1.2.1): what is asked, judged
//! without asking anybody.

use serde::{Deserialize, Serialize};

/// How an authorization response travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI (OAuth 2.0 Multiple Response Types §2.1).
    #[default]
    Query,
    /// In a form that sends itself (OAuth 2.0 Form Post Response Mode §2).
    FormPost,
}

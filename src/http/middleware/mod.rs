//! What happens around every request, outermost first: request id and access log, CORS, security headers, timeout and
//! panic catcher, body limit.

pub(crate) mod body_limit;
pub(crate) mod cors;
pub(crate) mod guard;
pub(crate) mod observe;
pub(crate) mod security_headers;
pub(crate) mod trailing_slash;

//! What a handler needs from the request beside its body.

pub(crate) mod bearer;
pub(crate) mod browser_cookies;
pub(crate) mod client_ip;
pub(crate) mod login_cookie;
pub(crate) mod origin;

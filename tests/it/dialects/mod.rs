//! What every request and reply looks like on the wire, and that no input breaks it.

mod bad_input;
mod bad_input_federation;
mod bad_input_verification;
mod bodies;
mod documents;
mod headers;
mod http2;
mod inputs;
mod routing;
mod smuggling;
mod verification;

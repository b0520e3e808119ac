//! What providers are made of: outbound HTTP and the protocols.

pub(crate) mod address;
pub(crate) mod fetch;
#[cfg(test)]
pub(crate) mod upstream;

//! What tests share: a clock that stands still, randomness that repeats, samples, and the conformance suites of the ports.
//! Only with the feature `testkit`; never in a release.

pub mod clock;
pub mod entropy;
mod oauth_samples;
pub mod revocation_conformance;
pub mod samples;
pub mod scripted_provider;
pub mod store_conformance;

/// What a check answers; `?` reports whatever a port refused.
pub type Checked = Result<(), Box<dyn std::error::Error + Send + Sync>>;

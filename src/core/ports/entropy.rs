//! Randomness.

/// The only source of randomness; cryptographically secure in production.
pub trait Entropy: Send + Sync {
    /// Fills `out`.
    fn fill(&self, out: &mut [u8]);
}

//! What was revoked, in memory.

mod memory;

pub use memory::MemoryRevocations;

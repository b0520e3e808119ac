//! What was revoked: in memory, and carried between nodes through Redis.

mod memory;
mod redis;

pub use memory::MemoryRevocations;
pub use redis::{Courier, RedisRevocations, UnusableUrl, is_redis_url};

//! Memory for argon2, used again and again.
//!
//! A hash needs its 19 MiB for some milliseconds. Given back to the allocator from ever changing threads, they would stay
//! in the arenas of all those threads: hundreds of MiB after a busy minute.

use std::sync::{Mutex, PoisonError};

use argon2::Block;

/// Buffers of the size new hashes need; never more than hashes ran at once.
pub(crate) struct Memory {
    kept_blocks: usize,
    spare: Mutex<Vec<Vec<Block>>>,
}

impl Memory {
    /// Keeps buffers of up to `kept_blocks` KiB; dearer imported hashes get memory of their own, for once.
    pub(crate) fn new(kept_blocks: usize) -> Self {
        Self { kept_blocks, spare: Mutex::default() }
    }

    /// Runs `work` with `count` blocks, whatever they hold.
    pub(crate) fn lend<T>(&self, count: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        if count > self.kept_blocks {
            return work(&mut vec![Block::new(); count]);
        }
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut blocks = spare.unwrap_or_else(|| vec![Block::new(); self.kept_blocks]);
        let outcome = work(blocks.split_at_mut(count).0);
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(blocks);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_and_dear_ones_are_not_kept() {
        let memory = Memory::new(8);
        let spare = || memory.spare.lock().unwrap().len();
        memory.lend(8, |first| {
            assert_eq!(first.len(), 8);
            memory.lend(4, |second| assert_eq!(second.len(), 4));
        });
        assert_eq!(spare(), 2, "two were needed at once");
        memory.lend(8, |_| assert_eq!(spare(), 1));
        memory.lend(9, |dear| assert_eq!(dear.len(), 9));
        assert_eq!(spare(), 2);
    }
}

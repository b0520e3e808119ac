//! Work that is written together: who comes while one group is being written is in the next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// One piece of work, and who waits for its outcome.
pub(crate) struct Member<Work, Outcome> {
    work: Work,
    asker: Asker<Outcome>,
}

impl<Work, Outcome> Member<Work, Outcome> {
    pub(crate) fn split(self) -> (Work, Asker<Outcome>) {
        (self.work, self.asker)
    }
}

/// Who waits for an outcome.
pub(crate) struct Asker<Outcome>(oneshot::Sender<Outcome>);

impl<Outcome> Asker<Outcome> {
    /// Tells them, if they still wait.
    pub(crate) fn answer(self, outcome: Outcome) {
        drop(self.0.send(outcome));
    }
}

/// Where work waits. At most one [`Shift`] takes from it.
pub(crate) struct Queue<Work, Outcome>(Mutex<State<Work, Outcome>>);

struct State<Work, Outcome> {
    waiting: VecDeque<Member<Work, Outcome>>,
    is_served: bool,
}

impl<Work, Outcome> Default for Queue<Work, Outcome> {
    fn default() -> Self {
        Self(Mutex::new(State { waiting: VecDeque::new(), is_served: false }))
    }
}

impl<Work, Outcome> Queue<Work, Outcome> {
    fn state(&self) -> MutexGuard<'_, State<Work, Outcome>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stands in line. With a shift, nobody serves the queue: the caller sees to it that the shift is worked.
    /// The outcome never comes when the shift is given up.
    pub(crate) fn join(
        self: &Arc<Self>,
        work: Work,
    ) -> (oneshot::Receiver<Outcome>, Option<Shift<Work, Outcome>>) {
        let (asker, outcome) = oneshot::channel();
        let mut state = self.state();
        state.waiting.push_back(Member { work, asker: Asker(asker) });
        let is_served = std::mem::replace(&mut state.is_served, true);
        (outcome, (!is_served).then(|| Shift { queue: Arc::clone(self), is_over: false }))
    }
}

/// The right and the duty to serve a queue until it is empty. Given up (dropped) before, it leaves nobody waiting.
pub(crate) struct Shift<Work, Outcome> {
    queue: Arc<Queue<Work, Outcome>>,
    is_over: bool,
}

impl<Work, Outcome> Shift<Work, Outcome> {
    /// Ends the shift if nobody waits.
    pub(crate) fn is_over(&mut self) -> bool {
        let mut state = self.queue.state();
        if state.waiting.is_empty() {
            state.is_served = false;
            self.is_over = true;
        }
        self.is_over
    }

    /// Those in front, without those whose asker has gone: what nobody waits for is not begun.
    pub(crate) fn take(&self, most: usize) -> Vec<Member<Work, Outcome>> {
        let mut state = self.queue.state();
        let count = state.waiting.len().min(most);
        state.waiting.drain(..count).filter(|member| !member.asker.0.is_closed()).collect()
    }
}

impl<Work, Outcome> Drop for Shift<Work, Outcome> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut state = self.queue.state();
            state.is_served = false;
            state.waiting.clear();
        }
    }
}

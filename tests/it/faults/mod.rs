//! What breaks, and what must not.

mod database;
mod kill;
mod overload;
mod shutdown;
mod slow;

//! What breaks, and what must not.

mod database;
mod hang_up;
mod kill;
mod overload;
mod shutdown;
mod slow;

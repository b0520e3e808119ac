//! What breaks, and what must not.

mod database;
mod enumeration;
mod hang_up;
mod kill;
mod migrate_at_once;
mod overload;
mod postgres_revocation;
mod shutdown;
mod single_use;
mod slow;
mod slowhttptest;
mod slowloris;
mod stop_under_load;
mod unready;
mod unsent;

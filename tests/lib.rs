//! The harness of the integration tests: a whole server per test, on SQLite and on PostgreSQL, and the real binary.
//!
//! Every test owns its database, copied from a template that holds [`bootstrap`]'s tenants, roles, clients and users,
//! and a clock that moves only when the test moves it.

pub mod bootstrap;
pub mod harness;

pub use harness::app::{App, Options, run, run_with};
pub use harness::binary::{Binary, Home, Output};
pub use harness::database::Database;
pub use harness::reply::Reply;
pub use harness::requests::Tokens;
pub use harness::{jwt, raw};

/// Runs each of the named `async fn name(app: &App)` on both databases, as tests `name::sqlite` and `name::postgres`.
///
/// `on_both![options; name, …]` starts the server with the [`Options`] that the function `options()` answers.
#[macro_export]
macro_rules! on_both {
    ($options:ident; $($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn sqlite() {
                $crate::run_with($crate::Database::Sqlite, super::$options(), super::$name);
            }

            #[test]
            fn postgres() {
                $crate::run_with($crate::Database::Postgres, super::$options(), super::$name);
            }
        })+
    };
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn sqlite() {
                $crate::run($crate::Database::Sqlite, super::$name);
            }

            #[test]
            fn postgres() {
                $crate::run($crate::Database::Postgres, super::$name);
            }
        })+
    };
}

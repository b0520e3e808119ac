//! The conformance suite of the store port, on both databases.

use doorward_core::for_each_store_check;
use doorward_core::testkit::store_conformance;

use crate::database::{Postgres, Sqlite, Tested};

macro_rules! on_both {
    ($($check:ident),* $(,)?) => {
        mod sqlite {
            use super::{Sqlite, Tested, store_conformance};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $check() -> Tested {
                    let database = Sqlite::create().await?;
                    store_conformance::$check(database.store()).await
                }
            )*
        }
        mod postgres {
            use super::{Postgres, Tested, store_conformance};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $check() -> Tested {
                    let Some(database) = Postgres::create().await? else {
                        return Ok(());
                    };
                    store_conformance::$check(database.store()).await?;
                    database.discard().await
                }
            )*
        }
    };
}
for_each_store_check!(on_both);

/// SQLite has one writer at a time: only PostgreSQL can commit late.
#[tokio::test]
async fn late_commits_are_tailed() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    store_conformance::late_commits_are_tailed(database.store()).await?;
    database.discard().await
}

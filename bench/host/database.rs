//! A database of its own for every stage.

use std::path::Path;

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};
use uuid::Uuid;

/// Where a stage keeps its data; a PostgreSQL database is dropped by [`Place::remove`].
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// `database.url`.
    pub(crate) url: String,
    server: Option<(String, String)>,
}

impl Place {
    pub(crate) fn sqlite(folder: &Path) -> Self {
        Self { url: format!("sqlite://{}", folder.join("doorward.db").display()), server: None }
    }

    /// A new database on the server of `url`, which names another one.
    pub(crate) async fn postgres(url: &str) -> anyhow::Result<Self> {
        let name = format!("bench_{}", Uuid::now_v7().simple());
        administer(url, &format!("CREATE DATABASE {name}")).await?;
        let (before, after) = split_database(url)?;
        Ok(Self { url: format!("{before}{name}{after}"), server: Some((url.to_owned(), name)) })
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.server.is_some()
    }

    pub(crate) async fn remove(&self) -> anyhow::Result<()> {
        if let Some((server, name)) = &self.server {
            administer(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        }
        Ok(())
    }

    /// An id that a statement answers.
    pub(crate) async fn uuid(&self, statement: &str) -> anyhow::Result<Uuid> {
        let statement = AssertSqlSafe(statement.to_owned());
        if self.is_postgres() {
            let mut connection = PgConnection::connect(&self.url).await?;
            return Ok(sqlx::query_scalar(statement).fetch_one(&mut connection).await?);
        }
        let mut connection = SqliteConnection::connect(&self.url).await?;
        Ok(sqlx::query_scalar(statement).fetch_one(&mut connection).await?)
    }
}

/// Runs one statement on a server.
async fn administer(url: &str, statement: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await.context("PostgreSQL")?;
    connection.execute(AssertSqlSafe(statement.to_owned())).await?;
    Ok(connection.close().await?)
}

/// What stands before and after the name of the database in an URL.
fn split_database(url: &str) -> anyhow::Result<(&str, &str)> {
    let (base, query) = url.find('?').map_or((url, ""), |at| url.split_at(at));
    let slash = base.rfind('/').context("the URL names no database")?;
    Ok((base.get(..=slash).unwrap_or(base), query))
}

/// The first process of a PostgreSQL server, when it runs on this machine and lets us see.
pub(crate) async fn postmaster(url: &str) -> Option<u32> {
    let mut connection = PgConnection::connect(url).await.ok()?;
    let folder: String = sqlx::query_scalar("SHOW data_directory").fetch_one(&mut connection).await.ok()?;
    let text = std::fs::read_to_string(Path::new(&folder).join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_database_is_what_is_replaced() {
        let found = split_database("postgres:///postgres?host=/tmp/x&user=postgres").unwrap();
        assert_eq!(found, ("postgres:///", "?host=/tmp/x&user=postgres"));
        let found = split_database("postgres://me:secret@host:5432/old").unwrap();
        assert_eq!(found, ("postgres://me:secret@host:5432/", ""));
    }
}

//! From columns to domain values. A value that does not parse is named by table, column and row.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use doorward_core::domain::ids::Id;
use doorward_core::domain::secret::TokenHash;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{StoreError, Stored};
use serde::de::DeserializeOwned;
use sqlx::types::Json;
use sqlx::{Decode, Row as _, Type};
use uuid::Uuid;

use super::{Db, Row};

/// A row of a table, for reading.
#[derive(Clone, Copy)]
pub(super) struct Fields<'r> {
    row: &'r Row,
    table: &'static str,
    /// Stands before every column's name where a statement brings several tables.
    prefix: &'static str,
}

impl<'r> Fields<'r> {
    pub(super) fn new(row: &'r Row, table: &'static str) -> Self {
        Self::of(row, table, "")
    }

    /// The columns of one table of several.
    pub(super) fn of(row: &'r Row, table: &'static str, prefix: &'static str) -> Self {
        Self { row, table, prefix }
    }

    /// The value does not mean anything.
    pub(super) fn broken(&self, column: &'static str) -> StoreError {
        let id = self.value::<Uuid>("id").map_or_else(|_| "a row".to_owned(), |id| id.to_string());
        StoreError::Inconsistency { table: self.table, column, id }
    }

    pub(super) fn get<T>(&self, column: &'static str) -> Stored<T>
    where
        T: Decode<'r, Db> + Type<Db>,
    {
        self.value(column).map_err(|_| self.broken(column))
    }

    fn value<T>(&self, column: &'static str) -> Result<T, sqlx::Error>
    where
        T: Decode<'r, Db> + Type<Db>,
    {
        if self.prefix.is_empty() {
            return self.row.try_get(column);
        }
        self.row.try_get([self.prefix, column].concat().as_str())
    }

    pub(super) fn id<I: Id>(&self, column: &'static str) -> Stored<I> {
        self.get(column).map(I::from_uuid)
    }

    pub(super) fn maybe_id<I: Id>(&self, column: &'static str) -> Stored<Option<I>> {
        Ok(self.get::<Option<Uuid>>(column)?.map(I::from_uuid))
    }

    pub(super) fn time(&self, column: &'static str) -> Stored<Timestamp> {
        self.get::<DateTime<Utc>>(column).map(Timestamp::new)
    }

    pub(super) fn maybe_time(&self, column: &'static str) -> Stored<Option<Timestamp>> {
        Ok(self.get::<Option<DateTime<Utc>>>(column)?.map(Timestamp::new))
    }

    pub(super) fn words(&self, column: &'static str) -> Stored<Vec<String>> {
        self.json(column)
    }

    pub(super) fn json<T: DeserializeOwned + 'static>(&self, column: &'static str) -> Stored<T> {
        self.get::<Json<T>>(column).map(|Json(value)| value)
    }

    pub(super) fn maybe_json<T: DeserializeOwned + 'static>(
        &self,
        column: &'static str,
    ) -> Stored<Option<T>> {
        Ok(self.get::<Option<Json<T>>>(column)?.map(|Json(value)| value))
    }

    pub(super) fn millis(&self, column: &'static str) -> Stored<Duration> {
        let millis = u64::try_from(self.get::<i64>(column)?).map_err(|_| self.broken(column))?;
        Ok(Duration::from_millis(millis))
    }

    pub(super) fn hash(&self, column: &'static str) -> Stored<TokenHash> {
        let bytes = self.get::<Vec<u8>>(column)?.try_into().map_err(|_| self.broken(column))?;
        Ok(TokenHash::from_bytes(bytes))
    }

    /// A word of a closed list.
    pub(super) fn word<T>(&self, column: &'static str, parse: fn(&str) -> Option<T>) -> Stored<T> {
        parse(&self.get::<String>(column)?).ok_or_else(|| self.broken(column))
    }

    pub(super) fn maybe_word<T>(
        &self,
        column: &'static str,
        parse: fn(&str) -> Option<T>,
    ) -> Stored<Option<T>> {
        let word = self.get::<Option<String>>(column)?;
        word.map(|word| parse(&word).ok_or_else(|| self.broken(column))).transpose()
    }

    pub(super) fn maybe_ip(&self, column: &'static str) -> Stored<Option<IpAddr>> {
        self.maybe_word(column, |text| text.parse().ok())
    }
}

/// A duration as stored: milliseconds.
pub(super) fn as_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

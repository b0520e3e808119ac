//! The expressions in which the two databases make rows out of numbers.

use doorward_store::Backend;
use uuid::Uuid;

/// Writes SQL for one of the databases. Every value is a literal of ours, never somebody's input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect(pub(super) Backend);

impl Dialect {
    fn is_sqlite(self) -> bool {
        self.0 == Backend::Sqlite
    }

    /// A table `s` with the numbers `n` from `first` up to but not including `end`.
    pub(super) fn numbers(self, first: u64, end: u64) -> String {
        let last = end - 1;
        if self.is_sqlite() {
            format!("WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last})")
        } else {
            format!("WITH s(n) AS (SELECT generate_series(CAST({first} AS bigint), {last}))")
        }
    }

    /// A UUIDv7 of a time in milliseconds, a kind of thing and a number, all of them expressions.
    pub(super) fn id(self, kind: u16, millis: &str, number: &str) -> String {
        if self.is_sqlite() {
            format!("unhex(printf('%012x7{kind:03x}8000%012x', {millis}, {number}))")
        } else {
            format!("CAST({} AS uuid)", postgres_id_hex(kind, millis, number))
        }
    }

    /// The same as text with hyphens.
    pub(super) fn id_text(self, kind: u16, millis: &str, number: &str) -> String {
        if self.is_sqlite() {
            format!(
                "printf('%08x-%04x-7{kind:03x}-8000-%012x', ({millis}) >> 16, ({millis}) & 65535, {number})"
            )
        } else {
            format!("CAST({} AS text)", self.id(kind, millis, number))
        }
    }

    /// The time that many milliseconds after 1970.
    pub(super) fn time(self, millis: &str) -> String {
        if self.is_sqlite() {
            format!("strftime('%Y-%m-%dT%H:%M:%f', ({millis}) / 1000.0, 'unixepoch') || '+00:00'")
        } else {
            format!("to_timestamp(({millis}) / 1000.0)")
        }
    }

    /// `prefix` and seven digits of the number.
    pub(super) fn name(self, prefix: &str, number: &str) -> String {
        if self.is_sqlite() {
            format!("printf('{prefix}%07d', {number})")
        } else {
            format!("'{prefix}' || lpad(CAST({number} AS text), 7, '0')")
        }
    }

    pub(super) fn uuid(self, id: Uuid) -> String {
        if self.is_sqlite() { format!("X'{}'", id.simple()) } else { format!("CAST('{id}' AS uuid)") }
    }

    /// A statement that answers the definitions of the indexes of a table, one text a row.
    pub(super) fn indexes_of(self, table: &str) -> String {
        if self.is_sqlite() {
            format!(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}' AND sql NOT NULL"
            )
        } else {
            format!(
                "SELECT CAST(indexname AS text), indexdef FROM pg_indexes WHERE tablename = '{table}'
                     AND indexname NOT IN (SELECT conname FROM pg_constraint)"
            )
        }
    }

    /// What keeps in mind, before indexes are dropped, what migrations tell the planner of them.
    pub(super) fn keep_statistics(self) -> &'static [&'static str] {
        if self.is_sqlite() { &["CREATE TEMP TABLE known AS SELECT * FROM sqlite_stat1"] } else { &[] }
    }

    /// What tells it again.
    pub(super) fn restore_statistics(self) -> &'static [&'static str] {
        if self.is_sqlite() {
            &["INSERT INTO sqlite_stat1 SELECT * FROM known EXCEPT SELECT * FROM sqlite_stat1"]
        } else {
            &[]
        }
    }

    /// What brings the planner's knowledge up to date.
    pub(super) fn refresh_statistics(self) -> &'static [&'static str] {
        if self.is_sqlite() {
            &["PRAGMA wal_checkpoint(TRUNCATE)"]
        } else {
            &["VACUUM ANALYZE", "CHECKPOINT"]
        }
    }
}

fn postgres_id_hex(kind: u16, millis: &str, number: &str) -> String {
    format!(
        "(lpad(to_hex(CAST({millis} AS bigint)), 12, '0') || '7{kind:03x}8000' ||
          lpad(to_hex(CAST({number} AS bigint)), 12, '0'))"
    )
}

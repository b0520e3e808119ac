//! The store on both databases: the conformance suite of the port, and what only one of them can do wrong.
//!
//! PostgreSQL: `DOORWARD_TEST_POSTGRES_URL` names a server on which databases may be created. Without it these tests fail,
//! unless `DOORWARD_TEST_SQLITE_ONLY=1` says that this is wanted.

mod database;
mod faults;
mod groups;
mod inconsistencies;
mod migrations;
mod reports;
mod suite;

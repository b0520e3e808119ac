//! The libraries that applications sign their users in with, against the real executable: `tests/relying_parties`.

mod guide;

use doorward_tests::Database;
use doorward_tests::harness::real_clients::run;

#[test]
fn openid_client_sqlite() {
    run(Database::Sqlite, "node/openid_client.mjs");
}

#[test]
fn openid_client_postgres() {
    run(Database::Postgres, "node/openid_client.mjs");
}

#[test]
fn oauth4webapi_sqlite() {
    run(Database::Sqlite, "node/oauth4webapi.mjs");
}

#[test]
fn authlib_postgres() {
    run(Database::Postgres, "python/authlib_client.py");
}

#[test]
fn oidc_client_ts_in_chromium_sqlite() {
    run(Database::Sqlite, "node/spa.mjs");
}

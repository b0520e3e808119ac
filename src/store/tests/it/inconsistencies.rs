//! What this release has not written. Of others of ours: it is understood. Of nobody's: it is refused by name, never guessed at.

use std::sync::Arc;

use doorward_core::domain::client::Client;
use doorward_core::domain::grant::Grant;
use doorward_core::domain::hosted_pages::HostedPages;
use doorward_core::domain::profile::ProfileDetails;
use doorward_core::domain::session::Session;
use doorward_core::domain::tenant::Tenant;
use doorward_core::domain::user::User;
use doorward_core::ports::store::{Mode, Store, StoreError, Stored};
use doorward_core::testkit::samples::{Samples, sample_time};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};

use crate::database::{Postgres, Sqlite, Tested};

/// Columns with JSON, and what is JSON there, but not what it should be.
const BROKEN: [(&str, &str, &str); 6] = [
    ("clients", "oauth", r#"{"first_party": "yes"}"#),
    ("tenants", "pages", r#"{"signInTitle": 5}"#),
    ("users", "profile", r#"{"nickname": 5}"#),
    ("grants", "oauth", "{}"),
    ("sessions", "oauth", r#"{"grant_type": "implicit", "scopes": [], "auth_time": 1}"#),
    ("consents", "scopes", r#""openid""#),
];

struct Rows {
    tenant: Tenant,
    client: Client,
    user: User,
    grant: Grant,
    session: Session,
}

async fn fill(store: &Arc<dyn Store>) -> Stored<Rows> {
    let samples = Samples::new(1);
    let (tenant, role, client) = (samples.tenant("main"), samples.role("Admin", None), samples.client("app"));
    let user = samples.user("alice", None);
    let membership = samples.membership(&user, &tenant, &role);
    let grant = samples.grant(&membership, &client);
    let session = samples.session(&membership, &client);
    let now = sample_time();
    let mut tx = store.begin("fill", Mode::Write).await?;
    tx.add_tenant(&tenant, now).await?;
    tx.add_role(&role, now).await?;
    tx.add_client(&client, now).await?;
    tx.add_user(&user, now).await?;
    tx.add_membership(&membership, role.id, now).await?;
    tx.add_grant(&grant).await?;
    tx.add_session(&session).await?;
    tx.save_consent(&samples.consent(&user, &client)).await?;
    tx.commit().await?;
    Ok(Rows { tenant, client, user, grant, session })
}

/// Reads each row that has been broken.
async fn every_one_is_named(store: &Arc<dyn Store>, rows: &Rows) -> Tested {
    let mut tx = store.begin("look", Mode::Read).await?;
    let answers = [
        tx.client(rows.client.key).await.map(|_| ()),
        tx.hosted_pages(rows.tenant.id).await.map(|_| ()),
        tx.profile(rows.user.id).await.map(|_| ()),
        tx.unused_grant(&rows.grant.code_hash).await.map(|_| ()),
        tx.session(rows.session.id).await.map(|_| ()),
        tx.consent(rows.user.id, rows.client.key).await.map(|_| ()),
    ];
    let ids = [
        rows.client.key.to_string(),
        rows.tenant.id.to_string(),
        rows.user.id.to_string(),
        rows.grant.id.to_string(),
        rows.session.id.to_string(),
        rows.user.id.to_string(),
    ];
    for ((answer, (in_table, in_column, _)), of) in answers.into_iter().zip(BROKEN).zip(ids) {
        let Err(StoreError::Inconsistency { table, column, id }) = answer else {
            return Err(format!("{in_table}.{in_column}: {answer:?}").into());
        };
        assert_eq!((table, column, id), (in_table, in_column, of));
    }
    Ok(())
}

/// As the release before leaves the columns, and one that knows more may.
async fn others_are_understood(store: &Arc<dyn Store>, rows: &Rows) -> Tested {
    let mut tx = store.begin("look", Mode::Read).await?;
    assert_eq!(tx.client(rows.client.key).await?.as_ref(), Some(&rows.client));
    assert_eq!(tx.hosted_pages(rows.tenant.id).await?, HostedPages::default());
    let profile = tx.profile(rows.user.id).await?.map(|profile| profile.details);
    assert_eq!(profile, Some(ProfileDetails::default()));
    Ok(())
}

const OF_OTHERS: [&str; 2] = ["{}", r#"{"of_the_future": [1]}"#];
const COLUMNS: [(&str, &str); 3] = [("clients", "oauth"), ("tenants", "pages"), ("users", "profile")];

#[tokio::test]
async fn other_releases_are_understood_on_sqlite() -> Tested {
    let database = Sqlite::create().await?;
    let rows = fill(&database.store()).await?;
    let mut connection = SqliteConnectOptions::new().filename(database.file()).connect().await?;
    for json in OF_OTHERS {
        for (table, column) in COLUMNS {
            connection.execute(AssertSqlSafe(format!("UPDATE {table} SET {column} = '{json}'"))).await?;
        }
        others_are_understood(&database.store(), &rows).await?;
    }
    Ok(())
}

#[tokio::test]
async fn other_releases_are_understood_on_postgres() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    let rows = fill(&database.store()).await?;
    let mut connection = database.connect().await?;
    for json in OF_OTHERS {
        for (table, column) in COLUMNS {
            connection.execute(AssertSqlSafe(format!("UPDATE {table} SET {column} = '{json}'"))).await?;
        }
        others_are_understood(&database.store(), &rows).await?;
    }
    database.discard().await
}

#[tokio::test]
async fn broken_json_is_refused_by_sqlite() -> Tested {
    let database = Sqlite::create().await?;
    let rows = fill(&database.store()).await?;
    let mut connection = SqliteConnectOptions::new().filename(database.file()).connect().await?;
    for (table, column, json) in BROKEN {
        connection.execute(AssertSqlSafe(format!("UPDATE {table} SET {column} = '{json}'"))).await?;
    }
    every_one_is_named(&database.store(), &rows).await?;
    for (table, column, _) in BROKEN {
        connection.execute(AssertSqlSafe(format!("UPDATE {table} SET {column} = '{{no json'"))).await?;
    }
    every_one_is_named(&database.store(), &rows).await
}

#[tokio::test]
async fn broken_json_is_refused_by_postgres() -> Tested {
    let Some(database) = Postgres::create().await? else {
        return Ok(());
    };
    let rows = fill(&database.store()).await?;
    let mut connection = database.connect().await?;
    for (table, column, json) in BROKEN {
        connection.execute(AssertSqlSafe(format!("UPDATE {table} SET {column} = '{json}'"))).await?;
    }
    every_one_is_named(&database.store(), &rows).await?;
    database.discard().await
}

//! Which index answers a question about login activity. The statistics are those of a migration, so a plan is the same for
//! every database.

use std::error::Error;

use doorward_core::domain::activity::ActiveRange;
use doorward_core::domain::activity_query::{ActivityQuery, Column, Comparison, Condition, Value};
use doorward_core::domain::ids::TenantId;
use doorward_core::testkit::samples::{Samples, sample_time};
use sqlx::{AssertSqlSafe, Row as _};
use tempfile::TempDir;

use super::sql::SqlStore;
use super::sql::activities::{count, first_rows, page};
use crate::{Migrations as _, StoreOptions};

type Tested = Result<(), Box<dyn Error + Send + Sync>>;

struct World {
    store: SqlStore,
    tenant: TenantId,
    _folder: TempDir,
}

impl World {
    async fn create() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let folder = TempDir::new()?;
        let url = format!("sqlite://{}/doorward.db", folder.path().display());
        let (store, schema) = super::connect(&StoreOptions { url, max_connections: 8 }).await?;
        schema.migrate().await?;
        Ok(Self { store, tenant: Samples::new(1).id(), _folder: folder })
    }

    async fn plan(&self, sql: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
        let mut reader = self.store.readers.acquire().await?;
        let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = sqlx::query(sql).fetch_all(&mut *reader).await?;
        let steps: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("detail")).collect();
        Ok(steps?.join("; "))
    }

    async fn plan_of_page(
        &self,
        conditions: &[Condition],
        order: &[(Column, bool)],
    ) -> Result<String, Box<dyn Error + Send + Sync>> {
        let condition = Some(Condition::And(conditions.to_vec()));
        let query = ActivityQuery { condition, order: order.to_vec(), ..ActivityQuery::default() };
        self.plan(page(self.tenant, &query).sql().as_str()).await
    }

    async fn plan_of_count(&self, conditions: &[Condition]) -> Result<String, Box<dyn Error + Send + Sync>> {
        let condition = Condition::And(conditions.to_vec());
        self.plan(count(self.tenant, Some(&condition)).sql().as_str()).await
    }
}

fn is(column: Column, text: &str) -> Condition {
    Condition::Compare(column, Comparison::Equal, Value::Text(text.to_owned()))
}

fn month() -> [Condition; 2] {
    [Comparison::GreaterOrEqual, Comparison::Less]
        .map(|comparison| Condition::Compare(Column::LoginTime, comparison, Value::Time(sample_time())))
}

const OLDEST_FIRST: &[(Column, bool)] = &[];
const NEWEST_FIRST: &[(Column, bool)] = &[(Column::LoginTime, true)];

#[tokio::test]
async fn a_month_is_counted_by_type_in_the_index_alone() -> Tested {
    let world = World::create().await?;
    let [from, until] = month();
    let plan = world.plan_of_count(&[is(Column::LoginType, "ACCESS"), from, until]).await?;
    let wanted = "SEARCH login_activity USING COVERING INDEX login_activity_type \
                  (tenant_id=? AND login_type=? AND login_time>? AND login_time<?)";
    assert_eq!(plan, wanted);
    let plan = world.plan_of_count(&month()).await?;
    assert!(plan.starts_with("SEARCH login_activity USING COVERING INDEX login_activity_page"), "{plan}");
    Ok(())
}

/// Nothing but rows of one moment is sorted, so a page ends as soon as it is full.
#[tokio::test]
async fn pages_are_found_where_they_begin() -> Tested {
    let world = World::create().await?;
    let [from, until] = month();
    let (user, failures) = (is(Column::Actor, "alice"), is(Column::LoginType, "FAILED"));
    for (conditions, index) in [
        (vec![], "login_activity_page (tenant_id=?)"),
        (month().to_vec(), "login_activity_page (tenant_id=? AND login_time>? AND login_time<?)"),
        (vec![failures.clone()], "login_activity_type (tenant_id=? AND login_type=?)"),
        (
            vec![failures.clone(), from, until],
            "login_activity_type (tenant_id=? AND login_type=? AND login_time>? AND login_time<?)",
        ),
        (vec![user.clone()], "login_activity_actor (tenant_id=? AND actor=?)"),
        (vec![user, failures], "login_activity_actor (tenant_id=? AND actor=?)"),
    ] {
        for order in [OLDEST_FIRST, NEWEST_FIRST] {
            let plan = world.plan_of_page(&conditions, order).await?;
            assert!(plan.contains(index), "{index}: {plan}");
            assert!(!plan.contains("B-TREE FOR ORDER BY"), "sorted: {plan}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn active_users_are_found_in_the_index_alone() -> Tested {
    let world = World::create().await?;
    for range in [ActiveRange::Daily, ActiveRange::Monthly, ActiveRange::Yearly] {
        let plan = world.plan(&first_rows(range)).await?;
        let firsts = "SEARCH login_activity USING COVERING INDEX login_activity_type \
                      (tenant_id=? AND login_type=? AND login_time>? AND login_time<?)";
        let twins = "SEARCH twin USING COVERING INDEX login_activity_type \
                     (tenant_id=? AND login_type=? AND login_time=? AND actor=?)";
        assert!(plan.contains(firsts) && plan.contains(twins), "{plan}");
    }
    Ok(())
}

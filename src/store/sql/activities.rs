//! Login activity. Every read names its tenant first.

use std::collections::BTreeMap;

use async_trait::async_trait;
use doorward_core::domain::activity::{ActiveRange, ActiveUsers, Activity, LoginType};
use doorward_core::domain::activity_query::{ActivityQuery, Condition};
use doorward_core::domain::ids::{ActivityId, Id as _, TenantId};
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::store::{Activities, Stored};
use sqlx::{AssertSqlSafe, QueryBuilder};

use super::super::bucket;
use super::condition::{push_condition, push_order};
use super::row::Fields;
use super::{Db, Row, SqlTx, at};

const COLUMNS: &str = "id, actor, tenant_id, login_time, token_payload, login_type, device_info, ip_address";

fn read(row: &Row) -> Stored<Activity> {
    let fields = Fields::new(row, "login_activity");
    Ok(Activity {
        id: fields.id("id")?,
        actor: fields.get("actor")?,
        tenant: fields.maybe_id("tenant_id")?,
        login_time: fields.time("login_time")?,
        token_payload: fields.get("token_payload")?,
        login_type: fields.get("login_type")?,
        device_info: fields.get("device_info")?,
        ip_address: fields.get("ip_address")?,
    })
}

/// `SELECT what FROM login_activity` of one tenant under a condition.
fn select(what: &str, tenant: TenantId, condition: Option<&Condition>) -> QueryBuilder<Db> {
    let mut builder = QueryBuilder::new("SELECT ");
    builder.push(what).push(" FROM login_activity WHERE tenant_id = ").push_bind(tenant.uuid());
    if let Some(condition) = condition {
        builder.push(" AND ");
        push_condition(&mut builder, condition);
    }
    builder
}

pub(crate) fn page(tenant: TenantId, query: &ActivityQuery) -> QueryBuilder<Db> {
    let mut builder = select(COLUMNS, tenant, query.condition.as_ref());
    push_order(&mut builder, &query.order);
    builder.push(" LIMIT ").push_bind(i64::from(query.limit));
    builder.push(" OFFSET ").push_bind(i64::try_from(query.offset).unwrap_or(i64::MAX));
    builder
}

pub(crate) fn count(tenant: TenantId, condition: Option<&Condition>) -> QueryBuilder<Db> {
    select("COUNT(*) AS total", tenant, condition)
}

/// Constants only: the bucket is one of three expressions.
pub(crate) fn first_rows(range: ActiveRange) -> String {
    // Finds the first moments in the index alone, then their rows; of two rows at one moment the smaller id counts.
    // The actor leads, because it tells most rows apart.
    format!(
        "SELECT {bucket} AS bucket, {COLUMNS} FROM (
             SELECT actor AS first_actor, MIN(login_time) AS first_time FROM login_activity
             WHERE tenant_id = $1 AND login_type = $4 AND login_time >= $2 AND login_time <= $3
             GROUP BY actor, {bucket}
         ) AS firsts JOIN login_activity ON id = (
             SELECT twin.id FROM login_activity AS twin
             WHERE twin.tenant_id = $1 AND twin.login_type = $4 AND twin.login_time = first_time
                 AND twin.actor = first_actor ORDER BY twin.id LIMIT 1
         ) ORDER BY login_time, id",
        bucket = bucket(range),
    )
}

impl SqlTx {
    /// The types of a tenant's rows but failures; imported rows may have types of their own. One look into the index for
    /// each, however many rows there are.
    async fn active_types(&mut self, tenant: TenantId) -> Stored<Vec<String>> {
        let statement = sqlx::query(
            "WITH RECURSIVE types (login_type) AS (
                 SELECT MIN(login_type) FROM login_activity WHERE tenant_id = $1
                 UNION ALL
                 SELECT (SELECT MIN(login_type) FROM login_activity
                         WHERE tenant_id = $1 AND login_type > types.login_type)
                 FROM types WHERE login_type IS NOT NULL
             ) SELECT login_type FROM types WHERE login_type <> $2",
        );
        let rows = self.all(statement.bind(tenant.uuid()).bind(LoginType::Failed.as_str())).await?;
        rows.iter().map(|row| Fields::new(row, "login_activity").get("login_type")).collect()
    }
}

#[async_trait]
impl Activities for SqlTx {
    async fn record_activity(&mut self, activity: &Activity) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO login_activity (id, actor, tenant_id, login_time, token_payload, login_type, device_info,
                 ip_address)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(activity.id.uuid())
        .bind(&activity.actor)
        .bind(activity.tenant.map(TenantId::uuid))
        .bind(at(activity.login_time))
        .bind(&activity.token_payload)
        .bind(&activity.login_type)
        .bind(activity.device_info.as_deref())
        .bind(activity.ip_address.as_deref());
        self.run(statement).await.map(|_| ())
    }

    async fn find_activity(&mut self, tenant: TenantId, query: &ActivityQuery) -> Stored<Vec<Activity>> {
        let mut builder = page(tenant, query);
        // Not kept prepared: callers shape it, and would push everything else out of the cache.
        self.all(builder.build().persistent(false)).await?.iter().map(read).collect()
    }

    async fn activity(&mut self, tenant: TenantId, id: ActivityId) -> Stored<Option<Activity>> {
        let mut builder = select(COLUMNS, tenant, None);
        builder.push(" AND id = ").push_bind(id.uuid());
        self.maybe(builder.build()).await?.as_ref().map(read).transpose()
    }

    async fn count_activity(&mut self, tenant: TenantId, condition: Option<&Condition>) -> Stored<i64> {
        let mut builder = count(tenant, condition);
        let row = self.one(builder.build().persistent(condition.is_none())).await?;
        Fields::new(&row, "login_activity").get("total")
    }

    async fn active_users(
        &mut self,
        tenant: TenantId,
        range: ActiveRange,
        from: Timestamp,
        to: Timestamp,
    ) -> Stored<ActiveUsers> {
        // Type by type, because each lies together in the index; failures are not even read.
        let mut report = ActiveUsers::new();
        for login_type in self.active_types(tenant).await? {
            let sql = AssertSqlSafe(first_rows(range));
            let statement =
                sqlx::query(sql).bind(tenant.uuid()).bind(at(from)).bind(at(to)).bind(&login_type);
            for row in self.all(statement).await? {
                let by_type: &mut BTreeMap<_, Vec<_>> =
                    report.entry(Fields::new(&row, "login_activity").get("bucket")?).or_default();
                by_type.entry(login_type.clone()).or_default().push(read(&row)?);
            }
        }
        Ok(report)
    }
}

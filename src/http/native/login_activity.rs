//! Who signed in, refreshed, signed out or failed to, in the caller's tenant. Questions run to their end when the client
//! hangs up, for so does the database: only then may the next one begin.

use std::sync::Arc;

use doorward_core::domain::activity::Activity;
use doorward_core::domain::activity_query::Column;
use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::usecase::Core;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::types::Any;
use serde_json::{Map, Value};

use super::Tag;
use super::error::Failure;
use super::filter::{Filter, Where};
use super::reply::Reply;
use super::report::Report;
use super::wire::{Count, LoginActivityWithRelations};
use crate::extract::bearer::Bearer;
use crate::shared::App;

pub(crate) struct LoginActivityApi;

#[OpenApi(tag = "Tag::LoginActivityController")]
impl LoginActivityApi {
    /// Rows of login activity in the caller's tenant; needs the permission ViewLoginActivity
    #[oai(path = "/login-activity", method = "get", operation_id = "LoginActivityController.find")]
    async fn find(
        &self,
        app: App,
        filter: Filter,
        caller: Bearer,
    ) -> Result<Reply<Vec<LoginActivityWithRelations>>, Failure> {
        let Filter { query, columns } = filter;
        let rows = app.run_to_end(|core| async move { core.find_activity(&caller.0, &query).await }).await?;
        Reply::of(&rows.iter().map(|row| row_object(row, &columns)).collect::<Vec<_>>())
    }

    /// The number of rows; needs the permission ViewLoginActivity
    #[oai(path = "/login-activity/count", method = "get", operation_id = "LoginActivityController.count")]
    async fn count(&self, app: App, condition: Where, caller: Bearer) -> Result<Reply<Count>, Failure> {
        let work =
            |core: Arc<Core>| async move { core.count_activity(&caller.0, condition.0.as_ref()).await };
        let count = app.run_to_end(work).await?;
        Reply::of(&Count { count })
    }

    /// One row; needs the permission ViewLoginActivity
    #[oai(path = "/login-activity/:id", method = "get", operation_id = "LoginActivityController.findById")]
    async fn find_by_id(
        &self,
        app: App,
        id: Path<String>,
        filter: Filter,
        caller: Bearer,
    ) -> Result<Reply<LoginActivityWithRelations>, Failure> {
        let row = app.core.activity_by_id(&caller.0, &id.0).await;
        let row = row.map_err(|error| not_found(error, &id.0))?;
        Reply::of(&row_object(&row, &filter.columns))
    }

    /// The first row of each user per day, month or year and type; needs the permission ViewLoginActivity
    #[oai(
        path = "/active-users/:range",
        method = "get",
        operation_id = "LoginActivityController.getActiveUsers"
    )]
    async fn get_active_users(
        &self,
        app: App,
        report: Report,
        caller: Bearer,
    ) -> Result<Reply<Any<Value>>, Failure> {
        let work = |core: Arc<Core>| async move { core.active_users(&caller.0, report.0).await };
        let buckets = app.run_to_end(work).await?;
        let buckets = buckets.into_iter().map(|(bucket, types)| {
            let types = types.into_iter().map(|(login_type, rows)| {
                let rows = rows.iter().map(|row| row_object(row, &Column::ALL)).collect();
                (login_type, Value::Array(rows))
            });
            (bucket, Value::Object(types.collect()))
        });
        Reply::of(&Value::Object(buckets.collect()))
    }
}

fn not_found(error: Error, id: &str) -> Failure {
    match error.kind {
        ErrorKind::NotFound => Failure::no_activity(id),
        _ => error.into(),
    }
}

/// The row with the chosen columns; one without a value is `null`.
fn row_object(row: &Activity, columns: &[Column]) -> Value {
    let members: Map<String, Value> =
        columns.iter().map(|column| (column.name().to_owned(), cell(row, *column))).collect();
    Value::Object(members)
}

fn cell(row: &Activity, column: Column) -> Value {
    match column {
        Column::Id => row.id.to_string().into(),
        Column::Actor => row.actor.clone().into(),
        Column::TenantId => row.tenant.map(|tenant| tenant.to_string()).into(),
        Column::LoginTime => row.login_time.to_iso_millis().into(),
        Column::TokenPayload => row.token_payload.clone().into(),
        Column::LoginType => row.login_type.clone().into(),
        Column::DeviceInfo => row.device_info.clone().into(),
        Column::IpAddress => row.ip_address.clone().into(),
    }
}

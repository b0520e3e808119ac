//! What does not show in a small database or on a busy server: start, idleness, many users, much activity.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use super::Plan;
use super::contender::Contender;
use super::report::{Limit, Report, mebibytes, median, millis};
use super::rows::KEEP_HASHES;
use super::stage::{Lanes, Site};
use crate::driver::Connection;
use crate::host::{Process, Stage, StageOptions, resident};
use crate::raw::hash::Kind;
use crate::seed::{DAYS, Seed, first_day};
use crate::walk::get;

const STARTS: usize = 5;
const IDLE_CONNECTIONS: usize = 1000;
const SETTLE: Duration = Duration::from_secs(1);
/// So cheap that a sign-in costs what is around it.
const CHEAP: Kind = Kind::Bcrypt(4);
/// Connections of rows about much activity: the cost of one question, not of many at once.
const FEW: usize = 1;

const IDLE: &str = "extent/idle";
const USER_ROWS: [&str; 4] = ["me", "login-token", "refresh", "activity-page"];
const ACTIVITY_ROWS: [&str; 3] = ["page", "count-month-by-type", "active-users-of-a-day"];

/// Measures every wanted one.
pub(super) async fn measure(plan: &Plan, report: &mut Report) -> anyhow::Result<()> {
    if plan.wants(IDLE) {
        idleness(plan, report).await.context(IDLE)?;
    }
    for (name, server) in databases(plan) {
        let rows = |about: &str, rows: &[&str]| -> Vec<String> {
            rows.iter().map(|row| format!("extent/{name}-{about}/{row}")).collect()
        };
        if plan.wants_any(&rows("users", &USER_ROWS)) {
            many_users(plan, name, server.clone(), report).await.context("many users")?;
        }
        if plan.wants_any(&rows("activity", &ACTIVITY_ROWS)) {
            much_activity(plan, name, server, report).await.context("much activity")?;
        }
    }
    Ok(())
}

fn databases(plan: &Plan) -> Vec<(&'static str, Option<String>)> {
    let mut databases = vec![("sqlite", None)];
    if let Some(server) = &plan.postgres {
        databases.push(("postgres", Some(server.clone())));
    }
    databases
}

fn options(plan: &Plan, postgres: Option<String>, seed: Seed) -> StageOptions {
    StageOptions {
        doorward: plan.doorward.clone(),
        postgres,
        redis: None,
        settings: format!("{KEEP_HASHES}{}", plan.settings),
        nodes: 1,
        seed,
    }
}

/// Start-up, memory of an idle server, memory of idle connections: with the embedded default, SQLite.
async fn idleness(plan: &Plan, report: &mut Report) -> anyhow::Result<()> {
    let options = options(plan, None, Seed { users: 10, activity: 0, password: CHEAP });
    let mut starts = Vec::new();
    for _ in 1..STARTS {
        let stage = Stage::set_up(&options).await?;
        starts.push(first_node(&stage)?.ready_after);
        stage.tear_down().await?;
    }
    let stage = Stage::set_up(&options).await?;
    let node = first_node(&stage)?;
    starts.push(node.ready_after);
    tokio::time::sleep(SETTLE).await;
    let idle = resident(node.id());
    let mut connections = Vec::new();
    for _ in 0..IDLE_CONNECTIONS {
        let mut connection = Connection::open(node.address).await?;
        let mut request = Vec::new();
        get(&mut request, "/ping", None);
        connection.call(&request).await?;
        connections.push(connection);
    }
    tokio::time::sleep(SETTLE).await;
    let extra = resident(node.id()).saturating_sub(idle);
    drop(connections);
    let ready = median(starts.iter().map(|start| millis(*start)));
    report.fact(format!("{IDLE}/ready after"), ready, "ms", Some(Limit::AtMost(300.0)));
    report.fact(format!("{IDLE}/RSS"), mebibytes(idle), "MiB", Some(Limit::AtMost(40.0)));
    let name = format!("{IDLE}/RSS of {IDLE_CONNECTIONS} idle connections");
    report.fact(name, mebibytes(extra), "MiB", Some(Limit::AtMost(40.0)));
    stage.tear_down().await
}

fn first_node(stage: &Stage) -> anyhow::Result<&Process> {
    stage.nodes.first().context("a stage has a node")
}

/// CPU time per request with few and with many users, both databases side by side.
async fn many_users(
    plan: &Plan,
    name: &str,
    server: Option<String>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let many = if plan.is_full { 1_000_000 } else { 100_000 };
    let mut stages = Vec::new();
    for users in [1000, many] {
        let seed = Seed { users, activity: 20_000, password: CHEAP };
        stages.push((users, Stage::set_up(&options(plan, server.clone(), seed)).await?));
    }
    let mut contenders = Vec::new();
    for (users, stage) in &stages {
        let mut lanes = Lanes::new(Site::of(stage));
        for row in USER_ROWS {
            let load = match row {
                "me" => lanes.reading("/auth/me", 16).await?,
                "login-token" => lanes.login_token(8),
                "refresh" => lanes.refresh(16).await?,
                _ => lanes.reading("/login-activity", 16).await?,
            };
            contenders.push(lanes.row(format!("extent/{name}-users/{row}/{users}"), load));
        }
    }
    rounds(plan, &mut contenders).await?;
    report.take(contenders);
    for row in USER_ROWS {
        let cost = |users: u64| report.cpu_of(&format!("extent/{name}-users/{row}/{users}"));
        if let (Some(few), Some(many_cost)) = (cost(1000), cost(many)) {
            let name = format!("extent/{name}-users/{row}/cost of {many} over 1000");
            report.fact(name, many_cost / few, "", Some(Limit::AtMost(1.2)));
        }
    }
    for (_, stage) in stages {
        stage.tear_down().await?;
    }
    Ok(())
}

/// Latency of one question at a time about much activity.
async fn much_activity(
    plan: &Plan,
    name: &str,
    server: Option<String>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let activity = if plan.is_full { 10_000_000 } else { 1_000_000 };
    let limit = if server.is_some() { 50.0 } else { 200.0 };
    let seed = Seed { users: 10_000, activity, password: CHEAP };
    let stage = Stage::set_up(&options(plan, server, seed)).await?;
    let mut lanes = Lanes::new(Site::of(&stage));
    let mut contenders = Vec::new();
    for row in ACTIVITY_ROWS {
        let path = activity_path(row);
        let load = lanes.reading(&path, FEW).await?;
        contenders.push(lanes.row(format!("extent/{name}-activity/{row}"), load));
    }
    rounds(plan, &mut contenders).await?;
    report.take(contenders);
    for row in ACTIVITY_ROWS {
        if let Some(p99) = report.p99_of(&format!("extent/{name}-activity/{row}")) {
            let name = format!("extent/{name}-activity/{row} of {activity} rows, p99");
            report.fact(name, p99, "ms", Some(Limit::AtMost(limit)));
        }
    }
    stage.tear_down().await
}

async fn rounds(plan: &Plan, contenders: &mut [Contender]) -> anyhow::Result<()> {
    for round in 0..=plan.rounds {
        for contender in &mut *contenders {
            contender.measure(plan.period, round > 0).await.with_context(|| contender.name.clone())?;
        }
    }
    Ok(())
}

/// A month and a day in the middle of what is seeded.
fn activity_path(row: &str) -> String {
    let middle = i64::try_from(DAYS / 2).unwrap_or_default() * 86_400_000;
    let day = DateTime::from_timestamp_millis(first_day(Utc::now()) + middle).unwrap_or_default();
    let date = |days: u64| {
        (day + chrono::TimeDelta::days(i64::try_from(days).unwrap_or_default())).format("%Y-%m-%d")
    };
    match row {
        "page" => "/login-activity".to_owned(),
        "count-month-by-type" => {
            let condition = serde_json::json!({ "and": [
                { "loginType": "ACCESS" },
                { "loginTime": { "gte": format!("{}T00:00:00.000Z", date(0)) } },
                { "loginTime": { "lt": format!("{}T00:00:00.000Z", date(30)) } },
            ] });
            format!("/login-activity/count?where={}", escape(&condition.to_string()))
        }
        _ => format!(
            "/active-users/daily?startDate={}T00:00:00.000Z&endDate={}T23:59:59.999Z",
            date(0),
            date(0)
        ),
    }
}

/// Percent-encodes everything but letters and digits (RFC 3986 §2.1).
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            escaped.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    escaped
}

fn hex(digit: u8) -> char {
    char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase()
}

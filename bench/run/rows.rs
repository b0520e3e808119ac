//! Which stages there are, and which rows each has.

use std::process::Command;
use std::sync::Arc;

use anyhow::Context as _;
use doorward_core::usecase::Core;
use uuid::Uuid;

use super::Plan;
use super::contender::{Contender, Load};
use super::provider::Provider;
use super::report::Report;
use super::stage::{CALLERS, CONNECTIONS, HASHING_CONNECTIONS, Lanes, Site, open_core};
use crate::driver::Lane;
use crate::host::{Process, Stage, StageOptions, client, free_address};
use crate::raw;
use crate::raw::hash::Kind;
use crate::seed::Seed;
use crate::walk::{Repeat, get};

/// Nodes, database and what carries the news.
struct Setting {
    name: &'static str,
    on_postgres: bool,
    with_redis: bool,
    nodes: usize,
    password: Kind,
}

const SETTINGS: &[Setting] = &[
    Setting { name: "sqlite", on_postgres: false, with_redis: false, nodes: 1, password: Kind::Argon2id },
    Setting {
        name: "sqlite-bcrypt",
        on_postgres: false,
        with_redis: false,
        nodes: 1,
        password: Kind::Bcrypt(10),
    },
    Setting { name: "postgres", on_postgres: true, with_redis: false, nodes: 1, password: Kind::Argon2id },
    Setting {
        name: "postgres-redis",
        on_postgres: true,
        with_redis: true,
        nodes: 1,
        password: Kind::Argon2id,
    },
    Setting {
        name: "postgres-2-nodes",
        on_postgres: true,
        with_redis: false,
        nodes: 2,
        password: Kind::Argon2id,
    },
    Setting {
        name: "postgres-redis-2-nodes",
        on_postgres: true,
        with_redis: true,
        nodes: 2,
        password: Kind::Argon2id,
    },
];

/// Rows of every stage but the one with bcrypt, in the order of a round: each after what it is compared with.
const ROWS: &[&str] = &[
    "hello",
    "me",
    "me-fresh-token",
    "raw-hash",
    "login-token",
    "login+token",
    "raw-sign",
    "raw-rotate",
    "refresh",
    "switch",
    "activity-page",
    "client_credentials",
    "introspect",
    "userinfo",
];
const BCRYPT_ROWS: &[&str] = &["raw-hash", "login-token"];

impl Setting {
    fn rows(&self) -> &'static [&'static str] {
        if self.password == Kind::Argon2id { ROWS } else { BCRYPT_ROWS }
    }

    /// The rows that the plan wants, and those they are compared with.
    fn wanted(&self, plan: &Plan) -> Vec<&'static str> {
        let asked = |row: &str| plan.wants(&format!("{}/{row}", self.name));
        let is_base = |base: &str, row: &str| comparisons(row).iter().any(|(bases, _)| bases.contains(&base));
        let needed = |base: &str| self.rows().iter().any(|row| is_base(base, row) && asked(row));
        self.rows().iter().copied().filter(|row| asked(row) || needed(row)).collect()
    }
}

/// Rows whose operations are done one after the other, and the smallest ratio that is wanted.
type Comparison = (&'static [&'static str], Option<f64>);

/// What a row is compared with, and the targets.
fn comparisons(row: &str) -> &'static [Comparison] {
    match row {
        "me" => &[(&["hello"], Some(0.6))],
        "me-fresh-token" => &[(&["hello"], Some(0.25))],
        "login-token" => &[(&["raw-hash"], Some(0.9))],
        "login+token" => &[(&["raw-hash"], None)],
        "refresh" | "switch" => &[(&["raw-rotate"], Some(0.4)), (&["raw-sign"], None)],
        "activity-page" => &[(&["hello"], None)],
        // Nothing can issue a token in less than a request and a signature take.
        "client_credentials" => &[(&["hello"], None), (&["hello", "raw-sign"], Some(0.5))],
        "introspect" | "userinfo" => &[(&["hello"], Some(0.5))],
        _ => &[],
    }
}

/// Measures every wanted row of every stage, in rounds.
pub(super) async fn measure(plan: &Plan, report: &mut Report) -> anyhow::Result<()> {
    for setting in SETTINGS {
        let wanted = setting.wanted(plan);
        let lacks =
            (setting.on_postgres && plan.postgres.is_none()) || (setting.with_redis && plan.redis.is_none());
        if wanted.is_empty() || lacks {
            continue;
        }
        measure_stage(plan, setting, &wanted, report).await.context(setting.name)?;
    }
    Ok(())
}

async fn measure_stage(
    plan: &Plan,
    setting: &Setting,
    wanted: &[&'static str],
    report: &mut Report,
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let stage = Stage::set_up(&options(plan, setting)).await?;
    report.started(setting.name, &stage);
    let hello = start_hello(folder.path()).await?;
    let mut furniture = Furniture {
        lanes: Lanes::new(Site::of(&stage)),
        provider: Provider::of(&stage, client()),
        core: open_core(&stage).await?,
        tenants: stage.tenants,
        hello: &hello,
    };
    let mut contenders = Vec::new();
    for row in wanted {
        let mut contender =
            contender(setting, row, &mut furniture).await.with_context(|| (*row).to_owned())?;
        for (bases, at_least) in comparisons(row) {
            let bases = bases.iter().map(|base| format!("{}/{base}", setting.name)).collect();
            contender = contender.against_all(bases, *at_least);
        }
        contenders.push(contender);
    }
    for round in 0..=plan.rounds {
        for contender in &mut contenders {
            // The first round only warms up, and may be short.
            let period =
                if round == 0 { plan.period.min(std::time::Duration::from_secs(1)) } else { plan.period };
            contender.measure(period, round > 0).await.with_context(|| contender.name.clone())?;
        }
        report.progress(setting.name, round, plan.rounds);
    }
    report.take(contenders);
    drop(furniture);
    stage.tear_down().await
}

fn options(plan: &Plan, setting: &Setting) -> StageOptions {
    StageOptions {
        doorward: plan.doorward.clone(),
        postgres: plan.postgres.clone().filter(|_| setting.on_postgres),
        redis: plan.redis.clone().filter(|_| setting.with_redis),
        settings: format!("{KEEP_HASHES}{}", plan.settings),
        nodes: setting.nodes,
        seed: Seed { users: 1000, activity: 20_000, password: setting.password },
    }
}

/// Otherwise a sign-in with bcrypt would hash twice: once to verify, once to replace.
pub(super) const KEEP_HASHES: &str = "[passwords]\nrehash = false\n";

async fn start_hello(folder: &std::path::Path) -> anyhow::Result<Process> {
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("hello").arg("--listen").arg(address.to_string());
    Process::start(&mut command, address, "/hello", &folder.join("hello.log")).await
}

/// What rows are made of.
struct Furniture<'a> {
    lanes: Lanes,
    /// The same nodes, in the other dialect.
    provider: Provider,
    /// On the stage's database, in this process.
    core: Arc<Core>,
    tenants: [Uuid; 2],
    hello: &'a Process,
}

impl Furniture<'_> {
    async fn sign_bench(&mut self) -> anyhow::Result<raw::sign::Bench> {
        raw::sign::Bench::new(Arc::clone(&self.core), &self.lanes.access_token().await?).await
    }
}

async fn contender(setting: &Setting, row: &str, furniture: &mut Furniture<'_>) -> anyhow::Result<Contender> {
    let name = format!("{}/{row}", setting.name);
    let hello = furniture.hello;
    let load = match row {
        "hello" => {
            let lanes = (0..CONNECTIONS).map(|_| {
                let mut request = Vec::new();
                get(&mut request, "/hello", None);
                Lane { address: hello.address, walker: Box::new(Repeat(request)) }
            });
            return Ok(
                Contender::new(name, Load::Requests(lanes.collect())).served_by(vec![hello.id()], None)
            );
        }
        "raw-hash" => {
            let bench = raw::hash::Bench::new(setting.password).await?;
            return Ok(Contender::new(name, Load::Hash(bench, CALLERS)));
        }
        "raw-sign" => return Ok(Contender::new(name, Load::Sign(furniture.sign_bench().await?, CALLERS))),
        "raw-rotate" => {
            let store = Arc::clone(&furniture.core.ports().store);
            let load = Load::Rotate(raw::rotate::Bench::new(store, CONNECTIONS).await?, CONNECTIONS);
            return Ok(Contender::new(name, load).served_by(Vec::new(), furniture.lanes.site.postmaster));
        }
        "me-fresh-token" => {
            let signer = furniture.sign_bench().await?;
            furniture.lanes.fresh_me(signer)
        }
        "switch" => furniture.lanes.switch(CONNECTIONS, furniture.tenants).await?,
        "client_credentials" => furniture.provider.client_credentials(),
        "introspect" => furniture.provider.introspect().await?,
        "userinfo" => furniture.provider.userinfo().await?,
        other => common(other, &mut furniture.lanes).await?,
    };
    Ok(furniture.lanes.row(name, load))
}

/// Rows that every server of the dialect can have.
pub(super) async fn common(row: &str, lanes: &mut Lanes) -> anyhow::Result<Load> {
    Ok(match row {
        "me" => lanes.reading("/auth/me", CONNECTIONS).await?,
        "login-token" => lanes.login_token(HASHING_CONNECTIONS),
        "login+token" => lanes.code_flow(HASHING_CONNECTIONS),
        "refresh" => lanes.refresh(CONNECTIONS).await?,
        "activity-page" => lanes.reading("/login-activity", CONNECTIONS).await?,
        other => anyhow::bail!("no row is called {other}"),
    })
}

//! The npm package that Doorward replaces: the same routes, with the algorithms of its defaults.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::super::Plan;
use super::super::report::{Limit, Report};
use super::super::rows::{KEEP_HASHES, common};
use super::super::stage::{Lanes, Site};
use super::{rounds, start};
use crate::host::{Place, Process, Stage, StageOptions, postmaster, resident};
use crate::raw::hash::Kind;
use crate::seed::Seed;
use crate::walk::{ClientCredentials, Users};

/// Its folder.
pub(super) const NAME: &str = "sourceloop";
/// As the peer hashes.
const PASSWORD: Kind = Kind::Bcrypt(10);
/// As the peer signs.
const ALGORITHM: &str = "[tokens]\nalgorithm = \"RS256\"\n";
const PEER_USERS: u64 = 200;

/// Rows, and how many times the peer's rate is wanted.
const ROWS: [(&str, Option<f64>); 4] =
    [("me", Some(100.0)), ("login-token", Some(1.35)), ("login+token", None), ("refresh", Some(40.0))];
/// Largest share of the peer's memory.
const MEMORY_SHARE: f64 = 0.25;

/// Measures beside the peer, which needs PostgreSQL and Redis.
pub(super) async fn measure(plan: &Plan, peers: &Path, report: &mut Report) -> anyhow::Result<()> {
    let wants = |row: &str| plan.wants(&format!("peers/{row}"));
    if !ROWS.iter().any(|(row, _)| wants(row)) {
        return Ok(());
    }
    let (Some(postgres), Some(redis)) = (&plan.postgres, &plan.redis) else {
        bail!("the peer needs --postgres and --redis");
    };
    let place = Place::postgres(postgres).await?;
    let folder = tempfile::tempdir()?;
    let environment = [
        ("DATABASE_URL", place.url.clone()),
        ("REDIS_URL", redis.clone()),
        ("PEER_USERS", PEER_USERS.to_string()),
    ];
    let peer = start(peers, NAME, folder.path(), "/ping", &environment).await?;
    let stage = Stage::set_up(&StageOptions {
        doorward: plan.doorward.clone(),
        postgres: Some(postgres.clone()),
        redis: Some(redis.clone()),
        settings: format!("{ALGORITHM}{KEEP_HASHES}{}", plan.settings),
        nodes: 1,
        seed: Seed { users: PEER_USERS, activity: 0, password: PASSWORD },
    })
    .await?;
    let site = Site {
        addresses: vec![peer.address],
        processes: vec![peer.id()],
        postmaster: postmaster(postgres).await,
        users: peer_users(),
    };
    let mut contenders = Vec::new();
    let mut theirs = Lanes::new(site);
    let mut ours = Lanes::new(Site::of(&stage));
    for (row, wanted) in ROWS.into_iter().filter(|(row, _)| wants(row)) {
        let base = format!("{NAME}/{row}");
        let load = common(row, &mut theirs).await.with_context(|| base.clone())?;
        contenders.push(theirs.row(base.clone(), load));
        let load = common(row, &mut ours).await?;
        contenders.push(ours.row(format!("doorward-rs256-bcrypt/{row}"), load).against(base, wanted));
    }
    rounds(plan, NAME, &mut contenders, report).await?;
    report.take(contenders);
    let memory = |process: &Process| resident(process.id());
    let node = stage.nodes.first().context("a stage has a node")?;
    #[expect(clippy::cast_precision_loss, reason = "no machine has 2^52 bytes")]
    let share = memory(node) as f64 / memory(&peer).max(1) as f64;
    report.fact(
        "peers/RSS over the peer's, after the load".to_owned(),
        share,
        "",
        Some(Limit::AtMost(MEMORY_SHARE)),
    );
    drop(peer);
    place.remove().await?;
    stage.tear_down().await
}

fn peer_users() -> Users {
    Users {
        client: ClientCredentials { client_id: "webapp".to_owned(), client_secret: "websecret".to_owned() },
        password: "Test123!@#".to_owned(),
        name: Arc::new(|number| format!("bench{}", number + 1)),
        first: 0,
        step: 1,
        count: PEER_USERS,
    }
}

//! `bench peers`: what others serve, beside what Doorward does, in one run.

mod oauth;
mod sourceloop;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::contender::Contender;
use super::report::Report;
use super::{Options, Plan};
use crate::host::{Process, free_address};

/// The folders below `bench/peers`.
const PEERS: [&str; 3] = [sourceloop::NAME, oauth::OIDC_PROVIDER, oauth::GLEWLWYD];

/// Measures beside the peers that are named, or all of them; prints, writes.
///
/// # Errors
/// As [`super::run`]; without what a peer needs.
pub(crate) async fn run(peers: &Path, options: &Options) -> anyhow::Result<()> {
    let mut plan = Plan::of(options)?;
    let named = take_names(&mut plan.filters);
    let mut report = Report::new(&plan);
    let measured = measure(&plan, peers, &named, &mut report).await;
    report.print();
    report.write(&plan.out)?;
    measured
}

/// Takes the names of peers out of the words; all of them when there is none.
fn take_names(words: &mut Vec<String>) -> Vec<&'static str> {
    let named: Vec<&'static str> =
        PEERS.into_iter().filter(|peer| words.iter().any(|word| word == peer)).collect();
    words.retain(|word| !PEERS.contains(&word.as_str()));
    if named.is_empty() { PEERS.to_vec() } else { named }
}

async fn measure(plan: &Plan, peers: &Path, named: &[&str], report: &mut Report) -> anyhow::Result<()> {
    if named.contains(&sourceloop::NAME) {
        sourceloop::measure(plan, peers, report).await.context(sourceloop::NAME)?;
    }
    let named: Vec<&str> = named.iter().copied().filter(|peer| *peer != sourceloop::NAME).collect();
    if named.is_empty() { Ok(()) } else { oauth::measure(plan, peers, &named, report).await }
}

/// Runs a peer's script, which makes everything ready and becomes the server. `path` is answered when it is.
async fn start(
    peers: &Path,
    peer: &str,
    folder: &Path,
    path: &str,
    environment: &[(&str, String)],
) -> anyhow::Result<Process> {
    let script = peers.join(peer).join("start.sh").canonicalize().context("bench/peers")?;
    let address: SocketAddr = free_address()?;
    let mut command = Command::new(script);
    command
        .env("PORT", address.port().to_string())
        .envs(environment.iter().map(|(name, value)| (name, value)));
    Process::start(&mut command, address, path, &folder.join(format!("{peer}.log"))).await
}

async fn rounds(
    plan: &Plan,
    about: &str,
    contenders: &mut [Contender],
    report: &Report,
) -> anyhow::Result<()> {
    for round in 0..=plan.rounds {
        for contender in &mut *contenders {
            contender.measure(plan.period, round > 0).await.with_context(|| contender.name.clone())?;
        }
        report.progress(about, round, plan.rounds);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_named_among_the_filters_or_all_are_meant() {
        let mut words = ["glewlwyd", "userinfo"].map(str::to_owned).to_vec();
        assert_eq!(take_names(&mut words), ["glewlwyd"]);
        assert_eq!(words, ["userinfo"]);
        assert_eq!(take_names(&mut words), PEERS);
    }
}

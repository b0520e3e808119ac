//! What each command of the command line does.

use std::cell::OnceCell;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::ValueEnum as _;
use doorward_core::domain::key::KeyStage;
use doorward_core::domain::time::Timestamp;
use doorward_core::usecase::apply::{ApplyOptions, Bootstrap, ClientDefaults, Report};
use doorward_crypto::KeyOperations;

use tempfile::TempDir;

use crate::apply_file;
use crate::cli::{Apply, Cli, Command, Config, Dialect, Import, Keys};
use crate::config::{DatabaseUrl, Settings, process_environment, reference};
use crate::wire::{self, Assembly, Overrides, Purpose};
use crate::{carriers, dev_idp, identity_providers, import, outbox, serve, telemetry};

/// How long `apply` waits for clients that do not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the command.
///
/// # Errors
/// One line for standard error.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    // Until this function ends: what is logged last is written then.
    let log = OnceCell::new();
    let load = || -> anyhow::Result<Settings> {
        let settings = Settings::load(cli.config.as_deref(), &process_environment()?)?;
        log.get_or_init(|| telemetry::start(&settings.log)).as_ref().map_err(|error| anyhow!("{error}"))?;
        Ok(settings)
    };
    match cli.command {
        Command::Serve => serve_until_signal(load()?).await,
        Command::Apply(apply) => {
            let report = self::apply(&load()?, &apply).await?;
            print(&render(&report, apply.dry_run))
        }
        Command::DevIdp { listen } => dev_idp::serve(&load()?, listen, stop_signal()?).await,
        Command::Migrate { plan } => migrate(&load()?, plan).await,
        Command::Import(Import::Sourceloop(from)) => print(&import::sourceloop(&load()?, &from).await?),
        Command::Keys(keys) => operate_keys(&load()?, keys).await,
        Command::Config(Config::Reference) => print(&reference::render()),
        Command::Config(Config::Check) => {
            let settings = Settings::load(cli.config.as_deref(), &process_environment()?)?;
            identity_providers::check(&settings)?;
            carriers::check(&settings)?;
            print("The configuration can be used.\n")
        }
        Command::Outbox(command) => print(&outbox::operate(&load()?, command).await?),
        Command::Openapi { dialect: Dialect::Native } => print(&doorward_http::native_document()),
        Command::Openapi { dialect: Dialect::Oauth2 } => print(&doorward_http::oauth2_document()),
        Command::Openapi { dialect } => {
            let name =
                dialect.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            bail!("the dialect {name} is not available yet; there are: native, oauth2")
        }
    }
}

/// An error and its causes as one line. A cause that the words before it tell already is not told again.
#[must_use]
pub fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.ends_with(&cause) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&cause);
    }
    line.replace(['\n', '\r'], " ")
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

async fn serve_until_signal(settings: Settings) -> anyhow::Result<()> {
    // Before the first request can be answered: until the handler is there, the signal kills.
    let mut signal = std::pin::pin!(stop_signal()?);
    let running = tokio::select! {
        started = serve::start(settings, Overrides::default()) => started?,
        () = &mut signal => return Ok(()),
    };
    running.stop_at(signal).await
}

#[cfg(unix)]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a signal handler there is nothing to wait for: the process ends by being stopped.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Applies a file to the configured database, whether or not a server runs on it.
///
/// # Errors
/// One line about the file, or about what cannot be used.
async fn apply(settings: &Settings, apply: &Apply) -> anyhow::Result<Report> {
    let declared = apply_file::load(&apply.file)?;
    apply_declared(settings, &declared, apply.dry_run, apply.reset_secrets).await
}

/// Applies a checked file.
///
/// # Errors
/// One line about an entry, or about what cannot be used.
pub async fn apply_declared(
    settings: &Settings,
    declared: &Bootstrap,
    dry_run: bool,
    reset_secrets: bool,
) -> anyhow::Result<Report> {
    let purpose = if dry_run { Purpose::Look } else { Purpose::Work };
    let blank = if dry_run { blank_database(settings).await? } else { None };
    let settings = blank.as_ref().map_or(settings, |(settings, _)| settings);
    if blank.is_some() {
        wire::open_store(settings).await?.migrations.migrate().await.context("database")?;
    }
    let Assembly { core, courier, .. } = wire::assemble(settings, Overrides::default(), purpose).await?;
    let tokens = &settings.tokens;
    let client_defaults = ClientDefaults {
        access_token_ttl: tokens.access_token_ttl,
        refresh_token_ttl: tokens.refresh_token_ttl,
        auth_code_ttl: tokens.auth_code_ttl,
    };
    let options = ApplyOptions { dry_run, reset_secrets, client_defaults };
    let report = core.apply(declared, options).await.context("apply")?;
    if let Some(courier) = courier {
        courier.deliver().await;
    }
    // Clients whose sessions ended are told before the process ends, unless they do not answer.
    let tasks = &core.ports().tasks;
    tasks.close();
    let _ = tokio::time::timeout(PATIENCE, tasks.wait()).await;
    Ok(report)
}

/// A throw-away database in place of one that holds nothing yet: a dry run must not even make its schema.
pub(crate) async fn blank_database(settings: &Settings) -> anyhow::Result<Option<(Settings, TempDir)>> {
    let is_blank = match &settings.database.url {
        DatabaseUrl::Sqlite { path } if !path.exists() => true,
        _ => {
            let pending = wire::open_store(settings).await?.migrations.pending().await.context("database")?;
            pending.first().is_some_and(|first| first.number == 1)
        }
    };
    if !is_blank {
        return Ok(None);
    }
    let directory = tempfile::tempdir()?;
    let mut blank = settings.clone();
    blank.database.url = DatabaseUrl::Sqlite { path: directory.path().join("blank.db") };
    Ok(Some((blank, directory)))
}

fn render(report: &Report, dry_run: bool) -> String {
    let lines = report.changes.iter().map(|change| format!("{change}\n"));
    let nothing = report.changes.is_empty().then(|| "the file declares nothing\n".to_owned());
    let closing = dry_run.then(|| "dry run: nothing was changed\n".to_owned());
    lines.chain(nothing).chain(closing).collect()
}

async fn migrate(settings: &Settings, plan: bool) -> anyhow::Result<()> {
    let migrations = wire::open_store(settings).await?.migrations;
    let steps = if plan { migrations.pending().await } else { migrations.migrate().await };
    let steps = steps.context("database")?;
    if steps.is_empty() {
        return print("The schema is up to date.\n");
    }
    for step in steps {
        if plan {
            print(&format!("-- {:04} {}\n{}\n", step.number, step.name, step.sql))?;
        } else {
            print(&format!("migrated {:04} {}\n", step.number, step.name))?;
        }
    }
    Ok(())
}

async fn operate_keys(settings: &Settings, command: Keys) -> anyhow::Result<()> {
    match command {
        Keys::List => {
            let keys = open_keys(settings).await?;
            print(
                "KID                                          ALG    STAGE    CREATED                   SIGNS FROM                RETIRED\n",
            )?;
            for key in keys.list().await? {
                let stage = match key.stage {
                    KeyStage::Next => "next",
                    KeyStage::Current => "current",
                    KeyStage::Retired => "retired",
                };
                let time =
                    |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), Timestamp::to_iso_millis);
                print(&format!(
                    "{:<44} {:<6} {stage:<8} {:<25} {:<25} {}\n",
                    key.kid,
                    key.algorithm,
                    key.created_at.to_iso_millis(),
                    time(key.signs_from),
                    time(key.retired_at)
                ))?;
            }
            Ok(())
        }
        Keys::Rotate { algorithm } => {
            let keys = open_keys(settings).await?;
            let rotation = keys.rotate(algorithm.unwrap_or(settings.tokens.algorithm)).await?;
            report_rotation(&rotation)
        }
        Keys::Import { file } => {
            // First: a file that cannot be read leaves nothing behind.
            let pem = read_key(&file)?;
            report_rotation(&open_keys(settings).await?.import(&pem).await?)
        }
    }
}

async fn open_keys(settings: &Settings) -> anyhow::Result<KeyOperations> {
    Ok(wire::assemble(settings, Overrides::default(), Purpose::Keys).await?.keys)
}

fn read_key(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn report_rotation(rotation: &doorward_crypto::Rotation) -> anyhow::Result<()> {
    let verb = if rotation.is_changed { "signs from" } else { "is already under way; it signs from" };
    print(&format!(
        "{} key {} {verb} {}\n",
        rotation.algorithm,
        rotation.current,
        rotation.signs_from.to_iso_millis()
    ))?;
    match &rotation.next {
        Some(next) => print(&format!("{} key {next} is published as the next\n", rotation.algorithm)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_that_were_told_are_not_told_again() {
        let cause = || anyhow!("permission denied");
        let told = anyhow!(std::io::Error::other("cannot create x: permission denied")).context("database");
        assert_eq!(one_line(&told), "database: cannot create x: permission denied");
        assert_eq!(one_line(&cause().context("x cannot\nbe read")), "x cannot be read: permission denied");
        assert_eq!(one_line(&cause().context("not read: permission denied")), "not read: permission denied");
    }
}

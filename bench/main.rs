//! `bench`: measures Doorward against what it is made of, in ratios of one run (docs/benchmarks.md).

#![expect(
    clippy::disallowed_methods,
    reason = "it measures real time, and its rows have ids of its own: nothing here is part of the product"
)]
#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

mod driver;
mod hello;
mod host;
mod raw;
mod run;
mod seed;
mod walk;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::raw::hash::Kind;
use crate::seed::Seed;

/// Measures Doorward.
#[derive(Debug, Parser)]
#[command(name = "bench", about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Everything, or the rows whose names hold one of the filters.
    Run(run::Options),
    /// What Doorward replaces and other OpenID providers, beside Doorward: those that are named, or all.
    Peers {
        /// Where the peers are.
        #[arg(long, default_value = "bench/peers")]
        peers: PathBuf,
        #[command(flatten)]
        options: run::Options,
    },
    /// The bare endpoint that requests are compared with.
    Hello {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
    },
    /// Password hashes a second on all cores.
    Raw {
        /// argon2id or bcrypt:COST.
        #[arg(default_value = "argon2id")]
        kind: Kind,
        /// Seconds.
        #[arg(long, default_value_t = 3)]
        seconds: u64,
    },
    /// Users and login activity in bulk, after `doorward apply bench/host/bootstrap.toml`.
    Seed {
        /// How many users.
        #[arg(long, default_value_t = 1000)]
        users: u64,
        /// How many rows of login activity, over two years.
        #[arg(long, default_value_t = 0)]
        activity: u64,
        /// `database.url`.
        #[arg(long)]
        database: String,
        /// How the users' one password is hashed: argon2id or bcrypt:COST.
        #[arg(long, default_value = "argon2id")]
        password: Kind,
    },
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(perform(cli.command))
}

async fn perform(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Run(options) => run::run(&options).await,
        Command::Peers { peers, options } => run::peers::run(&peers, &options).await,
        Command::Hello { listen } => hello::run(listen).await,
        Command::Raw { kind, seconds } => {
            let bench = raw::hash::Bench::new(kind).await?;
            let counted = bench.run(8, Duration::from_secs(seconds)).await;
            println!("{:.1} verifications/s", run::rate(counted.operations, counted.elapsed));
            Ok(())
        }
        Command::Seed { users, activity, database, password } => {
            seed::command(&database, &Seed { users, activity, password }).await
        }
    }
}

/// Where the binaries are when nobody says: beside this one.
fn beside(name: &str) -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|path| path.parent().map(|folder| folder.join(name)))
        .unwrap_or_else(|| name.into())
}

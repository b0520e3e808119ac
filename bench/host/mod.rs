//! Doorward as its users run it: release processes in a temporary folder, on a database of their own.

mod database;
mod process;

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use doorward_core::ports::entropy::Entropy as _;
use doorward_crypto::SystemEntropy;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) use self::database::{Place, postmaster};
pub(crate) use self::process::{Process, cpu_time, cpu_time_of_family, resident};
use crate::seed::{self, Seed};
use crate::walk::ClientCredentials;

/// Tenants, role and clients of every stage; the users come from [`seed`].
const BOOTSTRAP: &str = include_str!("bootstrap.toml");
const MASTER_KEY_FILE: &str = "DOORWARD__SECURITY__MASTER_KEY_FILE";
/// Every seeded user's.
pub(crate) const PASSWORD: &str = "Wonder-Land-7";

/// What a stage is made of.
#[derive(Clone, Debug)]
pub(crate) struct StageOptions {
    /// The binary.
    pub(crate) doorward: PathBuf,
    /// A PostgreSQL server's URL; SQLite without.
    pub(crate) postgres: Option<String>,
    /// A Redis server's URL.
    pub(crate) redis: Option<String>,
    /// Lines of the configuration beyond what every stage has.
    pub(crate) settings: String,
    pub(crate) nodes: usize,
    pub(crate) seed: Seed,
}

/// Running nodes on one seeded database.
pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) place: Place,
    pub(crate) nodes: Vec<Process>,
    pub(crate) users: u64,
    /// The tenants every seeded user belongs to.
    pub(crate) tenants: [Uuid; 2],
    /// First process of the PostgreSQL server.
    pub(crate) postmaster: Option<u32>,
}

impl Stage {
    /// Makes the database, fills it, starts the nodes.
    pub(crate) async fn set_up(options: &StageOptions) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("doorward-bench.").tempdir()?;
        let place = match &options.postgres {
            Some(server) => Place::postgres(server).await?,
            None => Place::sqlite(folder.path()),
        };
        let ports: Vec<SocketAddr> = (0..options.nodes).map(|_| free_address()).collect::<Result<_, _>>()?;
        let first = *ports.first().context("a stage needs a node")?;
        for (index, address) in ports.iter().enumerate() {
            fs::write(config_file(folder.path(), index), configuration(options, &place, *address, first))?;
        }
        // One key for all nodes of the stage, in a file that every configuration names.
        let mut key = [0; 32];
        SystemEntropy.fill(&mut key);
        fs::write(folder.path().join("key"), base64::engine::general_purpose::STANDARD.encode(key))?;
        apply(options, folder.path())?;
        seed::run(&place.url, &options.seed).await.context("seed")?;
        let mut nodes = Vec::new();
        for (index, address) in ports.iter().enumerate() {
            nodes.push(start_node(options, folder.path(), index, *address).await?);
        }
        let tenant = |key: &str| format!("SELECT id FROM tenants WHERE key = '{key}'");
        let tenants = [place.uuid(&tenant("bench")).await?, place.uuid(&tenant("other")).await?];
        let postmaster = match &options.postgres {
            Some(server) => postmaster(server).await,
            None => None,
        };
        Ok(Self { folder, place, nodes, users: options.seed.users, tenants, postmaster })
    }

    /// Ends the nodes and drops the database.
    pub(crate) async fn tear_down(mut self) -> anyhow::Result<()> {
        self.nodes.clear();
        self.place.remove().await
    }

    /// The configuration of the first node.
    pub(crate) fn config(&self) -> PathBuf {
        config_file(self.folder.path(), 0)
    }

    /// What the nodes read beside it.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let file = self.folder.path().join("key").display().to_string();
        BTreeMap::from([(MASTER_KEY_FILE.to_owned(), file)])
    }
}

/// The client of the bootstrap file that users sign in through; its tokens are signed with the default, ES256.
pub(crate) fn client() -> ClientCredentials {
    ClientCredentials { client_id: "bench".to_owned(), client_secret: "bench-secret".to_owned() }
}

/// The client of the bootstrap file whose own tokens are signed with RS256.
pub(crate) fn rs256_client() -> ClientCredentials {
    ClientCredentials { client_id: "bench-rs256".to_owned(), ..client() }
}

/// An address nobody listens on at this moment.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn config_file(folder: &Path, node: usize) -> PathBuf {
    folder.join(format!("node-{node}.toml"))
}

/// What an operator would write; limits of attempts are off, because one address tries all the time.
fn configuration(options: &StageOptions, place: &Place, address: SocketAddr, first: SocketAddr) -> String {
    let redis = options.redis.as_ref().map(|url| format!("[redis]\nurl = {url:?}\n")).unwrap_or_default();
    format!(
        "[server]\nlisten = \"{address}\"\npublic_url = \"http://{first}\"\n\
         [database]\nurl = {:?}\nauto_migrate = true\n{redis}[limits]\nenabled = false\n{}",
        place.url, options.settings
    )
}

fn command(options: &StageOptions, folder: &Path, node: usize, verb: &str) -> Command {
    let mut command = Command::new(&options.doorward);
    command.current_dir(folder).arg("--config").arg(config_file(folder, node)).arg(verb);
    command.env(MASTER_KEY_FILE, folder.join("key"));
    command
}

fn apply(options: &StageOptions, folder: &Path) -> anyhow::Result<()> {
    let file = folder.join("bootstrap.toml");
    fs::write(&file, BOOTSTRAP)?;
    let output = command(options, folder, 0, "apply").arg(&file).output().context("doorward apply")?;
    if !output.status.success() {
        bail!("doorward apply: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

async fn start_node(
    options: &StageOptions,
    folder: &Path,
    index: usize,
    address: SocketAddr,
) -> anyhow::Result<Process> {
    let log = folder.join(format!("node-{index}.log"));
    Process::start(&mut command(options, folder, index, "serve"), address, "/health/ready", &log).await
}

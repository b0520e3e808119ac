//! The command line (stable interface).

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use doorward_core::domain::key::Algorithm;

/// Doorward: sign-in, tokens and sessions for your applications.
#[derive(Clone, Debug, Parser)]
#[command(name = "doorward", version, about)]
pub struct Cli {
    /// Configuration file; without it, ./doorward.toml if there is one, else built-in defaults.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Serve requests until told to stop.
    Serve,
    /// Create and update tenants, roles, clients and users from a file; prints what changed. Never deletes.
    Apply(Apply),
    /// Bring the database schema up to date.
    Migrate {
        /// Only print what would be done.
        #[arg(long)]
        plan: bool,
    },
    /// The signing keys.
    #[command(subcommand)]
    Keys(Keys),
    /// The configuration.
    #[command(subcommand)]
    Config(Config),
    /// Mails and text messages that could not be delivered.
    #[command(subcommand)]
    Outbox(Outbox),
    /// Move in: take over another service's data. Run it again at any time: what is here already is left alone.
    #[command(subcommand)]
    Import(Import),
    /// Play every identity provider, for trying out on this machine: whoever asks is signed in as whomever he wants to be.
    DevIdp {
        /// A loopback address and port; examples/dev-idp.toml expects this one.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9400")]
        listen: SocketAddr,
    },
    /// Print the OpenAPI document of a dialect.
    Openapi {
        /// Which dialect.
        dialect: Dialect,
    },
}

/// `doorward apply`.
#[derive(Clone, Debug, clap::Args)]
pub struct Apply {
    /// The TOML file.
    pub file: PathBuf,
    /// Only print what would change.
    #[arg(long)]
    pub dry_run: bool,
    /// Set passwords and secrets of what exists already; otherwise only what is created gets them.
    #[arg(long)]
    pub reset_secrets: bool,
}

/// `doorward keys`.
#[derive(Clone, Debug, Subcommand)]
pub enum Keys {
    /// List the signing keys.
    List,
    /// Make a new key and publish it; it signs once every cache has it.
    Rotate {
        /// Only this algorithm's key; without it, the one of `tokens.algorithm`.
        #[arg(long, value_parser = key_algorithm)]
        algorithm: Option<Algorithm>,
    },
    /// Take over an existing private key (PEM: PKCS#8, PKCS#1 or SEC1), so that whoever trusts its public key trusts us.
    Import {
        /// The PEM file.
        file: PathBuf,
    },
}

/// `doorward outbox`.
#[derive(Clone, Debug, Subcommand)]
pub enum Outbox {
    /// List the messages that were given up, newest first, and say why.
    List,
    /// Send one again, its attempts forgotten.
    Retry {
        /// Its id, from the list.
        id: String,
    },
}

/// `doorward import`.
#[derive(Clone, Debug, Subcommand)]
pub enum Import {
    /// From the PostgreSQL database of @sourceloop/authentication-service, releases 14 to 19, which is only read.
    Sourceloop(Sourceloop),
}

/// `doorward import sourceloop`.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Sourceloop {
    /// Its address: postgres://USER:PASSWORD@HOST/DATABASE. Other users of this machine can see it: see --from-file.
    #[arg(long, value_name = "URL", required_unless_present = "from_file", conflicts_with = "from_file")]
    pub from: Option<String>,
    /// A file that holds the address.
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,
    /// The schema its tables are in.
    #[arg(long, default_value = "main")]
    pub schema: String,
    /// Only print what would be imported, and what is wrong with it.
    #[arg(long)]
    pub dry_run: bool,
    /// Leave the login activity out.
    #[arg(long)]
    pub without_activity: bool,
    /// Make tenants with status 0 active: the old service never looked at the status.
    #[arg(long)]
    pub activate_tenants: bool,
    /// Let clients of type "public" in without their secret, as the old service did with secureClient.
    #[arg(long)]
    pub public_clients: bool,
    /// Sign with HS256 and the key in each client's `secret` column.
    #[arg(long, conflicts_with = "algorithm")]
    pub hs256_clients: bool,
    /// Sign imported clients' tokens with this algorithm; without it, the one of `tokens.algorithm`.
    #[arg(long, value_parser = key_algorithm)]
    pub algorithm: Option<Algorithm>,
}

/// `doorward config`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Subcommand)]
pub enum Config {
    /// Say whether the configuration can be used.
    Check,
    /// Print the reference of all settings (Markdown).
    Reference,
}

/// The dialects with an OpenAPI document.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Dialect {
    /// `/auth/*`, login activity.
    Native,
    /// `/oauth2/*` and discovery.
    Oauth2,
    /// `/api/v1/*`: not available yet.
    Manage,
    /// The small dialects: not available yet.
    Compat,
}

fn key_algorithm(text: &str) -> Result<Algorithm, String> {
    Algorithm::parse(text)
        .filter(|algorithm| *algorithm != Algorithm::HS256)
        .ok_or_else(|| "expected ES256, EdDSA or RS256".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn config_is_accepted_before_and_after_the_command() {
        for line in [["doorward", "--config", "x", "serve"], ["doorward", "serve", "--config", "x"]] {
            let cli = Cli::try_parse_from(line).expect("accepted");
            assert_eq!(cli.config, Some(PathBuf::from("x")));
        }
        assert!(Cli::try_parse_from(["doorward", "keys", "rotate", "--algorithm", "HS256"]).is_err());
    }
}

//! The command line (stable interface).

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
    /// `/oauth2/*`: not available yet.
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

//! `doorward`: reads the command line and does what it says.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use doorward_server::cli::Cli;
use doorward_server::command;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "doorward: {}", command::one_line(&error));
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let cli = Cli::parse();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command::run(cli))
}

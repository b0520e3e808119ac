//! Chores of the repository: `xtask check-deps | check-migrations | seal-migrations | openapi | reference | new-provider NAME | check`.
//!
//! `openapi` and `reference` ask the `doorward` binary that was built beside this one, so build the workspace first
//! (`./dev` does).

mod check_deps;
mod generated;
mod layers;
mod migrations;
mod new_provider;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: xtask check-deps | check-migrations | seal-migrations | openapi [--check] | \
                     reference [--check] | new-provider NAME | check";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(report) => {
            // Nobody is left to tell when the output is closed.
            let _ = writeln!(std::io::stdout(), "{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<String> {
    let root = repository_root()?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["check-deps"] => check_deps(&root),
        ["check-migrations"] => migrations::check(&root),
        ["seal-migrations"] => migrations::seal(&root),
        ["openapi"] => generated::each(&root, &generated::OPENAPI, generated::write),
        ["openapi", "--check"] => generated::each(&root, &generated::OPENAPI, generated::check),
        ["reference"] => generated::write(&root, &generated::REFERENCE),
        ["reference", "--check"] => generated::check(&root, &generated::REFERENCE),
        ["new-provider", name] => new_provider::create(&root, name),
        ["check"] => check_all(&root),
        _ => Err(anyhow::anyhow!("{USAGE}")),
    }
}

fn check_deps(root: &Path) -> anyhow::Result<String> {
    Ok([check_deps::check(root)?, layers::check(root)?].join("\n"))
}

fn check_all(root: &Path) -> anyhow::Result<String> {
    let reports = [
        check_deps(root)?,
        migrations::check(root)?,
        generated::each(root, &generated::OPENAPI, generated::check)?,
        generated::check(root, &generated::REFERENCE)?,
    ];
    Ok(reports.join("\n"))
}

/// The directory of the workspace's `Cargo.toml`, seen from the crate's own.
fn repository_root() -> anyhow::Result<PathBuf> {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_directory.parent().and_then(Path::parent);
    root.map(Path::to_owned).ok_or_else(|| anyhow::anyhow!("the crate does not lie in src/xtask"))
}

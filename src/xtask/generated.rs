//! Files that are generated, committed and compared: the OpenAPI documents and the configuration reference.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// A committed file and the `doorward` command that prints it.
pub(crate) struct Generated {
    path: &'static str,
    command: &'static [&'static str],
    renew: &'static str,
}

/// The document of each dialect.
pub(crate) const OPENAPI: [Generated; 2] = [
    Generated { path: "openapi/native.json", command: &["openapi", "native"], renew: "./dev openapi" },
    Generated { path: "openapi/oauth2.json", command: &["openapi", "oauth2"], renew: "./dev openapi" },
];

/// The reference of all settings.
pub(crate) const REFERENCE: Generated =
    Generated { path: "docs/configuration.md", command: &["config", "reference"], renew: "./dev reference" };

/// Does the same with several files.
///
/// # Errors
/// Those of the first that fails.
pub(crate) fn each(
    root: &Path,
    files: &[Generated],
    work: fn(&Path, &Generated) -> anyhow::Result<String>,
) -> anyhow::Result<String> {
    let reports: anyhow::Result<Vec<String>> = files.iter().map(|file| work(root, file)).collect();
    Ok(reports?.join("\n"))
}

/// The committed file is what the binary prints now.
///
/// # Errors
/// The binary fails or cannot be found; the file cannot be written.
pub(crate) fn write(root: &Path, what: &Generated) -> anyhow::Result<String> {
    let content = produce(what)?;
    let path = root.join(what.path);
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(&path, content).with_context(|| format!("cannot write {}", what.path))?;
    Ok(format!("{} is written", what.path))
}

/// Compares without writing.
///
/// # Errors
/// The file is stale or absent, or as [`write`].
pub(crate) fn check(root: &Path, what: &Generated) -> anyhow::Result<String> {
    let current = produce(what)?;
    let committed = fs::read(root.join(what.path)).with_context(|| format!("cannot read {}", what.path))?;
    if committed == current {
        return Ok(format!("{} is up to date", what.path));
    }
    let same_lines = committed.split(|byte| *byte == b'\n').zip(current.split(|byte| *byte == b'\n'));
    let line = 1 + same_lines.take_while(|(old, new)| old == new).count();
    bail!("{} is stale from line {line} on: run `{}` and commit it", what.path, what.renew)
}

fn produce(what: &Generated) -> anyhow::Result<Vec<u8>> {
    let binary = doorward()?;
    let output = Command::new(&binary)
        .args(what.command)
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    if !output.status.success() {
        bail!("doorward {}: {}", what.command.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// Built by the same `cargo build --workspace`, so it lies beside this binary.
fn doorward() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where xtask lies")?;
    let binary = own.with_file_name(format!("doorward{}", std::env::consts::EXE_SUFFIX));
    if !binary.exists() {
        bail!("{} is missing: run `cargo build --workspace` first", binary.display());
    }
    Ok(binary)
}

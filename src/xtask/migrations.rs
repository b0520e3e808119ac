//! Migrations come in pairs, are numbered without gaps and are never edited once sealed (migrations/README.md).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

const BACKENDS: [&str; 2] = ["postgres", "sqlite"];
const CHECKSUMS: &str = "migrations/CHECKSUMS";

/// Pairs, numbers and checksums are right.
///
/// # Errors
/// The first rule that is broken, with the files concerned.
pub(crate) fn check(root: &Path) -> anyhow::Result<String> {
    let current = checked_files(root)?;
    let sealed = read_checksums(root)?;
    refuse_edits(&current, &sealed)?;
    let unsealed: Vec<&str> =
        current.keys().filter(|file| !sealed.contains_key(*file)).map(String::as_str).collect();
    if !unsealed.is_empty() {
        bail!("not in {CHECKSUMS}: {}: run `./dev seal-migrations`", unsealed.join(", "));
    }
    Ok(format!("migrations: {} pairs are fine", current.len() / BACKENDS.len()))
}

/// New migrations stand in the list of checksums; from now on they are never edited.
///
/// # Errors
/// As [`check`]; a sealed migration was edited or removed.
pub(crate) fn seal(root: &Path) -> anyhow::Result<String> {
    let current = checked_files(root)?;
    refuse_edits(&current, &read_checksums(root)?)?;
    let mut text = String::new();
    for (file, checksum) in &current {
        writeln!(text, "{checksum}  {file}")?;
    }
    fs::write(root.join(CHECKSUMS), text).with_context(|| format!("cannot write {CHECKSUMS}"))?;
    Ok(format!("migrations: {} files are sealed", current.len()))
}

fn refuse_edits(current: &BTreeMap<String, String>, sealed: &BTreeMap<String, String>) -> anyhow::Result<()> {
    for (file, checksum) in sealed {
        match current.get(file) {
            None => bail!("{file} is gone: a merged migration is never removed"),
            Some(now) if now != checksum => bail!("{file} was edited: a merged migration is never edited"),
            Some(_) => {}
        }
    }
    Ok(())
}

/// `sqlite/0001_foundation.sql` → SHA-256, after the rules of names are checked.
fn checked_files(root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let mut names: Vec<BTreeSet<String>> = Vec::new();
    for backend in BACKENDS {
        let mut own = BTreeSet::new();
        let directory = root.join("migrations").join(backend);
        for entry in fs::read_dir(&directory).with_context(|| format!("cannot list migrations/{backend}"))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(format!("{backend}/{name}"), hex::encode(Sha256::digest(content)));
            own.insert(name);
        }
        names.push(own);
    }
    let lonely: Vec<&String> = names[0].symmetric_difference(&names[1]).collect();
    if !lonely.is_empty() {
        bail!("migrations without a partner for the other database: {lonely:?}");
    }
    for (number, name) in (1..).zip(&names[0]) {
        let rest = name.strip_prefix(&format!("{number:04}_")).and_then(|rest| rest.strip_suffix(".sql"));
        let well_named = rest.is_some_and(|rest| {
            !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        });
        if !well_named {
            bail!("{name}: expected {number:04}_name.sql with a name of a-z, 0-9 and _");
        }
    }
    Ok(files)
}

fn read_checksums(root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let path = root.join(CHECKSUMS);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {CHECKSUMS}"))?;
    text.lines()
        .map(|line| {
            let (checksum, file) =
                line.split_once("  ").with_context(|| format!("{CHECKSUMS}: {line:?} is no checksum"))?;
            Ok((file.to_owned(), checksum.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary directory can be made");
        for backend in BACKENDS {
            fs::create_dir_all(root.path().join("migrations").join(backend)).expect("writable");
        }
        for file in files {
            fs::write(root.path().join("migrations").join(file), file).expect("writable");
        }
        root
    }

    #[test]
    fn a_sealed_migration_is_never_edited() {
        let root = repository(&["sqlite/0001_a.sql", "postgres/0001_a.sql"]);
        assert!(check(root.path()).expect_err("unsealed").to_string().contains("seal-migrations"));
        seal(root.path()).expect("sealed");
        assert_eq!(check(root.path()).expect("fine"), "migrations: 1 pairs are fine");
        fs::write(root.path().join("migrations/sqlite/0001_a.sql"), "edited").expect("writable");
        for result in [check(root.path()), seal(root.path())] {
            assert!(result.expect_err("edited").to_string().contains("sqlite/0001_a.sql was edited"));
        }
    }

    #[test]
    fn pairs_and_numbers_are_checked() {
        let lonely = repository(&["sqlite/0001_a.sql"]);
        assert!(check(lonely.path()).expect_err("no partner").to_string().contains("without a partner"));
        let gap = repository(&["sqlite/0002_a.sql", "postgres/0002_a.sql"]);
        assert!(check(gap.path()).expect_err("a gap").to_string().contains("expected 0001_name.sql"));
    }
}

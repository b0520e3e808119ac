//! The master key: given by configuration, or kept in a file beside the database.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use doorward_core::domain::secret::Secret;
use doorward_core::ports::entropy::Entropy;
use doorward_crypto::MasterKey;

use crate::config::Settings;

/// Where the key comes from.
pub(crate) enum Source {
    /// `security.master_key`.
    Configured(MasterKey),
    /// The file exists.
    File(MasterKey),
    /// The file does not exist yet; [`create`] makes it once it is clear that the database holds nothing sealed.
    Absent(PathBuf),
}

/// Finds the key without creating anything.
///
/// # Errors
/// The file cannot be read, is readable by others, or holds no key.
pub(crate) fn find(settings: &Settings) -> anyhow::Result<Source> {
    if let Some(key) = &settings.security.master_key {
        return Ok(Source::Configured(key.clone()));
    }
    let path = settings.data_directory().join("master.key");
    if path.exists() { read(&path).map(Source::File) } else { Ok(Source::Absent(path)) }
}

/// Makes a key and its file, readable by its owner only. When another process was first, its key is the one.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn create(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
    let key = MasterKey::generate(entropy);
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    }
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    write_new(&draft, &key.to_base64()).with_context(|| format!("{} cannot be written", draft.display()))?;
    // A link never overwrites and appears with all of its content, whatever is killed when.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => {
            tracing::info!(event = "master_key_created", path = %path.display());
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(error).with_context(|| format!("{} cannot be written", path.display())),
    }
}

fn read(path: &Path) -> anyhow::Result<MasterKey> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    refuse_if_readable_by_others(path)?;
    MasterKey::parse_base64(&text)
        .with_context(|| format!("{} does not hold a key: expected base64 of 32 bytes", path.display()))
}

#[cfg(unix)]
fn write_new(path: &Path, text: &Secret<String>) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{}", text.expose())?;
    file.sync_all()
}

#[cfg(not(unix))]
fn write_new(path: &Path, text: &Secret<String>) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    writeln!(file, "{}", text.expose())?;
    file.sync_all()
}

#[cfg(unix)]
fn refuse_if_readable_by_others(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("{} can be read by others (mode {mode:03o}): run `chmod 600` on it", path.display());
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_readable_by_others(_path: &Path) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use doorward_crypto::SystemEntropy;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_by_its_owner_only() {
        let directory = tempfile::tempdir().expect("a folder");
        let path = directory.path().join("data/master.key");
        let made = create(&path, &SystemEntropy).expect("made");
        let again = create(&path, &SystemEntropy).expect("the first one stays");
        assert_eq!(made.to_base64().expose(), again.to_base64().expose());
        let files = fs::read_dir(directory.path().join("data")).expect("a folder").count();
        assert_eq!(files, 1, "no draft is left");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a folder");
        let path = directory.path().join("master.key");
        create(&path, &SystemEntropy).expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(read(&path).expect_err("refused").to_string().contains("chmod 600"));
        fs::write(&path, "no key").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("changed");
        assert!(read(&path).expect_err("refused").to_string().contains("base64 of 32 bytes"));
    }
}

//! Templates shared by test processes: a runner that gives every test a process would have each make its own.

use std::fs::{self, File};
use std::path::PathBuf;

use super::database::environment;

/// Names a folder of one test run; without it every process makes its own templates.
const TEMPLATES: &str = "DOORWARD_TEST_TEMPLATES";

/// The templates of this build of the tests. While it is open no other process can open it.
pub(super) struct Shelf {
    folder: PathBuf,
    build: String,
    /// Unlocks when it is closed.
    _lock: File,
}

impl Shelf {
    /// Waits for whoever has it open; `None` where templates are not shared.
    pub(super) fn open() -> Option<Self> {
        let folder = PathBuf::from(environment(TEMPLATES)?);
        let lock = File::create(folder.join("lock")).expect("the folder of the templates can be written to");
        lock.lock().expect("files can be locked");
        Some(Self { folder, build: this_build(), _lock: lock })
    }

    /// What was put under that name.
    pub(super) fn get(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.path(name)).ok()
    }

    /// Keeps it, whole or not at all.
    pub(super) fn put(&self, name: &str, template: Vec<u8>) -> Vec<u8> {
        let unfinished = self.path("unfinished");
        fs::write(&unfinished, &template).expect("a file can be written");
        fs::rename(&unfinished, self.path(name)).expect("a file can be renamed");
        template
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{}.{name}", self.build))
    }
}

/// Another build may have another schema.
fn this_build() -> String {
    let binary = std::env::current_exe().expect("a process has a file");
    let metadata = fs::metadata(&binary).expect("it is there");
    let modified = metadata.modified().expect("files have times");
    let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", metadata.len(), since.as_nanos())
}

//! Certified OpenID providers in the dress of each kind: `tests/upstreams/oidc`, on the machine's clock.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use doorward_core::ports::provider::ProviderKind;

use super::database::environment;

/// `upstream.mjs`, with its packages installed beside it.
const PROGRAM: &str = "DOORWARD_TEST_OIDC_UPSTREAM";
/// The client that it knows.
pub const CLIENT_ID: &str = "doorward";
/// Its secret.
pub const CLIENT_SECRET: &str = "upstream-secret-of-doorward";

/// A running provider; killed when dropped.
#[derive(Debug)]
pub struct Certified {
    /// Where it listens.
    pub port: u16,
    child: Child,
}

impl Certified {
    /// One in the dress of `kind`; `None`, with a reason, where its packages are not installed.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(kind: ProviderKind, redirect_uri: &str, apple_key: &Path) -> Option<Self> {
        let Some(program) = environment(PROGRAM) else {
            eprint_reason();
            return None;
        };
        let mut command = Command::new("node");
        command.args([program.as_str(), "--kind", kind.as_str(), "--port", "0", "--auto", "alice"]);
        command.args(["--redirect-uri", redirect_uri]);
        if kind == ProviderKind::Apple {
            command.arg("--apple-key").arg(apple_key);
        }
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("node can be started");
        let mut line = String::new();
        let output = child.stdout.take().expect("it was asked for");
        BufReader::new(output).read_line(&mut line).expect("it says something");
        let port = line.trim().strip_prefix("ready ").and_then(|port| port.parse().ok());
        Some(Self { port: port.unwrap_or_else(|| unreachable!("it is not ready: {line:?}")), child })
    }
}

impl Drop for Certified {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::print_stderr, reason = "a test that is left out says why")]
fn eprint_reason() {
    eprintln!("left out: {PROGRAM} is not set; ./dev test installs the packages and sets it");
}

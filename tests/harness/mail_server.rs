//! A mail server of somebody else's making: `tests/upstreams/mail`, PyPI's `aiosmtpd`.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::app::eventually;
use super::database::environment;
use super::plain::plain;

/// `sink.py`, with its packages installed beside it.
const PROGRAM: &str = "DOORWARD_TEST_MAIL_UPSTREAM";
const PATIENCE: Duration = Duration::from_secs(20);

/// A running mail server; killed when dropped.
#[derive(Debug)]
pub struct MailServer {
    /// Where it listens.
    pub port: u16,
    control: String,
    child: Child,
    http: reqwest::Client,
    /// The certificate that it shows.
    pub certificate: PathBuf,
    directory: tempfile::TempDir,
}

impl MailServer {
    /// One with these options, such as `--tls starttls`; `None`, with a reason, where its packages are not installed.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(options: &[&str]) -> Option<Self> {
        let Some(program) = environment(PROGRAM) else {
            eprint_reason();
            return None;
        };
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let certified =
            rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])
                .expect("a certificate can be made");
        let write = |name: &str, text: String| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).expect("a file can be written");
            path
        };
        let certificate = write("certificate.pem", certified.cert.pem());
        let key = write("key.pem", certified.signing_key.serialize_pem());
        let mut command = Command::new("python3");
        command.arg(program).args(options).arg("--certificate").arg(&certificate).arg("--key").arg(key);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("python3 can be started");
        let mut line = String::new();
        let output = child.stdout.take().expect("it was asked for");
        BufReader::new(output).read_line(&mut line).expect("it says something");
        let ports: Vec<u16> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [port, control] = ports[..] else { unreachable!("it is not ready: {line:?}") };
        let http = plain().build().expect("an HTTP client can be built");
        let control = format!("http://127.0.0.1:{control}/_control");
        Some(Self { port, control, child, http, certificate, directory })
    }

    /// A directory that lives as long as the server.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// `accept`, `550`, `421` or `hang`.
    pub async fn set(&self, manner: &str) {
        let request = self.http.post(&self.control).json(&json!({ "manner": manner }));
        let _ =
            request.send().await.expect("it can be told").error_for_status().expect("it knows the manner");
    }

    /// What happened to it.
    pub async fn state(&self) -> Value {
        let reply = self.http.get(&self.control).send().await.expect("it can be asked");
        reply.json().await.expect("it answers JSON")
    }

    /// The mails it took, once there are so many.
    pub async fn mails(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} mails are taken"), PATIENCE, async || {
            let mails = self.state().await["mails"].as_array().cloned().unwrap_or_default();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }

    /// The `Message-ID`s of all mails whose text arrived, once there are so many.
    pub async fn tried(&self, count: usize) -> Vec<String> {
        eventually(&format!("{count} mails are tried"), PATIENCE, async || {
            let state = self.state().await;
            let tried: Vec<String> = serde_json::from_value(state["tried"].clone()).expect("texts");
            (tried.len() >= count).then_some(tried)
        })
        .await
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The values of a header of a mail that [`MailServer::mails`] tells of.
#[must_use]
pub fn headers<'a>(mail: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = mail["headers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = headers
        .iter()
        .filter(|header| header[0].as_str().is_some_and(|given| given.eq_ignore_ascii_case(name)));
    named.filter_map(|header| header[1].as_str()).collect()
}

#[expect(clippy::print_stderr, reason = "a test that is left out says why")]
fn eprint_reason() {
    eprintln!("left out: {PROGRAM} is not set; ./dev test installs the packages and sets it");
}

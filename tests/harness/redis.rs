//! A Redis of a test's own, which the test may kill, pause and spoil.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::binary::free_port;

/// A `redis-server` on a port of its own that keeps nothing on disk; killed when dropped.
#[derive(Debug)]
pub struct RedisServer {
    /// Where it listens, also after a restart.
    pub address: SocketAddr,
    directory: TempDir,
    options: Vec<String>,
    child: Option<Child>,
}

impl RedisServer {
    /// A Redis that answers.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A Redis with further options (`--requirepass`, `x`).
    #[must_use]
    pub fn start_with(options: &[&str]) -> Self {
        let mut server = Self::stopped(SocketAddr::from(([127, 0, 0, 1], free_port())));
        server.options = options.iter().map(|option| (*option).to_owned()).collect();
        server.launch();
        server
    }

    /// A Redis that does not run yet, for an address that somebody else may hold until then.
    ///
    /// # Panics
    /// When there is no room for its directory.
    #[must_use]
    pub fn stopped(address: SocketAddr) -> Self {
        let directory = tempfile::Builder::new().prefix("doorward-redis-").tempdir();
        let directory = directory.expect("a temporary directory can be made");
        Self { address, directory, options: Vec::new(), child: None }
    }

    /// `redis.url`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Starts it, empty, and waits until it answers.
    ///
    /// # Panics
    /// When there is no `redis-server` or it does not answer within ten seconds.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let port = self.address.port().to_string();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"])
            .args(["--logfile", "redis.log"])
            .args(&self.options)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = child.expect("redis-server (Debian: redis-server) is installed; ./dev test installs it");
        self.child = Some(child);
        for _ in 0..1000 {
            if self.answers() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let log = std::fs::read_to_string(self.directory.path().join("redis.log"));
        unreachable!("Redis does not answer: {}", log.unwrap_or_default());
    }

    fn answers(&self) -> bool {
        TcpStream::connect(self.address).is_ok_and(|stream| {
            let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
            let mut line = String::new();
            (&stream).write_all(b"PING\r\n").is_ok()
                && BufReader::new(&stream).read_line(&mut line).is_ok()
                // Also `-NOAUTH …`: it is there.
                && !line.is_empty()
        })
    }

    /// Whether it was launched and not killed.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// `kill -9`.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("Redis can be killed");
            let _ = child.wait();
        }
    }

    /// Stands still: accepts connections (the kernel does) and says nothing.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Goes on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("it runs");
        let told = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status();
        assert!(told.expect("a shell runs").success(), "SIG{name} can be sent");
    }

    /// Runs an inline command; the first line of the answer.
    ///
    /// # Panics
    /// When Redis does not answer.
    #[must_use]
    pub fn command(&self, command: &str) -> String {
        let stream = TcpStream::connect(self.address).expect("Redis listens");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out can be set");
        (&stream).write_all(format!("{command}\r\n").as_bytes()).expect("Redis reads");
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).expect("Redis answers");
        line.trim_end().to_owned()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

//! The real executable `doorward`: commands that end, and servers that can be stopped and killed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::app::{App, base_environment};
use super::database::{Database, Place, environment};
use super::mailbox::Outbox;
use super::plain::plain;

/// What the logs and the database are searched for: no secret of a test may be found there.
pub const CANARY: &str = "CANARY-0d5b7a";

/// A directory and a database in which commands run.
#[derive(Debug)]
pub struct Home {
    /// The database.
    pub place: Place,
    environment: BTreeMap<String, String>,
}

/// What a command that ended left behind.
#[derive(Clone, Debug)]
pub struct Output {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A running `doorward serve`; killed when dropped.
pub struct Binary {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    http: reqwest::Client,
}

impl Output {
    /// Standard output of a command that succeeded.
    #[must_use]
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }

    /// The one line that a command that failed says.
    #[must_use]
    #[track_caller]
    pub fn complaint(&self) -> &str {
        assert_ne!(self.code, Some(0), "{self:?}");
        assert!(self.code.is_some(), "a signal ended it: {self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let line = self.stderr.trim_end_matches('\n');
        assert!(!line.is_empty() && !line.contains('\n'), "not one line: {self:?}");
        line
    }
}

/// Another executable than the one beside the test binary, such as one of a release build.
pub const EXECUTABLE: &str = "DOORWARD_TEST_BIN";

/// The executable beside the test binary: `target/debug/doorward` for `target/debug/deps/it-…`.
fn executable() -> PathBuf {
    if let Some(path) = environment(EXECUTABLE) {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().expect("the test knows its own path");
    let profile = test.parent().and_then(Path::parent).expect("it lies in target/<profile>/deps");
    let executable = profile.join(format!("doorward{}", std::env::consts::EXE_SUFFIX));
    assert!(
        executable.exists(),
        "{} is not there: run `cargo build --workspace` first",
        executable.display()
    );
    executable
}

impl Home {
    /// An empty database with the test settings; `None` where PostgreSQL may be left out.
    #[must_use]
    pub fn empty(database: Database) -> Option<Self> {
        let place = database.empty()?;
        let mut environment = base_environment(&place.url);
        environment.insert("DOORWARD__LOG__FORMAT".to_owned(), "json".to_owned());
        environment.insert("DOORWARD__MAIL__URL".to_owned(), Outbox::of(&place).url());
        Some(Self { place, environment })
    }

    /// An empty SQLite database.
    #[must_use]
    pub fn sqlite() -> Self {
        Self::empty(Database::Sqlite).expect("SQLite is never left out")
    }

    /// As [`Home::empty`], migrated and with the world of [`crate::bootstrap`].
    #[must_use]
    pub fn furnished(database: Database) -> Option<Self> {
        let home = Self::empty(database)?.set("database.auto_migrate", "true");
        let _ = home.apply(&crate::bootstrap::world(), &[]).ok();
        Some(home)
    }

    /// Sets `section.key`; an empty value takes a setting away.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        let variable = format!("DOORWARD__{}", key.replace('.', "__").to_uppercase());
        if value.is_empty() {
            self.environment.remove(&variable);
        } else {
            self.environment.insert(variable, value.to_owned());
        }
        self
    }

    /// Sets a variable of the environment that is none of Doorward's.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The working directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.place.directory.path()
    }

    /// Writes a file into the working directory.
    #[must_use]
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(executable());
        command.args(arguments).current_dir(self.directory()).env_clear().envs(&self.environment);
        command
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).stdin(Stdio::null()).output().expect("the command runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command writes UTF-8");
        Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// `doorward apply` of this text.
    #[must_use]
    pub fn apply(&self, text: &str, options: &[&str]) -> Output {
        let file = self.write("apply.toml", text);
        let file = file.to_str().expect("temporary paths are UTF-8");
        self.run(&[&["apply", file], options].concat())
    }

    /// Starts `doorward serve` and waits until it is ready.
    pub async fn serve(&self) -> Binary {
        self.serve_at(SocketAddr::from(([127, 0, 0, 1], free_port()))).await
    }

    /// As [`Home::serve`], at an address that somebody may be asking already.
    pub async fn serve_at(&self, address: SocketAddr) -> Binary {
        Binary::start(self, address).await
    }
}

/// A port nobody listens on at this moment.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

impl Binary {
    async fn start(home: &Home, address: SocketAddr) -> Self {
        let mut command = home.command(&["serve"]);
        command.env("DOORWARD__SERVER__LISTEN", address.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let stderr = child.stderr.take().expect("standard error is piped");
        let log = Arc::new(Mutex::new(String::new()));
        let reader = Some(collect(stderr, log.clone()));
        let http = plain().timeout(Duration::from_secs(30)).build();
        let http = http.expect("an HTTP client can be built");
        let mut server = Self { address, child, log, reader, http };
        server.wait_until_ready().await;
        server
    }

    async fn wait_until_ready(&mut self) {
        for _ in 0..3000 {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                unreachable!("the server ended with {status}: {}", self.log());
            }
            if TcpStream::connect(self.address).is_ok() {
                let ready = self.http.get(format!("http://{}/health/ready", self.address)).send().await;
                if ready.is_ok_and(|reply| reply.status().is_success()) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        unreachable!("the server is not ready after 30 seconds: {}", self.log());
    }

    /// What it wrote to standard error so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panics holding the log").clone()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server can be killed");
        let _ = self.child.wait();
    }

    /// `kill -9` in the midst of what the caller does meanwhile.
    pub async fn kill_after(&self, delay: Duration) {
        tokio::time::sleep(delay).await;
        self.signal("KILL");
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    fn signal(&self, name: &str) {
        let told = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.child.id())).status();
        assert!(told.expect("a shell runs").success(), "SIG{name} can be sent");
    }

    /// Waits for the end; the exit code.
    pub async fn wait(&mut self) -> Option<i32> {
        for _ in 0..2000 {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                if let Some(reader) = self.reader.take() {
                    reader.join().expect("the log is read to its end");
                }
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        unreachable!("the server runs on after 20 seconds: {}", self.log());
    }

    /// A request to be completed and sent by the caller.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    /// `POST` of JSON; status and body.
    pub async fn post(&self, path: &str, access: Option<&str>, body: &Value) -> (u16, Value) {
        let mut request = self.http.post(format!("http://{}{path}", self.address)).json(body);
        if let Some(access) = access {
            request = request.bearer_auth(access);
        }
        answer(request).await
    }

    /// `GET`; status and body.
    pub async fn get(&self, path: &str, access: Option<&str>) -> (u16, Value) {
        let mut request = self.http.get(format!("http://{}{path}", self.address));
        if let Some(access) = access {
            request = request.bearer_auth(access);
        }
        answer(request).await
    }

    /// Access and refresh token of a sign-in by `POST /auth/login-token` with the usual password.
    pub async fn sign_in(&self, client: &str, username: &str) -> (String, String) {
        let body = App::credentials(client, username, crate::bootstrap::PASSWORD);
        pair(&self.post("/auth/login-token", None, &body).await)
    }

    /// `POST /auth/token-refresh`.
    pub async fn refresh(&self, access: &str, refresh: &str) -> (u16, Value) {
        self.post("/auth/token-refresh", Some(access), &json!({ "refreshToken": refresh })).await
    }

    /// Whether `GET /auth/me` answers the token with 200.
    pub async fn accepts(&self, access: &str) -> bool {
        self.get("/auth/me", Some(access)).await.0 == 200
    }
}

/// The tokens of an answer that has to be 200.
#[must_use]
#[track_caller]
pub fn pair((status, body): &(u16, Value)) -> (String, String) {
    assert_eq!(*status, 200, "{body}");
    let text = |name: &str| body[name].as_str().expect("a token is text").to_owned();
    (text("accessToken"), text("refreshToken"))
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let reply = request.send().await.expect("the server answers");
    let status = reply.status().as_u16();
    let text = reply.text().await.expect("the body arrives");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn collect(stderr: std::process::ChildStderr, log: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stderr);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            log.lock().expect("nobody panics holding the log").push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
        let _ = lines.read_to_end(&mut line);
    })
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

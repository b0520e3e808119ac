//! Applications made of other people's libraries: `tests/relying_parties`, against the real executable.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::app::block_on;
use super::binary::{Binary, Home, free_port};
use super::database::{Database, environment};

/// The directory, with its packages installed.
const DIRECTORY: &str = "DOORWARD_TEST_RELYING_PARTIES";
/// The secret of the clients that have one: form encoding changes it.
const SECRET: &str = "rp+Secret/with=odd%2Bcharacters:0123456789";

/// Runs a program of that directory against a server that its `world.toml` was applied to; the program is a path below the
/// directory, and what it runs with comes from its ending.
///
/// # Panics
/// When it fails, with what it said.
pub fn run(database: Database, program: &str) {
    let Some(directory) = environment(DIRECTORY).map(PathBuf::from) else {
        eprint_reason();
        return;
    };
    let Some(home) = Home::empty(database) else { return };
    block_on(async {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let issuer = format!("http://{address}");
        let home = home.set("server.public_url", &issuer).set("tokens.issuer", "");
        let home = home.set("database.auto_migrate", "true");
        // What is sent again later than this is taken for stolen.
        let home = home.set("tokens.refresh_grace", "2s");
        let ports = [free_port(), free_port(), free_port()];
        let _ = home.apply(&world(&directory, home.directory(), ports), &[]).ok();
        let server = home.serve_at(address).await;
        let mut command = interpreter(&directory.join(program));
        command.env("RP_ISSUER", &issuer).env("RP_KEYS", home.directory());
        command.env("RP_PORTS", ports.map(|port| port.to_string()).join(","));
        conclude(&mut command, program, &server);
        home.place.remove().await;
    });
}

fn conclude(command: &mut Command, program: &str, server: &Binary) {
    let output = command.output().expect("the program can be started");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let log = server.log();
    let last: Vec<&str> = log.lines().rev().take(40).collect();
    assert!(
        output.status.success(),
        "{program}: {}\n{said}\nthe server's last lines, the newest first:\n{}",
        output.status,
        last.join("\n")
    );
    assert!(said.contains(" passed, 0 failed"), "{program} checked nothing: {said}");
}

/// Fills in the `apply` file; the keys of its clients are made now, and stay in `keys`.
fn world(directory: &Path, keys: &Path, ports: [u16; 3]) -> String {
    let made = interpreter(&directory.join("node/make_keys.mjs")).arg(keys).status();
    assert!(made.expect("node can be started").success(), "keys can be made");
    let read = |path: &Path| std::fs::read_to_string(path).expect("the file is there");
    let mut text = read(&directory.join("world.toml"));
    for algorithm in ["ES256", "RS256", "EdDSA", "ALL"] {
        let registered = read(&keys.join(format!("{algorithm}.jwks.json")));
        text = text.replace(&format!("{{{algorithm}}}"), &registered);
    }
    let ports = ports.map(|port| port.to_string());
    let places = [("{SECRET}", SECRET), ("{ONE}", &ports[0]), ("{TWO}", &ports[1]), ("{THREE}", &ports[2])];
    places.iter().fold(text, |text, (place, value)| text.replace(place, value))
}

fn interpreter(program: &Path) -> Command {
    let is_python = program.extension().is_some_and(|ending| ending == "py");
    let mut command = Command::new(if is_python { "python3" } else { "node" });
    command.arg(program);
    command
}

#[expect(clippy::print_stderr, reason = "a test that is left out says why")]
fn eprint_reason() {
    eprintln!("left out: {DIRECTORY} is not set; ./dev test installs the packages and sets it");
}

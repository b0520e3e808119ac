//! A mail server that takes mails, or does not, as the test says.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the server does with a mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Takes it.
    Take,
    /// Not now.
    Later,
    /// Never.
    Never,
    /// Says nothing after the mail, and does not take it.
    Silence,
    /// Takes it and says nothing.
    TakeInSilence,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    taken: Vec<String>,
    attempts: usize,
}

/// The server; it listens as long as the process lives.
#[derive(Clone, Debug)]
pub struct SmtpSink {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl SmtpSink {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let state = Arc::new(Mutex::new(State { manner, taken: Vec::new(), attempts: 0 }));
        let sink = Self { port, state };
        let server = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                // Whoever goes away in the midst of a mail has not sent it.
                std::thread::spawn(move || server.converse(&stream));
            }
        });
        sink
    }

    /// `mail.url`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}?tls=none", self.port)
    }

    /// From now on.
    pub fn set(&self, manner: Manner) {
        self.state().manner = manner;
    }

    /// The mails that it took.
    #[must_use]
    pub fn taken(&self) -> Vec<String> {
        self.state().taken.clone()
    }

    /// How often somebody tried to send a mail.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.state().attempts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn converse(&self, stream: &TcpStream) -> Option<()> {
        let mut writer = stream.try_clone().ok()?;
        let mut say = move |line: &str| writer.write_all(format!("{line}\r\n").as_bytes()).ok();
        let mut reader = BufReader::new(stream);
        say("220 sink")?;
        loop {
            let line = read_line(&mut reader)?;
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "MAIL" => {
                    self.state().attempts += 1;
                    "250 go on"
                }
                "RCPT" => self.judge(),
                "DATA" => {
                    say("354 go on")?;
                    self.take(read_mail(&mut reader)?)?
                }
                "QUIT" => return say("221 bye"),
                _ => "250 fine",
            };
            say(answer)?;
        }
    }

    fn judge(&self) -> &'static str {
        match self.state().manner {
            Manner::Later => "451 not now",
            Manner::Never => "550 never",
            _ => "250 go on",
        }
    }

    /// `None` = silence, until the connection is of no use any more.
    fn take(&self, mail: String) -> Option<&'static str> {
        let manner = self.state().manner;
        if manner != Manner::Silence {
            self.state().taken.push(mail);
        }
        if matches!(manner, Manner::Silence | Manner::TakeInSilence) {
            std::thread::park();
            return None;
        }
        Some("250 taken")
    }
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let read = reader.read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

fn read_mail(reader: &mut impl BufRead) -> Option<String> {
    let mut mail = String::new();
    loop {
        let line = read_line(reader)?;
        if line == "." {
            return Some(mail);
        }
        mail.push_str(&line);
        mail.push('\n');
    }
}

/// A header of a mail.
///
/// # Panics
/// When it has none of that name.
#[must_use]
pub fn header(mail: &str, name: &str) -> String {
    let start = format!("{name}: ");
    let found = mail.lines().find_map(|line| line.strip_prefix(&start));
    found.unwrap_or_else(|| unreachable!("no {name} in {mail}")).to_owned()
}

//! A wire that can be held: bytes between a server and its database or Redis stop flowing, and nobody is told.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Where the wire leads.
#[derive(Clone, Debug)]
pub enum Target {
    /// A port.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Forwards connections while it is not frozen. Ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    frozen: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start(target: Target) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (frozen, thaw) = watch::channel(false);
        let accepting = spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (target, thaw) = (target.clone(), thaw.clone());
                spawn(forward(near, target, thaw));
            }
        });
        Self { address, frozen, accepting }
    }

    /// In front of the PostgreSQL server of this URL; also the URL that leads through the proxy.
    ///
    /// # Panics
    /// When the URL is none of the tests'.
    pub async fn before_postgres(url: &str) -> (Self, String) {
        let (_, rest) = url.split_once("://").expect("a URL");
        let (authority, path) = rest.split_once('/').expect("it names a database");
        let (name, query) = path.split_once('?').unwrap_or((path, ""));
        let option =
            |wanted: &str| query.split('&').find_map(|pair| pair.strip_prefix(wanted)?.strip_prefix('='));
        if let Some(directory) = option("host") {
            let proxy = Self::start(Target::Unix(PathBuf::from(directory).join(".s.PGSQL.5432"))).await;
            let user = option("user").unwrap_or("postgres");
            let through = format!("postgres://{user}@{}/{name}?sslmode=disable", proxy.address);
            return (proxy, through);
        }
        let (user, host) = authority.rsplit_once('@').unwrap_or(("postgres", authority));
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:5432") };
        let proxy = Self::start(Target::Tcp(host)).await;
        let through = format!("postgres://{user}@{}/{path}", proxy.address);
        (proxy, through)
    }

    /// Bytes stay where they are; connections are accepted and lead nowhere.
    pub fn freeze(&self) {
        self.frozen.send_replace(true);
    }

    /// Bytes flow on.
    pub fn thaw(&self) {
        self.frozen.send_replace(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has no task tracker")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(task)
}

async fn forward(near: TcpStream, target: Target, mut thaw: watch::Receiver<bool>) {
    if thaw.wait_for(|is_frozen| !is_frozen).await.is_err() {
        return;
    }
    match target {
        Target::Tcp(address) => {
            if let Ok(far) = TcpStream::connect(address).await {
                let _ = (near.set_nodelay(true), far.set_nodelay(true));
                both_ways(near.into_split(), far.into_split(), &thaw).await;
            }
        }
        Target::Unix(path) => {
            if let Ok(far) = UnixStream::connect(path).await {
                both_ways(near.into_split(), far.into_split(), &thaw).await;
            }
        }
    }
}

async fn both_ways<A, B, C, D>(near: (A, B), far: (C, D), thaw: &watch::Receiver<bool>)
where
    A: AsyncRead + Unpin,
    B: AsyncWrite + Unpin,
    C: AsyncRead + Unpin,
    D: AsyncWrite + Unpin,
{
    tokio::select! {
        () = one_way(near.0, far.1, thaw.clone()) => {}
        () = one_way(far.0, near.1, thaw.clone()) => {}
    }
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut thaw: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if thaw.wait_for(|is_frozen| !is_frozen).await.is_err()
            || to.write_all(&buffer[..read]).await.is_err()
        {
            return;
        }
    }
}

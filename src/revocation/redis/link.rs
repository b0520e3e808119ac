//! The two connections of a node: one speaks, one listens (a subscribed connection cannot do both in RESP2).

use std::time::Duration;

use ::redis::aio::{MultiplexedConnection, PubSubStream};
use ::redis::{AsyncConnectionConfig, Client, RedisError};
use doorward_core::domain::secret::Secret;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::UnusableUrl;

/// For a pair of connections: name, TCP, TLS, password, subscription.
const DIAL_TIMEOUT: Duration = Duration::from_secs(2);
/// For messages to be taken by Redis.
const PUBLISH_TIMEOUT: Duration = Duration::from_millis(500);
/// What every channel of ours begins with; the version is that of the messages.
const CHANNEL: &str = "doorward:revocations:1:";

/// Why there is no link, or no longer. Never shows what the other side said: it may be anything.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// Something took longer than it may.
    #[error("no answer in time")]
    TimedOut,
    /// The listening connection ended.
    #[error("the connection was closed")]
    Closed,
    /// Nothing was heard for several beats, not even ourselves.
    #[error("published messages do not arrive")]
    Silent,
    /// Redis, or what answers in its place, refused.
    #[error("{}", describe(.0))]
    Failed(#[from] RedisError),
}

fn describe(error: &RedisError) -> String {
    // The error's own text repeats the server's; its code is one of a few words, unless the server is none.
    match error.code().filter(|code| code.len() <= 16 && code.bytes().all(|byte| byte.is_ascii_uppercase())) {
        Some(code) => format!("{} ({code})", error.category()),
        None => error.category().to_owned(),
    }
}

/// Makes links.
pub(super) struct Dialler {
    client: Client,
    channel: String,
}

impl Dialler {
    pub(super) fn new(url: &Secret<String>, realm: &str) -> Result<Self, UnusableUrl> {
        // A fragment would be `#insecure`, which switches the check of certificates off.
        let client = Some(url.expose().as_str()).filter(|url| !url.contains('#')).map(Client::open);
        let client = client.ok_or(UnusableUrl)?.map_err(|_| UnusableUrl)?;
        Ok(Self { client, channel: format!("{CHANNEL}{realm}") })
    }

    /// Connects both ways. From now on nothing published is missed.
    pub(super) async fn dial(&self) -> Result<Link, LinkError> {
        let dialled = timeout(DIAL_TIMEOUT, async {
            let mut listening = self.client.get_async_pubsub().await?;
            listening.subscribe(&self.channel).await?;
            Ok(Link { mouth: self.speak().await?, ear: listening.into_on_message() })
        });
        dialled.await.map_err(|_| LinkError::TimedOut)?
    }

    /// Connects to speak only.
    pub(super) async fn dial_mouth(&self) -> Result<Mouth, LinkError> {
        timeout(DIAL_TIMEOUT, self.speak()).await.map_err(|_| LinkError::TimedOut)?
    }

    async fn speak(&self) -> Result<Mouth, LinkError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(DIAL_TIMEOUT))
            .set_response_timeout(Some(PUBLISH_TIMEOUT));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(Mouth { connection, channel: self.channel.clone() })
    }
}

/// Both connections.
pub(super) struct Link {
    pub(super) mouth: Mouth,
    ear: PubSubStream,
}

impl Link {
    /// The next message on the channel, our own among them. May be dropped and asked again.
    pub(super) async fn hear(&mut self) -> Result<Vec<u8>, LinkError> {
        self.ear.next().await.map(|message| message.get_payload_bytes().to_vec()).ok_or(LinkError::Closed)
    }
}

/// The connection that speaks.
pub(super) struct Mouth {
    connection: MultiplexedConnection,
    channel: String,
}

impl Mouth {
    /// Redis has taken every message.
    pub(super) async fn say(&mut self, messages: &[Vec<u8>]) -> Result<(), LinkError> {
        let mut pipeline = ::redis::pipe();
        for message in messages {
            pipeline.publish(&self.channel, message).ignore();
        }
        let taken = timeout(PUBLISH_TIMEOUT, pipeline.query_async::<()>(&mut self.connection)).await;
        Ok(taken.map_err(|_| LinkError::TimedOut)??)
    }
}

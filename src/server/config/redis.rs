//! `[redis]`: what carries news between nodes faster than the database does.

use doorward_core::domain::secret::Secret;

use super::section::DefaultValue::Derived;
use super::section::section;
use super::setting::Setting;

section! {
    /// What carries the news of ended sessions between nodes faster than the database does. Nothing is kept there.
    [redis] Redis {
        /// `redis://<user>:<password>@<host>:<port>`, `rediss://…` for TLS, or `redis+unix:///<path>`.
        /// Nodes on one database should name the same server.
        url: Option<RedisUrl> = Derived("no Redis: nodes hear of each other every `revocation.poll`");
    }
}

/// How to reach Redis. The URL may hold a password and is never shown.
#[derive(Clone, Debug)]
pub struct RedisUrl(Secret<String>);

impl RedisUrl {
    /// The URL.
    #[must_use]
    pub fn secret(&self) -> &Secret<String> {
        &self.0
    }
}

impl Setting for RedisUrl {
    const SECRET: bool = true;

    fn kind() -> String {
        "URL (secret)".to_owned()
    }

    fn expected() -> String {
        doorward_revocation::UnusableUrl.to_string().trim_start_matches("expected ").to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        let usable = !text.chars().any(char::is_control) && doorward_revocation::is_redis_url(text);
        usable.then(|| Self(Secret::from(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_redis_only() {
        for good in [
            "redis://127.0.0.1",
            "redis://127.0.0.1:6380/2",
            "redis://:hunter2@cache.example.com:6379",
            "rediss://doorward:hunter2@cache.example.com:6380",
            "redis+unix:///run/redis/redis.sock",
        ] {
            assert!(RedisUrl::from_text(good).is_some(), "{good}");
        }
        for wrong in
            ["", "redis", "redis:", "http://x", "127.0.0.1:6379", "rediss://x/#insecure", "redis://x/a"]
        {
            assert!(RedisUrl::from_text(wrong).is_none(), "{wrong}");
        }
        let shown = format!("{:?}", RedisUrl::from_text("redis://:hunter2@x"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

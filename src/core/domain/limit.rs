//! Limits on attempts to guess: leaky buckets of failures (GCRA), as pure arithmetic.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::digest;

use super::ids::UserId;
use super::time::Timestamp;

/// How many failures a bucket holds, and how fast it drains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// Failures in a row that are tolerated.
    pub burst: u32,
    /// After this time one more is.
    pub refill: Duration,
}

/// Whose failures are counted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum LimitSubject<'a> {
    /// An account, by [`username_key`](super::user::username_key), whether it exists or not.
    Account(&'a str),
    /// An address: IPv4 as it is, IPv6 by its /64, which one household has to itself.
    Address(IpAddr),
    /// A client, by `client_id`, at one address.
    ClientFrom(&'a str, Option<IpAddr>),
    /// Authorization codes at one address.
    CodesFrom(Option<IpAddr>),
    /// Sign-ins at providers that were begun at one address and not brought back.
    DeparturesFrom(Option<IpAddr>),
    /// An account on a device or address it has signed in from before.
    KnownOrigin(UserId, &'a str),
    /// A destination of messages of one kind: kind and folded mail address, a telephone number; a name that nobody has, whose messages go nowhere.
    Destination(&'a str),
    /// Messages caused from an address.
    MessagesFrom(Option<IpAddr>),
}

/// A bucket's name: a hash, so that the table tells nobody who signs in from where.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LimitKey([u8; 32]);

impl LimitKey {
    /// The bucket of a subject.
    #[must_use]
    pub fn of(subject: &LimitSubject<'_>) -> Self {
        let text = match subject {
            LimitSubject::Account(key) => format!("account:{key}"),
            LimitSubject::Address(address) => format!("address:{}", network(*address)),
            LimitSubject::ClientFrom(client_id, ip) => format!("client:{}:{client_id}", place(*ip)),
            LimitSubject::CodesFrom(ip) => format!("codes:{}", place(*ip)),
            LimitSubject::DeparturesFrom(ip) => format!("departures:{}", place(*ip)),
            LimitSubject::KnownOrigin(user, origin) => format!("known:{user}:{origin}"),
            LimitSubject::Destination(destination) => format!("destination:{destination}"),
            LimitSubject::MessagesFrom(ip) => format!("messages:{}", place(*ip)),
        };
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
        Self(bytes)
    }

    /// The 32 bytes as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From the stored bytes; `None` unless there are 32.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

fn place(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "unknown".to_owned(), |address| network(address).to_string())
}

/// What one household has to itself: an IPv4 address, or the /64 of an IPv6 one.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
    }
}

/// How full a bucket is: the moment it will be empty, in microseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level(pub i64);

/// One failure to be counted in a bucket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Charge {
    /// The bucket.
    pub key: LimitKey,
    /// What one failure adds, in microseconds; negative, what is taken away again.
    pub weight: i64,
    /// How far ahead of now the bucket reaches at most: nobody is shut out for longer than a full bucket drains.
    pub depth: i64,
}

impl Limit {
    /// One failure in the bucket `key`.
    #[must_use]
    pub fn charge(self, key: LimitKey) -> Charge {
        Charge { key, weight: self.weight(), depth: self.weight().saturating_mul(i64::from(self.burst)) }
    }

    /// The same limit with room for one more: what is charged before it is judged, in one transaction, still tells whether it
    /// fitted.
    #[must_use]
    pub fn widened(self) -> Self {
        Self { burst: self.burst.saturating_add(1), ..self }
    }

    /// When the next attempt is allowed, with `running` others under way; `None` = now.
    #[must_use]
    pub fn wait(self, level: Option<Level>, running: u32, now: Timestamp) -> Option<Duration> {
        let now = now.datetime().timestamp_micros();
        let filled = level.map_or(0, |level| level.0.saturating_sub(now).max(0));
        let running = self.weight().saturating_mul(i64::from(running));
        // One failure less than the burst must fit in, so that this attempt may fail too.
        let room = self.weight().saturating_mul(i64::from(self.burst.saturating_sub(1)));
        let excess = filled.saturating_add(running).saturating_sub(room);
        (excess > 0).then(|| Duration::from_micros(u64::try_from(excess).unwrap_or(u64::MAX)))
    }

    fn weight(self) -> i64 {
        i64::try_from(self.refill.as_micros()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { burst: 3, refill: Duration::from_secs(10) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second).expect("in range")
    }

    fn after(failures: i64) -> Level {
        Level(failures * 10_000_000)
    }

    #[test]
    fn a_burst_is_tolerated_and_then_one_attempt_a_refill() {
        assert_eq!(LIMIT.wait(None, 0, at(0)), None);
        assert_eq!(LIMIT.wait(Some(after(2)), 0, at(0)), None);
        assert_eq!(LIMIT.wait(Some(after(3)), 0, at(0)), Some(Duration::from_secs(10)));
        assert_eq!(LIMIT.wait(Some(after(3)), 0, at(9)), Some(Duration::from_secs(1)));
        assert_eq!(LIMIT.wait(Some(after(3)), 0, at(10)), None);
    }

    #[test]
    fn what_is_charged_first_is_judged_by_the_widened_limit() {
        assert_eq!(LIMIT.widened().wait(Some(after(3)), 0, at(0)), None, "the burst itself fits");
        assert!(LIMIT.widened().wait(Some(after(4)), 0, at(0)).is_some(), "one more does not");
        let key = LimitKey::of(&LimitSubject::Destination("alice@example.com"));
        assert_eq!(LIMIT.widened().charge(key).depth, 40_000_000);
    }

    #[test]
    fn attempts_under_way_count_as_failures() {
        assert_eq!(LIMIT.wait(None, 2, at(0)), None);
        assert_eq!(LIMIT.wait(None, 3, at(0)), Some(Duration::from_secs(10)));
    }

    #[test]
    fn addresses_of_one_household_share_a_bucket() {
        let key = |text: &str| LimitKey::of(&LimitSubject::Address(text.parse().expect("an address")));
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        let client = |text: &str| {
            LimitKey::of(&LimitSubject::ClientFrom("webapp", Some(text.parse().expect("an address"))))
        };
        assert_eq!(client("2001:db8::1"), client("2001:db8::2"));
        assert_ne!(client("2001:db8::1"), key("2001:db8::1"));
    }
}

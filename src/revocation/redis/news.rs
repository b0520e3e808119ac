//! The messages on the channel: one byte of version, then facts of 33 bytes each; no fact is a sign of life.
//!
//! A fact is kind (1), id (16), epoch (8, zero where there is none) and the end of its meaning (8, microseconds since
//! 1970), numbers in network byte order.

use chrono::DateTime;
use doorward_core::domain::ids::Id;
use doorward_core::domain::revocation::{Revocation, Revoked};
use doorward_core::domain::time::Timestamp;
use uuid::Uuid;

/// Whoever reads another version ignores it: the SQL tail brings the same facts.
const VERSION: u8 = 1;
const FACT_BYTES: usize = 33;
/// Of one message: 16 KiB.
const MAX_FACTS: usize = 512;

/// Kinds, as on the wire.
const SESSION: u8 = 1;
const TOKEN: u8 = 2;
const USER: u8 = 3;
const MEMBERSHIP: u8 = 4;
const TENANT: u8 = 5;
const CLIENT: u8 = 6;

/// The message that says nothing but that it arrived.
pub(super) fn sign_of_life() -> Vec<u8> {
    vec![VERSION]
}

/// The facts as messages.
pub(super) fn write(revocations: &[Revocation]) -> impl Iterator<Item = Vec<u8>> {
    revocations.chunks(MAX_FACTS).map(|chunk| {
        let mut message = Vec::with_capacity(1 + chunk.len() * FACT_BYTES);
        message.push(VERSION);
        for revocation in chunk {
            let (kind, id, epoch) = describe(revocation.what);
            message.push(kind);
            message.extend_from_slice(id.as_bytes());
            message.extend_from_slice(&epoch.to_be_bytes());
            message.extend_from_slice(&revocation.until.datetime().timestamp_micros().to_be_bytes());
        }
        message
    })
}

/// The facts of a message, none of them beyond `latest`; `None` when it is not one of ours, in whole or in part.
pub(super) fn read(message: &[u8], latest: Timestamp) -> Option<Vec<Revocation>> {
    let facts = message.strip_prefix(&[VERSION])?;
    if facts.len() % FACT_BYTES != 0 || facts.len() > MAX_FACTS * FACT_BYTES {
        return None;
    }
    facts.chunks_exact(FACT_BYTES).map(|fact| read_fact(fact, latest)).collect()
}

fn read_fact(fact: &[u8], latest: Timestamp) -> Option<Revocation> {
    let (kind, rest) = fact.split_first()?;
    let (id, rest) = rest.split_first_chunk::<16>()?;
    let (epoch, rest) = rest.split_first_chunk::<8>()?;
    let until = DateTime::from_timestamp_micros(i64::from_be_bytes(*rest.first_chunk::<8>()?))?;
    let what = recognise(*kind, Uuid::from_bytes(*id), i64::from_be_bytes(*epoch))?;
    Some(Revocation { what, until: Timestamp::new(until).min(latest) })
}

fn describe(what: Revoked) -> (u8, Uuid, i64) {
    match what {
        Revoked::Session(id) => (SESSION, id.uuid(), 0),
        Revoked::Token(id) => (TOKEN, id.uuid(), 0),
        Revoked::UserEpoch(id, epoch) => (USER, id.uuid(), epoch),
        Revoked::MembershipEpoch(id, epoch) => (MEMBERSHIP, id.uuid(), epoch),
        Revoked::TenantEpoch(id, epoch) => (TENANT, id.uuid(), epoch),
        Revoked::ClientEpoch(id, epoch) => (CLIENT, id.uuid(), epoch),
    }
}

fn recognise(kind: u8, id: Uuid, epoch: i64) -> Option<Revoked> {
    match (kind, epoch) {
        (SESSION, 0) => Some(Revoked::Session(Id::from_uuid(id))),
        (TOKEN, 0) => Some(Revoked::Token(Id::from_uuid(id))),
        (_, ..0) => None,
        (USER, _) => Some(Revoked::UserEpoch(Id::from_uuid(id), epoch)),
        (MEMBERSHIP, _) => Some(Revoked::MembershipEpoch(Id::from_uuid(id), epoch)),
        (TENANT, _) => Some(Revoked::TenantEpoch(Id::from_uuid(id), epoch)),
        (CLIENT, _) => Some(Revoked::ClientEpoch(Id::from_uuid(id), epoch)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000 + seconds).unwrap()
    }

    fn facts() -> Vec<Revocation> {
        fn id<T: Id>(number: u128) -> T {
            T::from_uuid(Uuid::from_u128(number))
        }
        let until = at(60).plus(Duration::from_micros(123_456));
        [
            Revoked::Session(id(1)),
            Revoked::Token(id(u128::MAX)),
            Revoked::UserEpoch(id(3), 0),
            Revoked::MembershipEpoch(id(4), 7),
            Revoked::TenantEpoch(id(5), i64::MAX),
            Revoked::ClientEpoch(id(6), 1),
        ]
        .into_iter()
        .map(|what| Revocation { what, until })
        .collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let messages: Vec<_> = write(&facts()).collect();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].len(), 1 + 6 * FACT_BYTES);
        assert_eq!(read(&messages[0], at(3600)), Some(facts()));
        assert_eq!(read(&sign_of_life(), at(3600)), Some(Vec::new()));
        assert_eq!(write(&[]).count(), 0);
    }

    #[test]
    fn many_facts_are_several_messages() {
        let many: Vec<_> = facts().into_iter().cycle().take(MAX_FACTS * 2 + 1).collect();
        let read: Vec<_> = write(&many).flat_map(|message| read(&message, at(3600)).unwrap()).collect();
        assert_eq!(write(&many).count(), 3);
        assert_eq!(read, many);
    }

    #[test]
    fn nothing_lasts_longer_than_permitted() {
        let message = write(&facts()).next().unwrap();
        assert!(read(&message, at(10)).unwrap().iter().all(|fact| fact.until == at(10)));
    }

    #[test]
    fn garbage_is_refused_as_a_whole() {
        let good = write(&facts()).next().unwrap();
        let changed = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let mut too_many = vec![VERSION];
        too_many.extend(good[1..=FACT_BYTES].repeat(MAX_FACTS + 1));
        let cases = [
            Vec::new(),
            b"+OK\r\n".to_vec(),
            good[..good.len() - 1].to_vec(),
            [good.as_slice(), b"x"].concat(),
            changed(0, 2),
            changed(1, 0),
            changed(1, 7),
            // An epoch where there is none, a negative one, and the year 292,000.
            changed(1 + 24, 1),
            changed(1 + 2 * FACT_BYTES + 17, 0x80),
            changed(1 + 25, 0x7f),
            too_many,
        ];
        for (number, message) in cases.into_iter().enumerate() {
            assert_eq!(read(&message, at(3600)), None, "case {number}");
        }
        for length in 0..200 {
            let noise: Vec<u8> =
                (0..length).map(|place: u8| place.wrapping_mul(167).wrapping_add(13)).collect();
            assert_eq!(read(&noise, at(3600)), None);
        }
    }
}

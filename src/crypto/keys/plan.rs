//! How keys follow one another: pure decisions over the stored rows.

use std::time::Duration;

use doorward_core::domain::key::{Algorithm, SigningKey};
use doorward_core::domain::time::Timestamp;

/// What an operator's act came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rotation {
    /// Whose keys.
    pub algorithm: Algorithm,
    /// Whether anything was changed; `false` when a change was already under way, which the rest then describes.
    pub is_changed: bool,
    /// The key that signs, or will sign from `signs_from`.
    pub current: String,
    /// From when it signs; never earlier than every JWKS cache can know it, an algorithm's first key excepted.
    pub signs_from: Timestamp,
    /// The key published for the time after; `None` only when a change under way has none.
    pub next: Option<String>,
}

/// What to write, and how to report it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Keys to add; the flag says that the algorithm must have none yet.
    pub(crate) add: Vec<(SigningKey, bool)>,
    /// The `next` key that gets a date.
    pub(crate) schedule: Option<(String, Timestamp)>,
    /// Keys that stop signing, and when.
    pub(crate) retire: Vec<(String, Timestamp)>,
    /// The report.
    pub(crate) rotation: Rotation,
}

/// The moment a change of keys is planned at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Now.
    pub(crate) now: Timestamp,
    /// How long others may keep a JWKS.
    pub(crate) jwks_cache: Duration,
}

/// Lets the oldest `next` key take over, and publishes a fresh one. `fresh` = two new keys of the algorithm.
pub(crate) fn rotate(keys: &[SigningKey], fresh: [SigningKey; 2], moment: Moment) -> Change {
    let [mut first, second] = fresh;
    let algorithm = first.algorithm;
    if let Some(under_way) = under_way(keys, algorithm, moment.now) {
        return under_way;
    }
    let mut waiting = keys.iter().filter(|key| key.algorithm == algorithm && is_waiting(key));
    let Some(promoted) = waiting.next() else {
        // No key waits: the first fresh one takes over as soon as everybody can know it.
        first.signs_from = Some(taking_over(keys, &first, moment));
        return succeed(keys, first, Some(second), moment);
    };
    let at = moment.now.max(promoted.created_at.plus(moment.jwks_cache));
    let later = waiting.next().map(|key| key.kid.clone());
    let add = if later.is_some() { Vec::new() } else { vec![(first.clone(), false)] };
    Change {
        add,
        schedule: Some((promoted.kid.clone(), at)),
        retire: signing(keys, algorithm).map(|key| (key.kid.clone(), at)).collect(),
        rotation: Rotation {
            algorithm,
            is_changed: true,
            current: promoted.kid.clone(),
            signs_from: at,
            next: Some(later.unwrap_or(first.kid)),
        },
    }
}

/// Lets an imported key take over. `fresh` becomes `next` when the algorithm has none.
pub(crate) fn import(
    keys: &[SigningKey],
    mut imported: SigningKey,
    fresh: SigningKey,
    moment: Moment,
) -> Change {
    if let Some(under_way) = under_way(keys, imported.algorithm, moment.now) {
        return under_way;
    }
    imported.signs_from = Some(taking_over(keys, &imported, moment));
    let has_next = keys.iter().any(|key| key.algorithm == imported.algorithm && is_waiting(key));
    let mut change = succeed(keys, imported, (!has_next).then_some(fresh), moment);
    if has_next {
        change.rotation.next = next_kid(keys, change.rotation.algorithm);
    }
    change
}

/// When a key that nobody knows yet may sign: at once if it is its algorithm's first.
fn taking_over(keys: &[SigningKey], key: &SigningKey, moment: Moment) -> Timestamp {
    if keys.iter().any(|other| other.algorithm == key.algorithm) {
        moment.now.max(key.created_at).plus(moment.jwks_cache)
    } else {
        moment.now
    }
}

/// Adds `successor`, which has its date, and retires what signs until then.
fn succeed(keys: &[SigningKey], successor: SigningKey, next: Option<SigningKey>, moment: Moment) -> Change {
    let algorithm = successor.algorithm;
    let at = successor.signs_from.unwrap_or(moment.now);
    let is_first = keys.iter().all(|key| key.algorithm != algorithm);
    let rotation = Rotation {
        algorithm,
        is_changed: true,
        current: successor.kid.clone(),
        signs_from: at,
        next: next.as_ref().map(|key| key.kid.clone()),
    };
    let retire = signing(keys, algorithm).map(|key| (key.kid.clone(), at)).collect();
    let add = std::iter::once((successor, is_first)).chain(next.map(|key| (key, false))).collect();
    Change { add, schedule: None, retire, rotation }
}

/// The report of a change whose date has not come.
fn under_way(keys: &[SigningKey], algorithm: Algorithm, now: Timestamp) -> Option<Change> {
    let coming = signing(keys, algorithm).find(|key| key.signs_from.is_some_and(|from| from > now))?;
    let rotation = Rotation {
        algorithm,
        is_changed: false,
        current: coming.kid.clone(),
        signs_from: coming.signs_from?,
        next: next_kid(keys, algorithm),
    };
    Some(Change { add: Vec::new(), schedule: None, retire: Vec::new(), rotation })
}

fn next_kid(keys: &[SigningKey], algorithm: Algorithm) -> Option<String> {
    keys.iter().find(|key| key.algorithm == algorithm && is_waiting(key)).map(|key| key.kid.clone())
}

fn is_waiting(key: &SigningKey) -> bool {
    key.signs_from.is_none() && key.retired_at.is_none()
}

/// Keys that sign, or will, and have no end yet.
fn signing(keys: &[SigningKey], algorithm: Algorithm) -> impl Iterator<Item = &SigningKey> {
    keys.iter()
        .filter(move |key| key.algorithm == algorithm && key.signs_from.is_some() && key.retired_at.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const CACHE: Duration = Duration::from_mins(5);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000 + seconds).unwrap()
    }

    fn key(kid: &str, created: i64) -> SigningKey {
        SigningKey {
            kid: kid.to_owned(),
            algorithm: Algorithm::ES256,
            public_jwk: Value::Null,
            sealed_private: Vec::new(),
            created_at: at(created),
            signs_from: None,
            retired_at: None,
        }
    }

    fn moment(now: i64) -> Moment {
        Moment { now: at(now), jwks_cache: CACHE }
    }

    fn apply(keys: &mut Vec<SigningKey>, change: &Change) {
        for (kid, at) in &change.retire {
            keys.iter_mut().find(|key| key.kid == *kid).unwrap().retired_at = Some(*at);
        }
        if let Some((kid, at)) = &change.schedule {
            keys.iter_mut().find(|key| key.kid == *kid).unwrap().signs_from = Some(*at);
        }
        keys.extend(change.add.iter().map(|(key, _)| key.clone()));
    }

    #[test]
    fn the_first_key_signs_at_once() {
        let change = rotate(&[], [key("a", 0), key("b", 0)], moment(1));
        assert_eq!(change.rotation.signs_from, at(1));
        assert_eq!((change.rotation.current.as_str(), change.rotation.next.as_deref()), ("a", Some("b")));
        assert_eq!(change.add.iter().map(|(_, first)| *first).collect::<Vec<_>>(), [true, false]);
        assert!(change.retire.is_empty());
    }

    #[test]
    fn the_next_key_takes_over_once_every_cache_knows_it() {
        let mut keys = Vec::new();
        apply(&mut keys, &rotate(&[], [key("a", 0), key("b", 0)], moment(0)));
        let early = rotate(&keys, [key("c", 10), key("d", 10)], moment(10));
        assert_eq!(early.rotation.signs_from, at(300));
        apply(&mut keys, &early);
        let again = rotate(&keys, [key("e", 20), key("f", 20)], moment(20));
        assert!(!again.rotation.is_changed && again.add.is_empty() && again.schedule.is_none());
        assert_eq!(again.rotation.current, "b");
        assert_eq!(again.rotation.next.as_deref(), Some("c"));
        let late = rotate(&keys, [key("g", 9000), key("h", 9000)], moment(9000));
        assert_eq!((late.rotation.current.as_str(), late.rotation.signs_from), ("c", at(9000)));
        assert_eq!(late.retire, [("b".to_owned(), at(9000))]);
        assert_eq!(late.rotation.next.as_deref(), Some("g"));
    }

    #[test]
    fn an_imported_key_waits_unless_it_is_the_first() {
        let first = import(&[], key("i", 0), key("n", 0), moment(0));
        assert_eq!(first.rotation.signs_from, at(0));
        assert_eq!(first.rotation.next.as_deref(), Some("n"));
        let mut keys = Vec::new();
        apply(&mut keys, &first);
        let second = import(&keys, key("j", 10), key("m", 10), moment(10));
        assert_eq!(second.rotation.signs_from, at(310));
        assert_eq!(second.retire, [("i".to_owned(), at(310))]);
        assert_eq!(second.rotation.next.as_deref(), Some("n"));
        assert_eq!(second.add.len(), 1);
    }

    #[test]
    fn without_a_waiting_key_a_fresh_one_waits_its_time() {
        let mut only = key("a", 0);
        only.signs_from = Some(at(0));
        let change = rotate(&[only], [key("b", 1000), key("c", 1000)], moment(1000));
        assert_eq!(change.rotation.signs_from, at(1300));
        assert_eq!(change.retire, [("a".to_owned(), at(1300))]);
        assert_eq!(change.rotation.next.as_deref(), Some("c"));
        assert!(!change.add[0].1);
    }
}

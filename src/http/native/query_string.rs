//! Query strings: `filter=<json>` and the bracket form `filter[where][loginType]=ACCESS` of JavaScript's `qs`.

use serde_json::{Map, Value, json};

use super::error::Failure;
use super::strict_json;
use crate::urlencoded;

/// Most brackets of one key.
const MAX_DEPTH: usize = 24;
/// Most characters of a value that an error repeats.
const MAX_ECHO: usize = 100;

/// The only value of a plain parameter.
pub(crate) fn plain_parameter(query: &str, name: &str) -> Result<Option<String>, Failure> {
    let mut values = named(query, name)?.into_iter().filter(|(key, _)| key == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        (Some(_), Some(_)) => Err(invalid(name, "the parameter is given more than once")),
        (None, Some(_)) => Ok(None),
    }
}

/// The parameter's object, from JSON or brackets; `None` when it is absent.
pub(crate) fn object_parameter(query: &str, name: &str) -> Result<Option<Value>, Failure> {
    let mut brackets: Option<Value> = None;
    let mut text: Option<String> = None;
    for (key, value) in named(query, name)? {
        let inside = key.get(name.len()..).unwrap_or_default();
        if text.is_some() || (inside.is_empty() && brackets.is_some()) {
            return Err(invalid(name, "the parameter is given more than once"));
        }
        if inside.is_empty() {
            text = Some(value);
        } else {
            let path = path_of(inside).ok_or_else(|| invalid(name, "brackets must be closed, 24 at most"))?;
            let tree = brackets.get_or_insert_with(|| Value::Object(Map::new()));
            insert(tree, &path, value).map_err(|problem| invalid(name, problem))?;
        }
    }
    match text {
        Some(text) => parse_json(name, &text).map(Some),
        None => Ok(brackets.map(lists_from_indices)),
    }
}

/// Pairs whose key is `name` or `name[…`.
fn named(query: &str, name: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut pairs = urlencoded::pairs(query).map_err(|problem| invalid(name, &problem.to_string()))?;
    pairs.retain(|(key, _)| {
        key.strip_prefix(name).is_some_and(|inside| inside.is_empty() || inside.starts_with('['))
    });
    Ok(pairs)
}

fn parse_json(name: &str, text: &str) -> Result<Value, Failure> {
    strict_json::parse(text.as_bytes()).map_err(|problem| {
        let shown = Value::String(text.chars().take(MAX_ECHO).collect());
        let details = json!({ "parameter": name, "syntaxError": problem.to_string() });
        Failure::invalid_parameter(format!("Invalid data {shown} for parameter \"{name}\"."), details)
    })
}

fn invalid(name: &str, reason: &str) -> Failure {
    let details = json!({ "parameter": name, "reason": reason });
    Failure::invalid_parameter(format!("Invalid data for parameter \"{name}\"."), details)
}

/// `[a][0]` → `a`, `0`.
fn path_of(brackets: &str) -> Option<Vec<&str>> {
    let inside = brackets.strip_prefix('[')?.strip_suffix(']')?;
    let path: Vec<&str> = inside.split("][").collect();
    let is_plain = path.iter().all(|segment| !segment.contains(['[', ']']));
    (is_plain && path.len() <= MAX_DEPTH).then_some(path)
}

/// Puts the value at the path of nested objects. `[]` appends; a repeated leaf becomes a list.
fn insert(tree: &mut Value, path: &[&str], value: String) -> Result<(), &'static str> {
    let (Value::Object(members), Some((segment, rest))) = (tree, path.split_first()) else {
        return Err("a value and an object are given in the same place");
    };
    let key = if segment.is_empty() { members.len().to_string() } else { (*segment).to_owned() };
    if !rest.is_empty() {
        let child = members.entry(key).or_insert_with(|| Value::Object(Map::new()));
        return insert(child, rest, value);
    }
    match members.get_mut(&key) {
        None => {
            members.insert(key, Value::String(value));
        }
        Some(Value::Array(list)) => list.push(Value::String(value)),
        Some(Value::Object(_)) => return Err("a value and an object are given in the same place"),
        Some(earlier) => *earlier = Value::Array(vec![earlier.take(), Value::String(value)]),
    }
    Ok(())
}

/// Objects whose keys are all numbers are lists.
fn lists_from_indices(tree: Value) -> Value {
    let Value::Object(members) = tree else {
        return tree;
    };
    let indices: Option<Vec<u32>> = members.keys().map(|key| key.parse().ok()).collect();
    let children = members.into_iter().map(|(key, child)| (key, lists_from_indices(child)));
    match indices.filter(|indices| !indices.is_empty()) {
        Some(indices) => {
            let mut items: Vec<(u32, Value)> =
                indices.into_iter().zip(children.map(|(_, child)| child)).collect();
            items.sort_by_key(|(index, _)| *index);
            Value::Array(items.into_iter().map(|(_, item)| item).collect())
        }
        None => Value::Object(children.collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(query: &str) -> Value {
        object_parameter(query, "filter").expect("readable").expect("present")
    }

    #[test]
    fn json_and_brackets_say_the_same() {
        assert_eq!(object("filter=%7B%22limit%22:1%7D"), json!({ "limit": 1 }));
        assert_eq!(object("a=b&filter[limit]=1"), json!({ "limit": "1" }));
        assert_eq!(
            object("filter%5Bwhere%5D%5Bor%5D%5B0%5D%5Bactor%5D=a+b&filter[where][or][1][actor]=c%2Bd"),
            json!({ "where": { "or": [{ "actor": "a b" }, { "actor": "c+d" }] } })
        );
        assert_eq!(object("filter[order][1]=b&filter[order][0]=a"), json!({ "order": ["a", "b"] }));
        assert_eq!(object("filter[order][]=a&filter[order][]=b"), json!({ "order": ["a", "b"] }));
        assert_eq!(object("filter[order]=a&filter[order]=b"), json!({ "order": ["a", "b"] }));
    }

    #[test]
    fn absent_is_none() {
        assert!(object_parameter("", "filter").expect("readable").is_none());
        assert!(object_parameter("filters[limit]=1&x", "filter").expect("readable").is_none());
    }

    #[test]
    fn nonsense_is_refused() {
        let deep = format!("filter{}=1", "[a]".repeat(100));
        let many = "filter[where][a]=1&".repeat(2000);
        for bad in [
            "filter={bad",
            "filter={}&filter={}",
            "filter={}&filter[limit]=1",
            "filter[limit]=1&filter={}",
            "filter[a]=1&filter[a][b]=1",
            "filter[a][b]=1&filter[a]=1",
            "filter[a=1",
            "filter[a]b=1",
            "filter=%ff",
            "filter=",
            &deep,
            &many,
        ] {
            let failure = object_parameter(bad, "filter").expect_err(bad);
            assert_eq!(failure.status.as_u16(), 400);
        }
    }

    #[test]
    fn errors_repeat_little() {
        let failure = object_parameter(&format!("filter={{bad{}", "x".repeat(5000)), "filter");
        assert!(failure.expect_err("bad").to_string().len() < 400);
    }

    #[test]
    fn plain_parameters_are_single() {
        assert_eq!(plain_parameter("startDate=a%3Ab", "startDate").expect("one"), Some("a:b".to_owned()));
        assert_eq!(plain_parameter("", "startDate").expect("none"), None);
        assert!(plain_parameter("startDate=a&startDate=b", "startDate").is_err());
    }
}

//! Generated requests: bodies, headers, paths and queries that nobody in their right mind sends.

use std::fmt;

use doorward_tests::bootstrap::{ALICE, CLIENT_SECRET, GLOBEX, PASSWORD, WEBAPP};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// A route under test: method, path with `{}` where a parameter goes, names of the body's properties, of the query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) properties: &'static [&'static str],
    pub(super) parameter: &'static str,
}

/// One request.
#[derive(Clone)]
pub(super) struct Input {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) content_type: Option<Vec<u8>>,
    pub(super) authorization: Authorization,
    pub(super) body: Vec<u8>,
}

/// The `Authorization` header.
#[derive(Clone, Debug)]
pub(super) enum Authorization {
    Absent,
    /// The good token of the test.
    Good,
    Odd(Vec<u8>),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        let shown: String = body.chars().take(300).collect();
        f.debug_struct("Input")
            .field("request", &format!("{} {}", self.method, self.path.chars().take(500).collect::<String>()))
            .field("content_type", &self.content_type.as_deref().map(String::from_utf8_lossy))
            .field("authorization", &self.authorization)
            .field("body", &shown)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

pub(super) fn input(target: Target) -> impl Strategy<Value = Input> {
    (path(target), content_type(), authorization(), body(target.properties)).prop_map(
        move |(path, content_type, authorization, body)| Input {
            method: target.method,
            path,
            content_type,
            authorization,
            body: if target.method == "GET" { Vec::new() } else { body },
        },
    )
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![
        8 => any::<String>(),
        4 => "[a-zA-Z0-9._-]{0,40}",
        3 => prop::sample::select(vec![
            "", "\0", "a\0b", "alice", "bob", WEBAPP, CLIENT_SECRET, PASSWORD, GLOBEX, ALICE, "null", "' OR 1=1--",
            "\u{feff}", "\u{202e}", "../../../etc/passwd", "%00", "$argon2id$v=19$m=4294967295,t=1,p=1$YWFhYWFhYWE$YQ",
            "9999-99-99T99:99:99Z", "99999-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "2026-11-21T09:30:00Z",
            "1e400", "loginTime DESC", "{}", "[]", "İ", "ß", "\u{1f600}",
        ])
        .prop_map(str::to_owned),
        1 => (1_usize..200_000).prop_map(|length| "x".repeat(length)),
        1 => Just("é".repeat(500_000)),
    ]
    .boxed()
}

fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
    .boxed()
}

/// Names that filters know, and others.
fn key() -> BoxedStrategy<String> {
    prop_oneof![
        6 => prop::sample::select(vec![
            "where", "limit", "skip", "offset", "order", "fields", "include", "and", "or", "id", "actor", "tenantId",
            "loginTime", "tokenPayload", "loginType", "deviceInfo", "ipAddress", "eq", "neq", "gt", "gte", "lt", "lte",
            "inq", "nin", "between", "like", "nlike", "ilike", "nilike", "regexp", "exists", "password", "0", "__proto__",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
    .boxed()
}

fn body(properties: &'static [&'static str]) -> BoxedStrategy<Vec<u8>> {
    let property = prop::sample::select(if properties.is_empty() { &["x"][..] } else { properties }.to_vec());
    let structured = prop::collection::vec(prop_oneof![4 => text().prop_map(Value::from), 1 => value()], 8)
        .prop_map(move |values| {
            let members = properties.iter().map(|name| (*name).to_owned()).zip(values);
            Value::Object(members.collect::<Map<_, _>>()).to_string().into_bytes()
        });
    prop_oneof![
        8 => structured,
        4 => value().prop_map(|value| value.to_string().into_bytes()),
        2 => prop::collection::vec(any::<u8>(), 0..300),
        1 => property.clone().prop_map(|name| format!(r#"{{"{name}":"\ud800"}}"#).into_bytes()),
        1 => property.clone().prop_map(|name| format!(r#"{{"{name}":"a","{name}":"b"}}"#).into_bytes()),
        1 => property.prop_map(|name| format!(r#"{{"{name}":1e999}}"#).into_bytes()),
        1 => (1_usize..50_000).prop_map(|depth| "[".repeat(depth).into_bytes()),
        1 => (1_usize..50_000).prop_map(|depth| "{\"a\":".repeat(depth).into_bytes()),
        1 => Just(vec![b' '; 1_100_000]),
        1 => Just(Vec::new()),
        1 => Just(b"null".to_vec()),
    ]
    .boxed()
}

/// Bytes that a header line may hold.
fn header_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![6 => 0x21_u8..0x7f, 1 => 0x80_u8..=0xff, 1 => Just(b' ')], 0..200)
}

fn content_type() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![
        10 => Just(Some(b"application/json".to_vec())),
        1 => Just(None),
        1 => prop::sample::select(vec![
            "text/plain", "application/json; charset=utf-16", "application/json; charset=\"", "application/x-www-form-urlencoded",
            "multipart/form-data", ";", "application/", "application/json;charset=utf-8",
        ])
        .prop_map(|value| Some(value.as_bytes().to_vec())),
        1 => header_bytes().prop_map(Some),
    ]
}

fn authorization() -> impl Strategy<Value = Authorization> {
    prop_oneof![
        6 => Just(Authorization::Good),
        2 => Just(Authorization::Absent),
        2 => header_bytes().prop_map(Authorization::Odd),
        1 => header_bytes().prop_map(|bytes| Authorization::Odd([b"Bearer ".as_slice(), &bytes].concat())),
        1 => Just(Authorization::Odd([b"Bearer ".as_slice(), &vec![b'a'; 40_000]].concat())),
        1 => "[A-Za-z0-9_-]{0,90}\\.[A-Za-z0-9_-]{0,90}\\.[A-Za-z0-9_-]{0,90}"
            .prop_map(|token| Authorization::Odd(format!("Bearer {token}").into_bytes())),
    ]
}

fn path(target: Target) -> BoxedStrategy<String> {
    let segment = prop_oneof![
        2 => Just(percent(ALICE.as_bytes())),
        1 => prop::sample::select(vec!["daily", "monthly", "yearly", "weekly"]).prop_map(str::to_owned),
        2 => prop::collection::vec(any::<u8>(), 1..40).prop_map(|bytes| percent(&bytes)),
        1 => Just("a".repeat(3000)),
    ];
    (segment, query(target.parameter))
        .prop_map(move |(segment, query)| format!("{}{query}", target.path.replace("{}", &segment)))
        .boxed()
}

fn query(parameter: &'static str) -> BoxedStrategy<String> {
    if parameter.is_empty() {
        return Just(String::new()).boxed();
    }
    let brackets = prop::collection::vec((prop::collection::vec(key(), 1..4), "[ -~]{0,12}"), 1..5);
    let brackets = brackets.prop_map(move |pairs| {
        let pairs = pairs.into_iter().map(|(keys, value)| {
            let keys: Vec<String> = keys.iter().map(|key| percent(key.as_bytes())).collect();
            format!("{parameter}[{}]={}", keys.join("]["), percent(value.as_bytes()))
        });
        pairs.collect::<Vec<_>>().join("&")
    });
    prop_oneof![
        6 => value().prop_map(move |value| format!("{parameter}={}", percent(value.to_string().as_bytes()))),
        4 => brackets,
        2 => (text(), text()).prop_map(|(start, end)| {
            format!("startDate={}&endDate={}", percent(start.as_bytes()), percent(end.as_bytes()))
        }),
        // What RFC 3986 §3.4 allows; hyper answers anything else by itself.
        1 => "[!$-;=?-Z_a-z~]{0,80}",
    ]
    .prop_map(|query| format!("?{}", query.chars().take(12_000).collect::<String>()))
    .boxed()
}

/// Percent-encodes everything but letters and digits.
fn percent(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes.iter().take(3500) {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(*byte));
        } else {
            text.push('%');
            text.push_str(&hex(*byte));
        }
    }
    text
}

fn hex(byte: u8) -> String {
    format!("{byte:02X}")
}

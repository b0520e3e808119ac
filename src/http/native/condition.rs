//! LoopBack's `where`: a JSON object → a [`Condition`] over whitelisted columns and operators.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use doorward_core::domain::activity_query::{Column, ColumnKind, Comparison, Condition, Value as Operand};
use doorward_core::domain::time::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::schema::MAX_STRING_CHARACTERS;

/// Deepest nesting of `and` and `or`.
const MAX_DEPTH: usize = 10;
/// Most comparisons in one condition.
const MAX_CONDITIONS: usize = 100;
/// Most values of one `inq` or `nin`.
const MAX_LIST: usize = 1000;

/// The operators, as an error lists them. There is no `regexp`: it invites catastrophic patterns.
pub(crate) const OPERATORS: [&str; 14] = [
    "eq", "neq", "gt", "gte", "lt", "lte", "inq", "nin", "between", "like", "nlike", "ilike", "nilike",
    "exists",
];

/// What is wrong with a query, and what would be right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    /// JSON pointer into the parameter.
    pub(crate) path: String,
    pub(crate) message: String,
    /// What is allowed there, where that is a list.
    pub(crate) allowed: Option<Vec<&'static str>>,
}

impl Fault {
    pub(crate) fn new(path: &str, message: impl Into<String>) -> Self {
        Self { path: cut(path), message: message.into(), allowed: None }
    }

    pub(crate) fn not_one_of(path: &str, message: &str, allowed: &[&'static str]) -> Self {
        Self { allowed: Some(allowed.to_vec()), ..Self::new(path, message) }
    }

    pub(crate) fn details(&self, parameter: &str) -> Value {
        let mut details = json!({ "parameter": parameter, "path": self.path, "message": self.message });
        if let Some(allowed) = &self.allowed {
            details["allowed"] = json!(allowed);
        }
        details
    }
}

fn cut(path: &str) -> String {
    path.chars().take(200).collect()
}

pub(crate) fn column_names() -> Vec<&'static str> {
    Column::ALL.map(Column::name).to_vec()
}

/// The condition a `where` object says.
pub(crate) fn parse_where(value: &Value, path: &str) -> Result<Condition, Fault> {
    Parser { conditions: 0 }.object(value, path, 0)
}

struct Parser {
    conditions: usize,
}

impl Parser {
    fn object(&mut self, value: &Value, path: &str, depth: usize) -> Result<Condition, Fault> {
        let Value::Object(members) = value else {
            return Err(Fault::new(path, "must be an object"));
        };
        if depth > MAX_DEPTH {
            return Err(Fault::new(path, format!("must not be nested deeper than {MAX_DEPTH}")));
        }
        let parts: Result<Vec<Condition>, Fault> =
            members.iter().map(|(key, value)| self.member(key, value, path, depth)).collect();
        Ok(Condition::And(parts?))
    }

    fn member(&mut self, key: &str, value: &Value, path: &str, depth: usize) -> Result<Condition, Fault> {
        let path = format!("{path}/{key}");
        match key {
            // Generated clients write a list of objects without its indices; for `and` that means the same.
            "and" if value.is_object() => self.object(value, &path, depth + 1),
            "and" => self.list(value, &path, depth).map(Condition::And),
            "or" => self.list(value, &path, depth).map(Condition::Or),
            _ => {
                let column = Column::parse(key).ok_or_else(|| {
                    let mut allowed = column_names();
                    allowed.extend(["and", "or"]);
                    Fault::not_one_of(&path, "unknown column", &allowed)
                })?;
                self.column(column, value, &path)
            }
        }
    }

    fn list(&mut self, value: &Value, path: &str, depth: usize) -> Result<Vec<Condition>, Fault> {
        let Value::Array(items) = value else {
            return Err(Fault::new(path, "must be a list of objects"));
        };
        if items.len() > MAX_CONDITIONS {
            return Err(too_many_conditions(path));
        }
        let parse = |(index, item)| self.object(item, &format!("{path}/{index}"), depth + 1);
        items.iter().enumerate().map(parse).collect()
    }

    fn column(&mut self, column: Column, value: &Value, path: &str) -> Result<Condition, Fault> {
        match value {
            Value::Object(operators) => {
                let parts: Result<Vec<Condition>, Fault> = operators
                    .iter()
                    .map(|(operator, value)| self.comparison(column, operator, value, path))
                    .collect();
                Ok(Condition::And(parts?))
            }
            _ => self.comparison(column, "eq", value, path),
        }
    }

    fn comparison(
        &mut self,
        column: Column,
        operator: &str,
        value: &Value,
        path: &str,
    ) -> Result<Condition, Fault> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(too_many_conditions(path));
        }
        let place = format!("{path}/{operator}");
        let compare = |comparison| {
            operand(column, value, &place).map(|operand| Condition::Compare(column, comparison, operand))
        };
        match operator {
            "eq" if value.is_null() => Ok(Condition::IsNull(column, true)),
            "neq" if value.is_null() => Ok(Condition::IsNull(column, false)),
            "eq" => compare(Comparison::Equal),
            "neq" => compare(Comparison::NotEqual),
            "gt" => compare(Comparison::Greater),
            "gte" => compare(Comparison::GreaterOrEqual),
            "lt" => compare(Comparison::Less),
            "lte" => compare(Comparison::LessOrEqual),
            "inq" | "nin" => membership(column, operator == "nin", value, &place),
            "between" => between(column, value, &place),
            "like" | "nlike" | "ilike" | "nilike" => like(column, operator, value, &place),
            "exists" => exists(column, value, &place),
            _ => Err(Fault::not_one_of(&place, "unknown operator", &OPERATORS)),
        }
    }
}

fn too_many_conditions(path: &str) -> Fault {
    Fault::new(path, format!("must not have more than {MAX_CONDITIONS} conditions"))
}

fn membership(column: Column, negated: bool, value: &Value, path: &str) -> Result<Condition, Fault> {
    let single;
    let items = match value {
        Value::Array(items) => items,
        // `filter[where][loginType][inq]=ACCESS` is a list of one in the bracket form.
        Value::String(_) => {
            single = vec![value.clone()];
            &single
        }
        _ => return Err(Fault::new(path, "must be a list")),
    };
    if items.len() > MAX_LIST {
        return Err(Fault::new(path, format!("must not have more than {MAX_LIST} values")));
    }
    let values: Result<Vec<Operand>, Fault> = items.iter().map(|item| operand(column, item, path)).collect();
    Ok(Condition::In { column, negated, values: values? })
}

fn between(column: Column, value: &Value, path: &str) -> Result<Condition, Fault> {
    match value.as_array().map(Vec::as_slice) {
        Some([low, high]) => {
            Ok(Condition::Between(column, operand(column, low, path)?, operand(column, high, path)?))
        }
        _ => Err(Fault::new(path, "must be a list of two values")),
    }
}

fn like(column: Column, operator: &str, value: &Value, path: &str) -> Result<Condition, Fault> {
    if column.kind() != ColumnKind::Text {
        return Err(Fault::new(path, "patterns are for text columns only"));
    }
    let Operand::Text(pattern) = operand(column, value, path)? else {
        return Err(Fault::new(path, "must be a string"));
    };
    let trailing = pattern.chars().rev().take_while(|character| *character == '\\').count();
    if trailing % 2 == 1 {
        return Err(Fault::new(path, "must not end in the escape character"));
    }
    Ok(Condition::Like {
        column,
        pattern,
        negated: operator.starts_with('n'),
        ignore_case: operator.ends_with("ilike"),
    })
}

fn exists(column: Column, value: &Value, path: &str) -> Result<Condition, Fault> {
    match flag(value) {
        Some(wanted) => Ok(Condition::IsNull(column, !wanted)),
        None => Err(Fault::not_one_of(path, "must be a boolean", &["true", "false"])),
    }
}

/// A boolean, also as the text that the bracket form has for it.
pub(crate) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A value of the column's kind.
fn operand(column: Column, value: &Value, path: &str) -> Result<Operand, Fault> {
    match column.kind() {
        ColumnKind::Uuid => {
            let uuid = value.as_str().and_then(|text| Uuid::try_parse(text).ok());
            uuid.map(Operand::Uuid).ok_or_else(|| Fault::new(path, "must be a UUID"))
        }
        ColumnKind::Time => {
            let time = value.as_str().and_then(parse_time);
            let message = "must be a date or an RFC 3339 date-time in the years 1 to 9999";
            time.map(Operand::Time).ok_or_else(|| Fault::new(path, message))
        }
        ColumnKind::Text => text(value, path).map(Operand::Text),
    }
}

fn text(value: &Value, path: &str) -> Result<String, Fault> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Err(Fault::new(path, "must be a string"));
        }
    };
    if text.contains('\0') {
        return Err(Fault::new(path, "must not contain U+0000"));
    }
    if text.chars().count() > MAX_STRING_CHARACTERS {
        return Err(Fault::new(path, format!("must not have more than {MAX_STRING_CHARACTERS} characters")));
    }
    Ok(text)
}

/// An RFC 3339 date-time, or a date (midnight UTC), in years that both databases can store.
fn parse_time(text: &str) -> Option<Timestamp> {
    let date_time = parse_date_time(text);
    date_time.or_else(|| {
        let midnight = text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc();
        storable(midnight)
    })
}

/// An RFC 3339 date-time in years that both databases can store.
pub(crate) fn parse_date_time(text: &str) -> Option<Timestamp> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    storable(instant)
}

fn storable(instant: DateTime<Utc>) -> Option<Timestamp> {
    (1..=9999).contains(&instant.year()).then(|| Timestamp::new(instant))
}

/// The members of an object.
pub(crate) fn members<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, Fault> {
    value.as_object().ok_or_else(|| Fault::new(path, "must be an object"))
}

//! LoopBack's `filter` for login activity → [`ActivityQuery`] and the columns to show.

use doorward_core::domain::activity_query::{ActivityQuery, Column, Condition, MAX_LIMIT};
use poem::{FromRequest, Request, RequestBody, Result};
use serde_json::{Map, Value};

use super::condition::{Fault, column_names, flag, members, parse_where};
use super::error::Failure;
use super::query_string::object_parameter;

const KEYS: [&str; 6] = ["fields", "limit", "offset", "order", "skip", "where"];

/// The `filter` parameter; absent = the first page of everything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Filter {
    pub(crate) query: ActivityQuery,
    /// In wire order.
    pub(crate) columns: Vec<Column>,
}

/// The `where` parameter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Where(pub(crate) Option<Condition>);

impl<'a> FromRequest<'a> for Filter {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let value = object_parameter(request.uri().query().unwrap_or_default(), "filter")?;
        let value = value.unwrap_or_else(|| Value::Object(Map::new()));
        Ok(parse_filter(&value).map_err(|fault| refuse("filter", &fault))?)
    }
}

impl<'a> FromRequest<'a> for Where {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let value = object_parameter(request.uri().query().unwrap_or_default(), "where")?;
        let condition = value.map(|value| parse_where(&value, "")).transpose();
        Ok(Self(condition.map_err(|fault| refuse("where", &fault))?))
    }
}

fn refuse(parameter: &str, fault: &Fault) -> Failure {
    Failure::invalid_parameter(
        format!("Invalid data for parameter \"{parameter}\"."),
        fault.details(parameter),
    )
}

fn parse_filter(value: &Value) -> Result<Filter, Fault> {
    let members = members(value, "")?;
    if let Some(unknown) = members.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(Fault::not_one_of(&format!("/{unknown}"), "unknown property", &KEYS));
    }
    if members.contains_key("skip") && members.contains_key("offset") {
        return Err(Fault::new("/skip", "must not be given together with offset"));
    }
    let mut query = ActivityQuery::default();
    if let Some(limit) = members.get("limit") {
        query.limit = parse_limit(limit)?;
    }
    for name in ["skip", "offset"] {
        if let Some(offset) = members.get(name) {
            query.offset = parse_offset(offset, name)?;
        }
    }
    if let Some(order) = members.get("order") {
        query.order = parse_order(order)?;
    }
    query.condition = members.get("where").map(|value| parse_where(value, "/where")).transpose()?;
    let columns = members.get("fields").map_or_else(|| Ok(Column::ALL.to_vec()), parse_fields)?;
    Ok(Filter { query, columns })
}

/// A whole number, also as the text that the bracket form has for it.
fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn parse_limit(value: &Value) -> Result<u32, Fault> {
    let limit = whole_number(value).and_then(|limit| u32::try_from(limit).ok());
    limit
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| Fault::new("/limit", format!("must be a whole number from 1 to {MAX_LIMIT}")))
}

fn parse_offset(value: &Value, name: &str) -> Result<u64, Fault> {
    // SQL offsets are signed.
    let offset = whole_number(value).filter(|offset| i64::try_from(*offset).is_ok());
    offset.ok_or_else(|| Fault::new(&format!("/{name}"), "must be a whole number from 0"))
}

/// `"loginTime DESC"`, a list of such, or a text of several with commas.
fn parse_order(value: &Value) -> Result<Vec<(Column, bool)>, Fault> {
    let terms: Vec<&str> = match value {
        Value::String(text) => text.split(',').collect(),
        Value::Array(items) => {
            let terms: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            terms.ok_or_else(|| Fault::new("/order", "must be a string or a list of strings"))?
        }
        _ => return Err(Fault::new("/order", "must be a string or a list of strings")),
    };
    let mut order: Vec<(Column, bool)> = Vec::new();
    for term in terms {
        let (column, descending) = parse_order_term(term)?;
        // A second mention of a column changes nothing.
        if !order.iter().any(|(known, _)| *known == column) {
            order.push((column, descending));
        }
    }
    Ok(order)
}

fn parse_order_term(term: &str) -> Result<(Column, bool), Fault> {
    let mut words = term.split_whitespace();
    let column = words
        .next()
        .and_then(Column::parse)
        .ok_or_else(|| Fault::not_one_of("/order", "unknown column", &column_names()))?;
    let descending = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("asc") => false,
        Some(word) if word.eq_ignore_ascii_case("desc") => true,
        Some(_) => return Err(Fault::not_one_of("/order", "unknown direction", &["ASC", "DESC"])),
    };
    match words.next() {
        None => Ok((column, descending)),
        Some(_) => Err(Fault::new("/order", "must be `column ASC` or `column DESC`")),
    }
}

/// A list of columns, or an object of booleans: those set to true, or without any such, all but those set to false.
fn parse_fields(value: &Value) -> Result<Vec<Column>, Fault> {
    let parse = |name: &str| {
        Column::parse(name).ok_or_else(|| Fault::not_one_of("/fields", "unknown column", &column_names()))
    };
    let (mut shown, mut hidden) = (Vec::new(), Vec::new());
    match value {
        Value::Array(items) => {
            for item in items {
                shown.push(parse(item.as_str().unwrap_or_default())?);
            }
        }
        Value::String(name) => shown.push(parse(name)?),
        Value::Object(flags) => {
            for (name, value) in flags {
                let column = parse(name)?;
                let path = format!("/fields/{name}");
                let wanted = flag(value).ok_or_else(|| Fault::new(&path, "must be a boolean"))?;
                if wanted { &mut shown } else { &mut hidden }.push(column);
            }
        }
        _ => return Err(Fault::new("/fields", "must be a list of columns or an object of booleans")),
    }
    let is_wanted =
        |column: &Column| if shown.is_empty() { !hidden.contains(column) } else { shown.contains(column) };
    Ok(Column::ALL.into_iter().filter(is_wanted).collect())
}

#[cfg(test)]
mod tests;

//! The parameters of the active-users report: `range`, `startDate` and `endDate`.

use doorward_core::domain::activity::ActiveRange;
use doorward_core::domain::time::Timestamp;
use doorward_core::usecase::ActiveUsersQuery;
use poem::{FromRequest, Request, RequestBody, Result};
use serde_json::json;

use super::condition::parse_date_time;
use super::error::Failure;
use super::query_string::plain_parameter;

/// The words for the bucket sizes.
pub(super) const RANGES: [&str; 3] = ["daily", "monthly", "yearly"];

/// A question about active users.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Report(pub(crate) ActiveUsersQuery);

impl<'a> FromRequest<'a> for Report {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        // The name is that of the path the dialect is mounted at.
        let range = parse_range(request.raw_path_param("range").unwrap_or_default())?;
        let (from, to) = parse_period(request.uri().query().unwrap_or_default())?;
        Ok(Self(ActiveUsersQuery { range, from, to }))
    }
}

fn parse_range(word: &str) -> Result<ActiveRange, Failure> {
    match word {
        "daily" => Ok(ActiveRange::Daily),
        "monthly" => Ok(ActiveRange::Monthly),
        "yearly" => Ok(ActiveRange::Yearly),
        _ => Err(Failure::invalid_parameter(
            "Invalid data for parameter \"range\".".to_owned(),
            json!({ "parameter": "range", "allowed": RANGES }),
        )),
    }
}

/// First and last moment, both included.
fn parse_period(query: &str) -> Result<(Timestamp, Timestamp), Failure> {
    let (from, to) = (date_time(query, "startDate")?, date_time(query, "endDate")?);
    if from > to {
        let details = json!({ "parameter": "startDate", "reason": "must not be later than endDate" });
        return Err(Failure::invalid_parameter(
            "Invalid data for parameter \"startDate\".".to_owned(),
            details,
        ));
    }
    Ok((from, to))
}

fn date_time(query: &str, name: &str) -> Result<Timestamp, Failure> {
    let text = plain_parameter(query, name)?.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Failure::missing_parameter(name))?;
    // An unescaped `+` of a zone offset arrives as a blank.
    parse_date_time(&text).or_else(|| parse_date_time(&text.replace(' ', "+"))).ok_or_else(|| {
        let shown: String = text.chars().take(100).collect();
        let shown = serde_json::Value::String(shown);
        let reason = "must be an RFC 3339 date-time in the years 1 to 9999";
        let details = json!({ "parameter": name, "reason": reason });
        Failure::invalid_parameter(format!("Invalid data {shown} for parameter \"{name}\"."), details)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dates_are_needed_in_order() {
        assert!(parse_period("startDate=2026-01-01T00:00:00Z&endDate=2026-01-01T00:00:00Z").is_ok());
        assert!(parse_period("startDate=2026-01-01T00:00:00+01:00&endDate=2026-01-01T00:00:00.5Z").is_ok());
        for (query, code) in [
            ("", "MISSING_REQUIRED_PARAMETER"),
            ("startDate=2026-01-01T00:00:00Z", "MISSING_REQUIRED_PARAMETER"),
            ("startDate=&endDate=", "MISSING_REQUIRED_PARAMETER"),
            ("startDate=2026-01-01&endDate=2026-01-02", "INVALID_PARAMETER_VALUE"),
            ("startDate=2026-01-02T00:00:00Z&endDate=2026-01-01T00:00:00Z", "INVALID_PARAMETER_VALUE"),
            ("startDate=-2026-01-02T00:00:00Z&endDate=2026-01-01T00:00:00Z", "INVALID_PARAMETER_VALUE"),
            ("startDate=2026-01-01T00:00:00Z&endDate=99999-01-01T00:00:00Z", "INVALID_PARAMETER_VALUE"),
            ("startDate=0000-01-01T00:00:00Z&endDate=2026-01-01T00:00:00Z", "INVALID_PARAMETER_VALUE"),
        ] {
            assert_eq!(parse_period(query).expect_err(query).code, Some(code), "{query}");
        }
    }
}

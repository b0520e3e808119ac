//! `GET /active-users/{range}` (design §6.17).

use std::time::Duration;

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::{App, Tokens, on_both};
use serde_json::{Value, json};

on_both![
    users_are_grouped_by_day_month_and_year,
    a_user_is_named_once_a_bucket_and_type,
    failures_are_left_out,
    both_ends_of_the_range_count,
    an_empty_range_is_an_empty_object,
    odd_ranges_and_dates_are_refused,
];

fn path(range: &str, start: &str, end: &str) -> String {
    format!("/active-users/{range}?startDate={start}&endDate={end}")
}

const START: &str = "2026-01-01T00:00:00Z";
const END: &str = "2028-01-01T00:00:00.000Z";

fn names(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

async fn users_are_grouped_by_day_month_and_year(app: &App) {
    for days in [0, 1, 14, 60] {
        app.advance(Duration::from_hours(24 * days));
        let _ = app.sign_in("bob").await;
    }
    let reader = app.sign_in("alice").await;
    for (range, expected) in [
        ("daily", vec!["2026-11-21", "2026-11-22", "2026-12-06", "2027-02-04"]),
        ("monthly", vec!["02-2027", "11-2026", "12-2026"]),
        ("yearly", vec!["2026", "2027"]),
    ] {
        let body = app.get_as(&reader.access, &path(range, START, END)).await.ok();
        let mut buckets = names(&body);
        buckets.sort_unstable();
        assert_eq!(buckets, expected, "{range}");
    }
}

async fn a_user_is_named_once_a_bucket_and_type(app: &App) {
    let first = app.sign_in("bob").await;
    app.advance(Duration::from_hours(1));
    let _ = app.sign_in("bob").await;
    let _ = Tokens::of(&app.refresh(&first).await);
    let reader = app.sign_in("alice").await;
    let _ = app.log_out(&app.sign_in("alice").await).await.ok();
    let body = app.get_as(&reader.access, &path("daily", START, END)).await.ok();
    let day = &body["2026-11-21"];
    let mut types = names(day);
    types.sort_unstable();
    assert_eq!(types, ["ACCESS", "LOGOUT", "RELOGIN"]);
    let access = day["ACCESS"].as_array().cloned().unwrap_or_default();
    assert_eq!(access.len(), 2);
    let times: Vec<&Value> = access.iter().map(|row| &row["loginTime"]).collect();
    assert!(times.contains(&&json!("2026-11-21T09:30:00.000Z")), "the first one seen: {times:?}");
    assert_eq!(names(&access[0]).len(), 8, "a whole row");
}

async fn failures_are_left_out(app: &App) {
    let _ = app.post("/auth/login", &App::credentials(WEBAPP, "bob", "wrong")).await;
    let reader = app.sign_in("alice").await;
    let filter = json!({ "where": { "loginType": "FAILED" } });
    app.eventually("the failure is noted", async || {
        (!app.activity(&reader, &filter).await.is_empty()).then_some(())
    })
    .await;
    let body = app.get_as(&reader.access, &path("daily", START, END)).await.ok();
    assert_eq!(names(&body["2026-11-21"]), ["ACCESS"]);
}

async fn both_ends_of_the_range_count(app: &App) {
    let reader = app.sign_in("alice").await;
    let at = "2026-11-21T09:30:00Z";
    let inside = app.get_as(&reader.access, &path("daily", at, at)).await.ok();
    assert_eq!(names(&inside), ["2026-11-21"]);
    let elsewhere = path("daily", "2026-11-21T10:30:00%2B01:00", "2026-11-21T10:30:00%2B01:00");
    assert_eq!(names(&app.get_as(&reader.access, &elsewhere).await.ok()), ["2026-11-21"]);
}

async fn an_empty_range_is_an_empty_object(app: &App) {
    let reader = app.sign_in("alice").await;
    for (start, end) in [("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"), (END, START)] {
        let reply = app.get_as(&reader.access, &path("daily", start, end)).await;
        assert!(reply.status == 400 || reply.json() == json!({}), "{}", reply.text);
    }
}

async fn odd_ranges_and_dates_are_refused(app: &App) {
    let reader = app.sign_in("alice").await;
    for path in [
        path("weekly", START, END),
        path("Daily", START, END),
        path("%00", START, END),
        path("daily", "yesterday", END),
        path("daily", "2026-01-01", END),
        path("daily", START, "2026-13-01T00:00:00Z"),
        path("daily", START, "99999-01-01T00:00:00Z"),
        path("daily", START, ""),
        format!("/active-users/daily?startDate={START}"),
        format!("/active-users/daily?endDate={END}"),
        "/active-users/daily".to_owned(),
        format!("/active-users/daily?startDate={START}&startDate={START}&endDate={END}"),
        format!("/active-users/daily?startDate={START}&endDate=%ff"),
    ] {
        let reply = app.get_as(&reader.access, &path).await;
        reply.assert_error_named(400, "BadRequestError");
        let code = reply.json()["error"]["code"].clone();
        assert!(
            code == "INVALID_PARAMETER_VALUE" || code == "MISSING_REQUIRED_PARAMETER",
            "{path} {}",
            reply.text
        );
    }
}

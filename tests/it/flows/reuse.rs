//! A refresh token used twice: the same answer inside the grace window, the end of the family outside it
//! (design §5, security.md TK10, TK11).

use std::time::Duration;

use doorward_tests::bootstrap::GLOBEX;
use doorward_tests::{App, Tokens, jwt, on_both};
use futures_util::future::join_all;

on_both![
    a_retry_inside_grace_gets_the_same_pair,
    a_retry_still_works_on_the_last_microsecond_of_grace,
    a_late_retry_is_refused_and_the_family_lives,
    reuse_outside_grace_ends_the_family,
    reuse_of_an_older_generation_ends_the_family,
    grace_ends_with_the_session,
    grace_is_for_the_same_operation_only,
    of_64_concurrent_refreshes_all_get_one_successor,
    a_retry_survives_a_restart,
];

async fn a_retry_inside_grace_gets_the_same_pair(app: &App) {
    let tokens = app.sign_in("alice").await;
    let first = Tokens::of(&app.refresh(&tokens).await);
    app.advance(Duration::from_secs(9));
    let retry = Tokens::of(&app.refresh(&tokens).await);
    assert_same_issue(&first, &retry);
    assert!(app.accepts(&first.access).await && app.accepts(&retry.access).await);
    let rows = app.activity(&first, &serde_json::json!({ "where": { "loginType": "RELOGIN" } })).await;
    assert_eq!(rows.len(), 1, "a retry is not another refresh");
}

#[track_caller]
fn assert_same_issue(first: &Tokens, second: &Tokens) {
    assert_eq!((&first.refresh, first.expires), (&second.refresh, second.expires));
    let (first, second) = (jwt::claims(&first.access), jwt::claims(&second.access));
    for name in ["jti", "iat", "exp", "sid", "tenantId"] {
        assert_eq!(first[name], second[name], "{name}");
    }
}

async fn a_retry_still_works_on_the_last_microsecond_of_grace(app: &App) {
    let tokens = app.sign_in("alice").await;
    let first = Tokens::of(&app.refresh(&tokens).await);
    app.advance(Duration::from_micros(9_999_999));
    assert_same_issue(&first, &Tokens::of(&app.refresh(&tokens).await));
    app.advance(Duration::from_micros(1));
    app.refresh(&tokens).await.assert_error(401, "Token Expired");
    assert!(!app.accepts(&first.access).await);
}

async fn a_late_retry_is_refused_and_the_family_lives(app: &App) {
    let tokens = app.sign_in("alice").await;
    let second = Tokens::of(&app.refresh(&tokens).await);
    let third = Tokens::of(&app.refresh(&second).await);
    app.refresh(&tokens).await.assert_error(401, "Token Expired");
    assert!(app.accepts(&third.access).await);
    assert!(app.accepts(&Tokens::of(&app.refresh(&third).await).access).await);
}

async fn reuse_outside_grace_ends_the_family(app: &App) {
    let bystander = app.sign_in("alice").await;
    let tokens = app.sign_in("alice").await;
    let second = Tokens::of(&app.refresh(&tokens).await);
    app.advance(Duration::from_secs(10));
    assert!(app.accepts(&second.access).await);
    app.refresh(&tokens).await.assert_error(401, "Token Expired");
    app.me(&second.access).await.assert_wrapped_error(401, "TokenRevoked");
    app.refresh(&second).await.assert_error(401, "Token Expired");
    assert!(app.accepts(&bystander.access).await);
}

async fn reuse_of_an_older_generation_ends_the_family(app: &App) {
    let first = app.sign_in("alice").await;
    let mut last = first.clone();
    for _ in 0..3 {
        app.advance(Duration::from_hours(1));
        last = Tokens::of(&app.refresh(&last).await);
    }
    app.refresh(&first).await.assert_error(401, "Token Expired");
    assert!(!app.accepts(&last.access).await);
    app.refresh(&last).await.assert_error(401, "Token Expired");
}

async fn grace_ends_with_the_session(app: &App) {
    let tokens = app.sign_in("alice").await;
    let rotated = Tokens::of(&app.refresh(&tokens).await);
    let _ = app.log_out(&rotated).await.ok();
    app.refresh(&tokens).await.assert_error(401, "Token Expired");
}

async fn grace_is_for_the_same_operation_only(app: &App) {
    let tokens = app.sign_in("twofold").await;
    let refreshed = Tokens::of(&app.refresh(&tokens).await);
    app.switch(&tokens, GLOBEX).await.assert_error(401, "Token Expired");
    assert!(app.accepts(&refreshed.access).await);

    let switched = Tokens::of(&app.switch(&refreshed, GLOBEX).await);
    app.refresh(&refreshed).await.assert_error(401, "Token Expired");
    assert!(app.accepts(&switched.access).await);
}

async fn of_64_concurrent_refreshes_all_get_one_successor(app: &App) {
    let tokens = app.sign_in("alice").await;
    let replies = join_all((0..64).map(|_| app.refresh(&tokens))).await;
    let pairs: Vec<Tokens> = replies.iter().map(Tokens::of).collect();
    for pair in &pairs {
        assert_same_issue(&pairs[0], pair);
    }
    assert!(app.accepts(&pairs[63].access).await);
    assert!(!app.accepts(&tokens.access).await);
    let next = Tokens::of(&app.refresh(&pairs[7]).await);
    assert!(app.accepts(&next.access).await, "exactly one live refresh token");
}

async fn a_retry_survives_a_restart(app: &App) {
    let tokens = app.sign_in("alice").await;
    let first = Tokens::of(&app.refresh(&tokens).await);
    app.restart().await;
    assert_same_issue(&first, &Tokens::of(&app.refresh(&tokens).await));
}

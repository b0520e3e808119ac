//! `POST /auth/token`: a code works once, in time, for its client (design §5, security.md TK1–TK3, TK6).

use std::time::Duration;

use doorward_tests::bootstrap::{MOBILE, OTHER, WEBAPP};
use doorward_tests::{App, Tokens, on_both};
use futures_util::future::join_all;

on_both![
    a_code_buys_tokens,
    a_double_click_is_refused_and_the_session_lives,
    a_replay_after_two_seconds_ends_the_session,
    a_replay_long_after_expiry_still_ends_the_session,
    an_expired_code_is_refused,
    a_code_of_another_client_is_refused_and_burnt,
    unknown_codes_and_clients_are_refused,
    of_32_concurrent_redemptions_one_succeeds,
    other_tokens_are_no_codes,
];

async fn a_code_buys_tokens(app: &App) {
    let tokens = app.sign_in("alice").await;
    assert!(app.accepts(&tokens.access).await);
}

async fn a_double_click_is_refused_and_the_session_lives(app: &App) {
    let code = app.code(WEBAPP, "alice").await;
    let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
    app.redeem(WEBAPP, &code).await.assert_error(401, "Invalid Credentials");
    app.advance(Duration::from_millis(1999));
    app.redeem(WEBAPP, &code).await.assert_error(401, "Invalid Credentials");
    assert!(app.accepts(&tokens.access).await);
    let _ = Tokens::of(&app.refresh(&tokens).await);
}

async fn a_replay_after_two_seconds_ends_the_session(app: &App) {
    let other_session = app.sign_in("alice").await;
    let code = app.code(WEBAPP, "alice").await;
    let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
    let rotated = Tokens::of(&app.refresh(&tokens).await);
    app.advance(Duration::from_secs(2));
    app.redeem(WEBAPP, &code).await.assert_error(401, "Invalid Credentials");
    app.me(&rotated.access).await.assert_wrapped_error(401, "TokenRevoked");
    app.refresh(&rotated).await.assert_error(401, "Token Expired");
    assert!(app.accepts(&other_session.access).await);
}

async fn a_replay_long_after_expiry_still_ends_the_session(app: &App) {
    let code = app.code(WEBAPP, "alice").await;
    let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
    app.advance(Duration::from_mins(10));
    app.redeem(WEBAPP, &code).await.assert_error(401, "Invalid Credentials");
    assert!(!app.accepts(&tokens.access).await);
}

async fn an_expired_code_is_refused(app: &App) {
    let (in_time, late) = (app.code(WEBAPP, "alice").await, app.code(WEBAPP, "alice").await);
    app.advance(Duration::from_secs(3 * 60 - 1));
    let _ = Tokens::of(&app.redeem(WEBAPP, &in_time).await);
    app.advance(Duration::from_secs(1));
    app.redeem(WEBAPP, &late).await.assert_error(401, "Code Expired");
}

async fn a_code_of_another_client_is_refused_and_burnt(app: &App) {
    for thief in [OTHER, MOBILE] {
        let code = app.code(WEBAPP, "alice").await;
        app.redeem(thief, &code).await.assert_error(401, "Invalid Credentials");
        app.redeem(WEBAPP, &code).await.assert_error(401, "Invalid Credentials");
    }
}

async fn unknown_codes_and_clients_are_refused(app: &App) {
    for code in ["", "x", "A".repeat(43).as_str(), "A".repeat(8192).as_str(), "' OR 1=1--", "é"] {
        app.redeem(WEBAPP, code).await.assert_error(401, "Invalid Credentials");
    }
    let code = app.code(WEBAPP, "alice").await;
    app.redeem("nobodys-client", &code).await.assert_error(401, "Client Invalid");
    let _ = Tokens::of(&app.redeem(WEBAPP, &code).await);
}

async fn of_32_concurrent_redemptions_one_succeeds(app: &App) {
    let code = app.code(WEBAPP, "alice").await;
    let replies = join_all((0..32).map(|_| app.redeem(WEBAPP, &code))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(won.len(), 1);
    for reply in lost {
        reply.assert_error(401, "Invalid Credentials");
    }
    assert!(app.accepts(&Tokens::of(&won[0]).access).await, "a double click does not end the session");
}

async fn other_tokens_are_no_codes(app: &App) {
    let tokens = app.sign_in("alice").await;
    app.redeem(WEBAPP, &tokens.access).await.assert_error(401, "Invalid Credentials");
    app.redeem(WEBAPP, &tokens.refresh).await.assert_error(401, "Invalid Credentials");
    let code = app.code(WEBAPP, "alice").await;
    app.me(&code).await.assert_wrapped_error(401, "TokenExpired");
    app.me(&tokens.refresh).await.assert_wrapped_error(401, "TokenExpired");
    assert!(app.accepts(&tokens.access).await);
}

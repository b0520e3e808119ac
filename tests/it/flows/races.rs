//! Two things at once: whoever comes second sees what the first one did (I1, I2, TK12).

use doorward_tests::bootstrap::{GLOBEX, NEW_PASSWORD, PASSWORD, WEBAPP};
use doorward_tests::{App, Tokens, on_both};
use futures_util::future::join_all;
use serde_json::json;

on_both![
    many_sign_ins_at_once_all_succeed,
    a_logout_beats_a_refresh_beside_it,
    a_password_change_beats_a_sign_in_beside_it,
    a_password_change_beats_a_refresh_beside_it,
    a_refresh_and_a_switch_are_one_use,
    many_logouts_are_noted_once,
];

const ROUNDS: usize = 12;

async fn many_sign_ins_at_once_all_succeed(app: &App) {
    let all = join_all((0..32).map(|_| app.sign_in("alice"))).await;
    let mut sessions: Vec<String> =
        all.iter().map(|tokens| doorward_tests::jwt::claims(&tokens.access)["sid"].to_string()).collect();
    sessions.sort_unstable();
    sessions.dedup();
    assert_eq!(sessions.len(), 32);
    let refreshed = join_all(all.iter().map(|tokens| app.refresh(tokens))).await;
    assert!(refreshed.iter().all(|reply| reply.status == 200));
}

async fn a_logout_beats_a_refresh_beside_it(app: &App) {
    for _ in 0..ROUNDS {
        let tokens = app.sign_in("alice").await;
        let (logout, refresh) = futures_util::join!(app.log_out(&tokens), app.refresh(&tokens));
        assert!(logout.status == 200 || logout.status == 401, "{}", logout.text);
        assert!(refresh.status == 200 || refresh.status == 401, "{}", refresh.text);
        assert!(logout.status == 200 || refresh.status == 200, "one of them came first");
        assert!(!app.accepts(&tokens.access).await);
        if refresh.status == 200 {
            let rotated = Tokens::of(&refresh);
            let lives = logout.status != 200;
            assert_eq!(app.accepts(&rotated.access).await, lives, "{}", logout.text);
            assert_eq!(app.refresh(&rotated).await.status == 200, lives);
        }
    }
}

async fn a_password_change_beats_a_sign_in_beside_it(app: &App) {
    let (mut old, mut new) = (PASSWORD, NEW_PASSWORD);
    for _ in 0..ROUNDS {
        let body = App::credentials(WEBAPP, "alice", old);
        let tokens = Tokens::of(&app.post("/auth/login-token", &body).await);
        let change = json!({ "refreshToken": tokens.refresh, "username": "alice", "oldPassword": old, "password": new });
        let (changed, signed_in, code) = futures_util::join!(
            app.change_password(&tokens.access, &change),
            app.post("/auth/login-token", &body),
            app.post("/auth/login", &body)
        );
        let _ = changed.ok();
        if signed_in.status == 200 {
            let late = Tokens::of(&signed_in);
            assert!(!app.accepts(&late.access).await, "a session begun with the old password");
            assert_eq!(app.refresh(&late).await.status, 401);
        }
        if code.status == 200 {
            let code = code.json()["code"].as_str().unwrap_or_default().to_owned();
            assert_eq!(app.redeem(WEBAPP, &code).await.status, 401);
        }
        (old, new) = (new, old);
    }
}

async fn a_password_change_beats_a_refresh_beside_it(app: &App) {
    let (mut old, mut new) = (PASSWORD, NEW_PASSWORD);
    for _ in 0..ROUNDS {
        let body = App::credentials(WEBAPP, "alice", old);
        let tokens = Tokens::of(&app.post("/auth/login-token", &body).await);
        let other = Tokens::of(&app.post("/auth/login-token", &body).await);
        let change = json!({ "refreshToken": tokens.refresh, "username": "alice", "oldPassword": old, "password": new });
        let (changed, refreshed) =
            futures_util::join!(app.change_password(&tokens.access, &change), app.refresh(&other));
        let _ = changed.ok();
        if refreshed.status == 200 {
            let late = Tokens::of(&refreshed);
            assert!(!app.accepts(&late.access).await);
            assert_eq!(app.refresh(&late).await.status, 401);
        }
        (old, new) = (new, old);
    }
}

async fn a_refresh_and_a_switch_are_one_use(app: &App) {
    for _ in 0..ROUNDS {
        let tokens = app.sign_in("twofold").await;
        let (refreshed, switched) = futures_util::join!(app.refresh(&tokens), app.switch(&tokens, GLOBEX));
        let won: Vec<_> = [&refreshed, &switched].into_iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(won.len(), 1, "{} {}", refreshed.text, switched.text);
        assert!(app.accepts(&Tokens::of(won[0]).access).await);
    }
}

async fn many_logouts_are_noted_once(app: &App) {
    let tokens = app.sign_in("alice").await;
    let replies = join_all((0..8).map(|_| app.log_out(&tokens))).await;
    assert!(replies.iter().any(|reply| reply.status == 200));
    assert!(replies.iter().all(|reply| reply.status == 200 || reply.status == 401));
    let reader = app.sign_in("alice").await;
    let rows = app.activity(&reader, &json!({ "where": { "loginType": "LOGOUT" } })).await;
    assert_eq!(rows.len(), 1);
}

//! The contract's table of user states (§3), with the faults of the old service repaired (design §6.4).

use doorward_tests::bootstrap::{CLOSED, GLOBEX, MOBILE, PASSWORD, WEBAPP};
use doorward_tests::{App, Tokens, on_both};
use serde_json::json;

on_both![
    users_in_good_standing_sign_in,
    a_registered_user_is_not_active_yet,
    users_who_are_shut_out_are_inactive,
    a_user_without_clients_is_told_so,
    a_user_of_another_client_is_refused,
    an_external_user_has_no_password,
    a_user_deactivated_after_login_gets_no_tokens,
    a_user_deactivated_later_cannot_refresh,
];

async fn users_in_good_standing_sign_in(app: &App) {
    for (username, status) in [("alice", 1), ("changer", 3), ("seven", 7)] {
        let by_code = app.sign_in(username).await;
        assert_eq!(app.me(&by_code.access).await.ok()["status"], status);
        let at_once = Tokens::of(&app.login_token(WEBAPP, username).await);
        assert_eq!(app.me(&at_once.access).await.ok()["status"], status);
    }
}

async fn a_registered_user_is_not_active_yet(app: &App) {
    app.login(WEBAPP, "registered").await.assert_error(400, "User not active yet");
    app.login_token(WEBAPP, "registered").await.assert_error(400, "User not active yet");
}

async fn users_who_are_shut_out_are_inactive(app: &App) {
    for username in ["inactive", "rejected", "lonely", "shut"] {
        app.login(WEBAPP, username).await.assert_wrapped_error(401, "UserInactive");
        app.login_token(WEBAPP, username).await.assert_wrapped_error(401, "UserInactive");
    }
}

async fn a_user_without_clients_is_told_so(app: &App) {
    app.login(WEBAPP, "clientless").await.assert_error(422, "Client User Missing");
    app.login_token(WEBAPP, "clientless").await.assert_wrapped_error(401, "Client Invalid");
}

async fn a_user_of_another_client_is_refused(app: &App) {
    app.login(WEBAPP, "mobile-only").await.assert_error(401, "Client Invalid");
    app.login_token(WEBAPP, "mobile-only").await.assert_wrapped_error(401, "Client Invalid");
    let _ = app.sign_in_through(MOBILE, "mobile-only").await;
}

async fn an_external_user_has_no_password(app: &App) {
    for password in ["", PASSWORD, "google-subject-1"] {
        let reply = app.post("/auth/login", &App::credentials(WEBAPP, "federated", password)).await;
        assert_eq!(reply.status, 401, "{}", reply.text);
    }
}

const BOB_INACTIVE: &str = r#"
[[users]]
username = "bob"
memberships = [{ tenant = "acme", role = "Member", status = "inactive" }]
"#;

async fn a_user_deactivated_after_login_gets_no_tokens(app: &App) {
    let code = app.code(WEBAPP, "bob").await;
    app.apply(BOB_INACTIVE).await;
    app.redeem(WEBAPP, &code).await.assert_error(401, "UserInactive");
}

async fn a_user_deactivated_later_cannot_refresh(app: &App) {
    let tokens = app.sign_in("bob").await;
    let twofold = app.sign_in("twofold").await;
    let globex = Tokens::of(&app.switch(&twofold, GLOBEX).await);
    app.apply(BOB_INACTIVE).await;
    app.me(&tokens.access).await.assert_wrapped_error(401, "TokenRevoked");
    let reply = app.refresh(&tokens).await;
    assert_eq!(reply.status, 401, "{}", reply.text);
    assert!(app.accepts(&globex.access).await, "others stay signed in");

    app.apply("[[tenants]]\nkey = \"globex\"\nstatus = \"inactive\"").await;
    app.me(&globex.access).await.assert_wrapped_error(401, "TokenRevoked");
    assert_eq!(app.refresh(&globex).await.status, 401);
    let body = json!({ "refreshToken": globex.refresh, "tenantId": CLOSED });
    assert_eq!(app.post_as(&globex.access, "/auth/switch-token", &body).await.status, 401);
}

//! Links to an account (P16): one use, the address from the link, nothing but names from the body.

use std::time::Duration;

use doorward_tests::bootstrap::{ACME, ALICE, GLOBEX, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL};
use doorward_tests::{App, Options, Tokens, on_both};
use futures_util::future::join_all;
use serde_json::json;

const NEW: &str = "new@example.com";

on_both![open;
    p16_a_link_works_once,
    p16_of_fifty_parallel_uses_one_wins,
    p16_the_address_is_that_of_the_link,
    p16_an_old_link_is_dead,
    p16_an_older_link_dies_with_a_newer,
    p16_nobody_gives_himself_rights,
    p16_an_existing_account_is_not_taken_over,
    p16_other_tokens_make_no_account,
];

fn open() -> Options {
    Options::default().set("native.sign_up_tenant", "acme")
}

async fn link_token(app: &App, email: &str) -> String {
    assert_eq!(app.request_sign_up(email).await.status, 204);
    app.letter(email, "registration").await.token()
}

async fn accounts(app: &App) -> i64 {
    app.place.figure("SELECT count(*) FROM users").await
}

async fn p16_a_link_works_once(app: &App) {
    let token = link_token(app, NEW).await;
    let _ = app.sign_up(&token, NEW, PASSWORD).await.ok();
    let before = accounts(app).await;
    for _ in 0..3 {
        app.sign_up(&token, NEW, "Battery-Staple-8").await.assert_wrapped_error(401, "TokenRevoked");
    }
    assert_eq!(accounts(app).await, before);
    let _ = app.login(WEBAPP, NEW).await.ok();
}

async fn p16_of_fifty_parallel_uses_one_wins(app: &App) {
    let token = link_token(app, NEW).await;
    let before = accounts(app).await;
    let uses = (0..50).map(|_| app.sign_up(&token, NEW, PASSWORD));
    let statuses: Vec<u16> = join_all(uses).await.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 401, 429].contains(status)), "{statuses:?}");
    assert_eq!(accounts(app).await, before + 1);
}

async fn p16_the_address_is_that_of_the_link(app: &App) {
    let token = link_token(app, NEW).await;
    for other in ["victim@example.com", "new@example.com.evil.test", "new@example.co", ERIN_MAIL] {
        app.sign_up(&token, other, PASSWORD).await.assert_error(401, "Token Invalid");
    }
    let body = app.sign_up(&token, NEW, PASSWORD).await.ok();
    assert_eq!(body["user"]["email"], NEW);
}

async fn p16_an_old_link_is_dead(app: &App) {
    let token = link_token(app, NEW).await;
    app.advance(Duration::from_mins(30));
    app.sign_up(&token, NEW, PASSWORD).await.assert_wrapped_error(401, "TokenExpired");
    let token = link_token(app, NEW).await;
    app.advance(Duration::from_mins(30) - Duration::from_secs(1));
    let _ = app.sign_up(&token, NEW, PASSWORD).await.ok();
}

async fn p16_an_older_link_dies_with_a_newer(app: &App) {
    let (older, newer) = (link_token(app, NEW).await, link_token(app, "NEW@example.com").await);
    app.sign_up(&older, NEW, PASSWORD).await.assert_wrapped_error(401, "TokenRevoked");
    let _ = app.sign_up(&newer, NEW, PASSWORD).await.ok();
}

async fn p16_nobody_gives_himself_rights(app: &App) {
    let wishes = json!({
        "email": NEW,
        "data": {
            "tenantId": GLOBEX, "tenant": "globex", "role": "SuperAdmin", "permissions": ["ViewLoginActivity"],
            "status": 1, "invitedTo": GLOBEX,
        },
    });
    assert_eq!(app.post("/auth/sign-up/create-token", &wishes).await.status, 204);
    let token = app.letter(NEW, "registration").await.token();
    let body = json!({
        "email": NEW, "password": PASSWORD, "firstName": "New",
        "id": ALICE, "username": "root", "tenantId": GLOBEX, "defaultTenantId": GLOBEX, "role": "SuperAdmin",
        "roleId": "SuperAdmin", "permissions": ["ViewLoginActivity"], "status": 11, "emailVerified": true,
        "authProvider": "google", "authId": "google-subject-1", "authClientIds": [1, 2, 3], "clients": ["hs256"],
        "createdBy": ALICE, "deleted": true, "dob": "1990-01-01", "phone": "+15550000001",
    });
    let made = app.post_as(&token, "/auth/sign-up/create-user", &body).await.ok();
    assert_ne!(made["user"]["id"], ALICE);
    let tokens = Tokens::of(&app.login_token(WEBAPP, NEW).await);
    let me = app.me(&tokens.access).await.ok();
    assert_eq!(
        (&me["username"], &me["tenantId"], &me["role"]),
        (&json!(NEW), &json!(ACME), &json!("Member"))
    );
    assert_eq!((&me["permissions"], &me["phone"]), (&json!(["ViewUser", "CreateUser"]), &json!(null)));
    app.switch(&tokens, GLOBEX).await.assert_error(401, "UserDoesNotExist");
    app.get_as(&tokens.access, "/login-activity").await.assert_error(403, "NotAllowedAccess");
    app.login(WEBAPP, "root").await.assert_wrapped_error(401, "Invalid Credentials");
    assert_eq!(
        app.place.figure("SELECT count(*) FROM identities WHERE subject = 'google-subject-1'").await,
        1
    );
}

async fn p16_an_existing_account_is_not_taken_over(app: &App) {
    let token = link_token(app, ERIN_MAIL).await;
    app.introduce_people().await;
    let reply = app.sign_up(&token, ERIN_MAIL, "Battery-Staple-8").await;
    reply.assert_error_named(409, "ConflictError");
    let _ = app.login(WEBAPP, ERIN).await.ok();
    app.post("/auth/login", &App::credentials(WEBAPP, ERIN_MAIL, "Battery-Staple-8"))
        .await
        .assert_wrapped_error(401, "Invalid Credentials");
    assert_eq!(app.request_sign_up(ERIN_MAIL).await.status, 204);
    let kinds = app.kinds_to(ERIN_MAIL).await;
    assert!(kinds.iter().all(|kind| kind != "registration"), "{kinds:?}");
}

async fn p16_other_tokens_make_no_account(app: &App) {
    app.introduce_people().await;
    let tokens = app.sign_in(ERIN).await;
    let code = app.code(WEBAPP, ERIN).await;
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    let reset = app.letter(ERIN_MAIL, "forgot-password").await.token();
    let before = accounts(app).await;
    for other in [&tokens.access, &tokens.refresh, &code, &reset] {
        app.look_at_sign_up(other).await.assert_wrapped_error(401, "TokenExpired");
        app.sign_up(other, NEW, PASSWORD).await.assert_wrapped_error(401, "TokenExpired");
    }
    assert_eq!(accounts(app).await, before);
    // Nor does a sign-up's token open anything else.
    let sign_up = link_token(app, NEW).await;
    app.me(&sign_up).await.assert_wrapped_error(401, "TokenExpired");
    app.redeem(WEBAPP, &sign_up).await.assert_error(401, "Invalid Credentials");
    app.look_at_reset_link(&sign_up).await.assert_error(401, "Token Expired");
    let verified = app.post("/auth/verify-email", &json!({ "token": sign_up })).await;
    assert_eq!(verified.status, 401, "{}", verified.text);
    let _ = app.sign_up(&sign_up, NEW, PASSWORD).await.ok();
}

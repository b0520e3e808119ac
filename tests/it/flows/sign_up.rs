//! Signing up: a link to an address, and an account for whoever followed it.

use std::time::Duration;

use doorward_tests::bootstrap::{ACME, GLOBEX, NEW_PASSWORD, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN_MAIL, FRANK_MAIL};
use doorward_tests::{App, Options, Tokens, jwt, on_both};
use reqwest::Method;
use serde_json::json;

const NEW: &str = "new@example.com";

on_both![open;
    a_link_opens_an_account,
    looking_at_a_link_uses_nothing_up,
    what_the_app_wants_kept_is_kept,
    who_has_an_account_is_told_by_mail,
    a_refused_password_uses_nothing_up,
    requests_are_checked_as_everywhere,
    an_account_is_made_without_a_bearer_by_nobody,
    addresses_are_compared_without_case,
];
on_both![elsewhere; the_configuration_says_where_it_leads_and_what_it_gives];
on_both![closed; sign_up_can_be_switched_off];
on_both![guarded; a_new_account_obeys_the_policy_of_second_factors];

fn open() -> Options {
    Options::default().set("native.sign_up_tenant", "acme")
}

fn elsewhere() -> Options {
    Options::default()
        .set("native.sign_up_tenant", "globex")
        .set("native.sign_up_role", "Auditor")
        .set("native.sign_up_url", "https://shop.example.test/welcome")
        .set("native.sign_up_ttl", "10m")
}

fn closed() -> Options {
    Options::default().set("native.sign_up", "off")
}

fn guarded() -> Options {
    open().set("native.mfa", "required")
}

/// Asks for a link and reads the mail.
async fn link_token(app: &App, email: &str) -> String {
    assert_eq!(app.request_sign_up(email).await.status, 204);
    app.letter(email, "registration").await.token()
}

async fn sign_in(app: &App, username: &str, password: &str) -> Tokens {
    Tokens::of(&app.post("/auth/login-token", &App::credentials(WEBAPP, username, password)).await)
}

async fn a_link_opens_an_account(app: &App) {
    let reply = app.request_sign_up(NEW).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let letter = app.letter(NEW, "registration").await;
    let reply = app.sign_up(&letter.token(), NEW, PASSWORD).await;
    let body = reply.ok();
    assert!(!reply.text.contains(PASSWORD) && !reply.text.contains("argon2"), "{}", reply.text);
    assert_eq!((&body["email"], &body["user"]["username"]), (&json!(NEW), &json!(NEW)));
    assert_eq!((&body["user"]["firstName"], &body["user"]["lastName"]), (&json!("New"), &json!("Comer")));
    let _ = app.letter(NEW, "welcome").await;

    let tokens = sign_in(app, NEW, PASSWORD).await;
    let me = app.me(&tokens.access).await.ok();
    assert_eq!((&me["id"], &me["email"]), (&body["user"]["id"], &json!(NEW)));
    assert_eq!((&me["tenantId"], &me["defaultTenantId"]), (&json!(ACME), &json!(ACME)));
    assert_eq!((&me["status"], &me["permissions"]), (&json!(1), &json!(["ViewUser", "CreateUser"])));
    assert_eq!(me["role"], "Member");
    app.sign_up(&letter.token(), NEW, PASSWORD).await.assert_wrapped_error(401, "TokenRevoked");
}

async fn looking_at_a_link_uses_nothing_up(app: &App) {
    let token = link_token(app, NEW).await;
    for _ in 0..3 {
        assert_eq!(app.look_at_sign_up(&token).await.ok(), json!({ "email": NEW }));
    }
    let _ = app.sign_up(&token, NEW, PASSWORD).await.ok();
    app.look_at_sign_up(&token).await.assert_wrapped_error(401, "TokenRevoked");
    app.look_at_sign_up("unknown").await.assert_wrapped_error(401, "TokenExpired");
    app.get("/auth/sign-up/verify-token").await.assert_error(401, "Bearer realm=\"Users\"");
    let late = link_token(app, "late@example.com").await;
    app.advance(Duration::from_mins(30));
    app.look_at_sign_up(&late).await.assert_wrapped_error(401, "TokenExpired");
    app.sign_up(&late, "late@example.com", PASSWORD).await.assert_wrapped_error(401, "TokenExpired");
}

async fn what_the_app_wants_kept_is_kept(app: &App) {
    let data = json!({ "plan": "gold", "from": { "campaign": 7 } });
    let body = json!({ "email": NEW, "data": data });
    assert_eq!(app.post("/auth/sign-up/create-token", &body).await.status, 204);
    let token = app.letter(NEW, "registration").await.token();
    let _ = app.sign_up(&token, NEW, PASSWORD).await.ok();
    let kept = "SELECT count(*) FROM users WHERE username = 'new@example.com'
                AND sign_up_data LIKE '%gold%' AND sign_up_data LIKE '%campaign%'";
    assert_eq!(app.place.figure(kept).await, 1);
    let long = json!({ "email": "long@example.com", "data": { "text": "x".repeat(9000) } });
    assert_eq!(app.post("/auth/sign-up/create-token", &long).await.status, 422);
    for no_object in [json!([1]), json!("text"), json!(1)] {
        let body = json!({ "email": "odd@example.com", "data": no_object });
        assert_eq!(app.post("/auth/sign-up/create-token", &body).await.status, 422, "{body}");
    }
    assert!(app.letters().await.iter().all(|letter| letter.to == [NEW]));
}

async fn who_has_an_account_is_told_by_mail(app: &App) {
    app.introduce_people().await;
    for email in [ERIN_MAIL, "FRANK@example.com"] {
        let reply = app.request_sign_up(email).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    }
    let letters = app.letters().await;
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert_eq!(letter.kind, "account-exists");
        assert!(!letter.text.contains("?token="), "{}", letter.text);
        assert!(
            letter.to[0].eq_ignore_ascii_case(ERIN_MAIL) || letter.to[0].eq_ignore_ascii_case(FRANK_MAIL)
        );
    }
    // Whoever gets an account after the link was sent keeps it.
    let token = link_token(app, "twin@example.com").await;
    app.apply(TWIN).await;
    let late = app.sign_up(&token, "twin@example.com", NEW_PASSWORD).await;
    late.assert_error_named(409, "ConflictError");
    let _ = sign_in(app, "twin@example.com", PASSWORD).await;
}

const TWIN: &str = r#"
[[users]]
username = "twin@example.com"
email = "twin@example.com"
password = "Correct-Horse-7"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }]
"#;

async fn a_refused_password_uses_nothing_up(app: &App) {
    let token = link_token(app, NEW).await;
    let weak = app.sign_up(&token, NEW, "weak").await;
    assert_eq!(
        (weak.status, &weak.json()["error"]["code"]),
        (422, &json!("PASSWORD_POLICY")),
        "{}",
        weak.text
    );
    let named = app.sign_up(&token, NEW, "Comer-Shop-12").await;
    assert_eq!(named.status, 422, "the family name: {}", named.text);
    assert_eq!(app.sign_up(&token, NEW, "").await.status, 422);
    let _ = app.sign_up(&token, NEW, PASSWORD).await.ok();
}

async fn requests_are_checked_as_everywhere(app: &App) {
    let missing = app.post("/auth/sign-up/create-token", &json!({})).await.validation_failures();
    assert!(missing.contains(&(String::new(), "required".to_owned())), "{missing:?}");
    let unknown = json!({ "email": NEW, "role": "SuperAdmin" });
    let unknown = app.post("/auth/sign-up/create-token", &unknown).await.validation_failures();
    assert_eq!(unknown, [(String::new(), "additionalProperties".to_owned())]);
    for email in
        ["", "new", "new@", "@example.com", "new@@example.com", "new @example.com", "a\u{0}b@example.com"]
    {
        let reply = app.request_sign_up(email).await;
        assert_eq!(reply.status, 422, "{email:?}: {}", reply.text);
    }
    assert_eq!(app.letters().await.len(), 0);
    let token = link_token(app, NEW).await;
    let empty = app.post_as(&token, "/auth/sign-up/create-user", &json!({})).await.validation_failures();
    assert!(empty.contains(&(String::new(), "required".to_owned())), "{empty:?}");
    app.sign_up(&token, "other@example.com", PASSWORD).await.assert_error(401, "Token Invalid");
    let _ = app.sign_up(&token, NEW, PASSWORD).await.ok();
}

async fn an_account_is_made_without_a_bearer_by_nobody(app: &App) {
    let body = json!({ "email": NEW, "password": PASSWORD });
    let anonymous = app.request(Method::POST, "/auth/sign-up/create-user").json(&body);
    app.send(anonymous).await.assert_error(401, "Bearer realm=\"Users\"");
    app.sign_up("unknown", NEW, PASSWORD).await.assert_wrapped_error(401, "TokenExpired");
    assert_eq!(app.place.figure("SELECT count(*) FROM users WHERE username = 'new@example.com'").await, 0);
}

async fn addresses_are_compared_without_case(app: &App) {
    assert_eq!(app.request_sign_up("New@Example.com").await.status, 204);
    let letter = app.letters().await.pop().expect("a mail");
    let token = letter.token();
    let _ = app.sign_up(&token, "nEW@eXAMPLE.com", PASSWORD).await.ok();
    let _ = sign_in(app, NEW, PASSWORD).await;
    assert_eq!(app.request_sign_up("NEW@EXAMPLE.COM").await.status, 204);
    let kinds: Vec<String> = app.letters().await.into_iter().map(|letter| letter.kind).collect();
    assert!(kinds.contains(&"account-exists".to_owned()), "{kinds:?}");
}

async fn the_configuration_says_where_it_leads_and_what_it_gives(app: &App) {
    assert_eq!(app.request_sign_up(NEW).await.status, 204);
    let letter = app.letter(NEW, "registration").await;
    assert_eq!(letter.link(), "https://shop.example.test/welcome");
    let _ = app.sign_up(&letter.token(), NEW, PASSWORD).await.ok();
    let tokens = sign_in(app, NEW, PASSWORD).await;
    let claims = jwt::claims(&tokens.access);
    assert_eq!((&claims["tenantId"], &claims["role"]), (&json!(GLOBEX), &json!("Auditor")));
    let token = link_token(app, "late@example.com").await;
    app.advance(Duration::from_mins(10));
    app.look_at_sign_up(&token).await.assert_wrapped_error(401, "TokenExpired");
}

async fn sign_up_can_be_switched_off(app: &App) {
    app.request_sign_up(NEW).await.assert_error(403, "NotAllowedAccess");
    assert_eq!(app.letters().await.len(), 0);
}

async fn a_new_account_obeys_the_policy_of_second_factors(app: &App) {
    let token = link_token(app, NEW).await;
    let _ = app.sign_up(&token, NEW, PASSWORD).await.ok();
    let refused = app.login_token(WEBAPP, NEW).await;
    assert_eq!(refused.json()["error"]["message"], "MfaRequired", "{}", refused.text);
}

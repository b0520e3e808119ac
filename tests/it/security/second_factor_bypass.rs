//! No way around a second factor (P15), and no word about one that was not proved.

use std::time::Duration;

use doorward_tests::bootstrap::{ALICE, GLOBEX, NEW_PASSWORD, OTHER, PASSWORD, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, FRANK, GWEN, LAX, STRICT};
use doorward_tests::harness::verification::{answer_to_challenge, code_of, with};
use doorward_tests::{App, Options, Tokens, jwt, on_both};
use serde_json::{Value, json};

on_both![required;
    p15_a_pending_code_opens_nothing,
    p15_a_code_alone_signs_nobody_in,
    p15_words_in_a_request_change_nothing,
    p15_a_pending_sign_in_of_a_user_who_was_shut_out_is_dead,
    p15_no_second_sign_in_ends_the_first_ones_factor,
];
on_both![optional;
    p15_who_has_an_app_signs_in_with_no_sent_code,
    p15_another_clients_laxness_helps_nobody,
    p15_a_switched_off_policy_does_not_claim_a_second_factor,
];
on_both![p15_a_switch_leads_nowhere_that_asks_for_more, p15_a_role_asks_whichever_way];

fn required() -> Options {
    Options::default().set("native.mfa", "required")
}

fn optional() -> Options {
    Options::default().set("native.mfa", "optional")
}

async fn p15_a_pending_code_opens_nothing(app: &App) {
    app.introduce_people().await;
    let lax = Tokens::of(&app.login_token(LAX, ERIN).await);
    let from_login = app.code(WEBAPP, ERIN).await;
    let refused = app.login_token(WEBAPP, ERIN).await;
    let from_token = refused.json()["error"]["details"]["code"].as_str().unwrap_or_default().to_owned();
    for pending in [&from_login, &from_token] {
        app.me(pending).await.assert_wrapped_error(401, "TokenExpired");
        app.redeem(WEBAPP, pending).await.assert_error(401, "User Verification Failed");
        app.redeem(OTHER, pending).await.assert_error(401, "Invalid Credentials");
        let as_refresh = Tokens { refresh: pending.clone(), ..lax.clone() };
        app.refresh(&as_refresh).await.assert_error(401, "Token Expired");
        app.switch(&as_refresh, GLOBEX).await.assert_error(401, "Token Expired");
        let as_access = Tokens { access: pending.clone(), ..lax.clone() };
        assert_eq!(app.refresh(&as_access).await.status, 401);
        app.look_at_reset_link(pending).await.assert_error(401, "Token Expired");
        app.reset_password(WEBAPP, pending, NEW_PASSWORD).await.assert_error(401, "Token Expired");
        app.look_at_sign_up(pending).await.assert_wrapped_error(401, "TokenExpired");
        let change = json!({
            "refreshToken": pending, "username": ERIN, "oldPassword": PASSWORD, "password": NEW_PASSWORD,
        });
        app.change_password(pending, &change).await.assert_wrapped_error(401, "TokenExpired");
        let verified = app.post("/auth/verify-email", &json!({ "token": pending })).await;
        assert_eq!(verified.status, 401, "{}", verified.text);
        // Nor without the words, or with those of somebody else.
        for otp in ["", "abcdef", pending.as_str(), PASSWORD] {
            assert_eq!(app.answer_challenge(ERIN, otp, WEBAPP, pending).await.status, 401, "{otp}");
        }
    }
}

async fn p15_a_code_alone_signs_nobody_in(app: &App) {
    app.introduce_people().await;
    let reply = app.send_otp(WEBAPP, ERIN).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    assert_eq!(app.letters().await.len(), 0);
    // The code that goes with a password needs the pending code too.
    let _ = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    for body in [
        json!({ "key": ERIN, "otp": otp }),
        json!({ "key": ERIN, "otp": otp, "clientId": WEBAPP }),
        json!({ "key": ERIN, "otp": otp, "clientId": WEBAPP, "code": "" }),
        json!({ "key": ERIN, "otp": otp, "clientId": WEBAPP, "code": "unknown" }),
        json!({ "key": ERIN, "otp": otp, "clientId": WEBAPP, "code": null }),
    ] {
        let reply = app.verify_otp(&body).await;
        assert!([401, 422].contains(&reply.status), "{body}: {}", reply.text);
    }
    // With whom nothing more is asked of, it is another matter.
    assert_eq!(app.send_otp(LAX, ERIN).await.status, 204);
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let code = code_of(&app.verify_otp(&json!({ "key": ERIN, "otp": otp, "clientId": LAX })).await);
    let tokens = app.tokens(LAX, &code).await;
    assert_eq!(jwt::claims(&tokens.access)["acr"], "aal1");
    assert_eq!(app.send_otp(LAX, ERIN).await.status, 204);
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let code = code_of(&app.verify_otp(&json!({ "key": ERIN, "otp": otp, "clientId": LAX })).await);
    assert_eq!(app.redeem(WEBAPP, &code).await.status, 401);
}

async fn p15_words_in_a_request_change_nothing(app: &App) {
    app.introduce_people().await;
    let words = [
        ("mfa", json!(false)),
        ("amr", json!(["pwd", "otp", "mfa"])),
        ("acr", json!("aal2")),
        ("acr_values", json!("aal1")),
        ("second_factor", json!("off")),
        ("skip", json!(true)),
    ];
    let credentials = App::credentials(WEBAPP, ERIN, PASSWORD);
    for (word, value) in words {
        for path in ["/auth/login", "/auth/login-token"] {
            assert_eq!(app.post(path, &with(credentials.clone(), word, value.clone())).await.status, 422);
        }
        let pending = app.code(WEBAPP, ERIN).await;
        let redeem = with(json!({ "code": pending, "clientId": WEBAPP }), word, value.clone());
        assert_eq!(app.post("/auth/token", &redeem).await.status, 422);
        let answer = with(answer_to_challenge(ERIN, "abcdef", WEBAPP, &pending), word, value);
        assert_eq!(app.verify_otp(&answer).await.status, 422);
    }
    let by_query = app.post("/auth/login-token?mfa=off&acr=aal2", &credentials).await;
    assert_eq!(by_query.json()["error"]["message"], "MfaRequired", "{}", by_query.text);
}

async fn p15_a_pending_sign_in_of_a_user_who_was_shut_out_is_dead(app: &App) {
    app.introduce_people().await;
    for status in ["inactive", "rejected"] {
        let pending = app.code(WEBAPP, ERIN).await;
        let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
        app.apply(&membership_of_erin(status)).await;
        let late = app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await;
        assert_eq!(late.status, 401, "{status}: {}", late.text);
        app.apply(&membership_of_erin("active")).await;
    }
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    app.apply("[[clients]]\nclient_id = \"webapp\"\nenabled = false\n").await;
    assert_eq!(app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await.status, 401);
}

fn membership_of_erin(status: &str) -> String {
    format!(
        "[[users]]\nusername = \"erin\"\nmemberships = [{{ tenant = \"acme\", role = \"SuperAdmin\", status = \"{status}\" }}]\n"
    )
}

/// One pending code answered does not open another.
async fn p15_no_second_sign_in_ends_the_first_ones_factor(app: &App) {
    app.introduce_people().await;
    let stolen = app.code(WEBAPP, ERIN).await;
    let _ = app.letter(ERIN_MAIL, "one-time-passcode").await;
    let own = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let _ = app.tokens(WEBAPP, &code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &own).await)).await;
    app.redeem(WEBAPP, &stolen).await.assert_error(401, "User Verification Failed");
    assert_eq!(app.answer_challenge(ERIN, &otp, WEBAPP, &stolen).await.status, 401);
}

async fn p15_who_has_an_app_signs_in_with_no_sent_code(app: &App) {
    app.introduce_people().await;
    assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
    let early = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    let _ = app.enrol(WEBAPP, ERIN).await;
    let late = app.verify_otp(&json!({ "key": ERIN, "otp": early })).await;
    assert_eq!(late.status, 401, "asked for before the app was in force: {}", late.text);
    app.outbox().clear();
    let reply = app.send_otp(WEBAPP, ERIN).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let kinds = app.kinds_to(ERIN_MAIL).await;
    assert!(!kinds.contains(&"one-time-passcode".to_owned()), "{kinds:?}");
    assert_eq!(app.send_otp(WEBAPP, FRANK).await.status, 204);
    let _ = app.letter("frank@example.com", "one-time-passcode").await;
}

async fn p15_another_clients_laxness_helps_nobody(app: &App) {
    app.introduce_people().await;
    let lax = app.code(LAX, ERIN).await;
    app.redeem(STRICT, &lax).await.assert_error(401, "Invalid Credentials");
    let tokens = Tokens::of(&app.login_token(LAX, ERIN).await);
    // Its tokens stay its own, and say what they are.
    let claims = jwt::claims(&tokens.access);
    assert_eq!((&claims["client_id"], &claims["acr"]), (&json!(LAX), &json!("aal1")));
    let refused = app.login_token(STRICT, ERIN).await;
    assert_eq!(refused.json()["error"]["message"], "MfaRequired", "{}", refused.text);
}

async fn p15_a_switched_off_policy_does_not_claim_a_second_factor(app: &App) {
    app.introduce_people().await;
    let _ = app.enrol(WEBAPP, ERIN).await;
    let tokens = Tokens::of(&app.login_token(LAX, ERIN).await);
    let claims = jwt::claims(&tokens.access);
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd"]), &json!("aal1")));
    app.advance(Duration::from_mins(1));
    let refreshed = Tokens::of(&app.refresh(&tokens).await);
    assert_eq!(jwt::claims(&refreshed.access)["acr"], "aal1");
}

const DOUBLE: &str = r#"
[[roles]]
name = "GuardedThere"
tenant = "globex"
permissions = ["ViewLoginActivity"]
mfa = "required"
[[users]]
username = "hanna"
password = "Correct-Horse-7"
email = "hanna@example.com"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }, { tenant = "globex", role = "GuardedThere" }]
"#;

async fn p15_a_switch_leads_nowhere_that_asks_for_more(app: &App) {
    app.introduce_people().await;
    app.apply(DOUBLE).await;
    let tokens = app.sign_in("hanna").await;
    let refused = app.switch(&tokens, GLOBEX).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    // Nothing was used up.
    let refreshed = Tokens::of(&app.refresh(&tokens).await);
    assert!(app.accepts(&refreshed.access).await);
}

async fn p15_a_role_asks_whichever_way(app: &App) {
    app.introduce_people().await;
    let pending = app.code(LAX, GWEN).await;
    app.redeem(LAX, &pending).await.assert_error(401, "User Verification Failed");
    let refused: Value = app.login_token(WEBAPP, GWEN).await.json();
    assert_eq!(refused["error"]["message"], "MfaRequired", "{refused}");
    app.outbox().clear();
    let _ = app.letters().await;
    app.outbox().clear();
    assert_eq!(app.send_otp(LAX, GWEN).await.status, 204);
    assert_eq!(app.letters().await.len(), 0);
    assert_ne!(app.me(&pending).await.text, ALICE);
}

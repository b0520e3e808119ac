//! When a second factor is asked for: the server's word, the client's in its place, the role's if it is stricter.

use doorward_tests::bootstrap::{GLOBEX, OTHER, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, GWEN, LAX, STRICT};
use doorward_tests::harness::verification::code_of;
use doorward_tests::{App, Options, Tokens, jwt, on_both};
use serde_json::json;

on_both![
    every_word_counts_where_it_should,
    what_was_asked_for_is_asked_again_after_a_restart,
    a_role_of_another_tenant_asks_at_the_switch,
    a_client_may_learn_to_ask,
];

/// What a sign-in with a password ends in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ends {
    Tokens,
    Pending,
}

async fn ends(app: &App, client: &str, username: &str) -> Ends {
    let reply = app.login_token(client, username).await;
    let by_code = app.redeem(client, &app.code(client, username).await).await;
    if reply.status == 200 {
        let _ = Tokens::of(&by_code);
        return Ends::Tokens;
    }
    assert_eq!((reply.status, &reply.json()["error"]["message"]), (401, &json!("MfaRequired")));
    by_code.assert_error(401, "User Verification Failed");
    Ends::Pending
}

fn server(word: &str) -> Options {
    Options::default().set("native.mfa", word)
}

/// Server × client × role, for users with an authenticator app and without.
async fn every_word_counts_where_it_should(app: &App) {
    use Ends::{Pending, Tokens};
    app.introduce_people().await;
    app.restart_with(server("optional")).await;
    let _ = app.enrol(WEBAPP, "frank").await;
    // Members without an app, a member with one, and one whose role always asks; none is reachable by less than mail.
    let table = [
        ("off", WEBAPP, [Tokens, Tokens, Pending]),
        ("off", LAX, [Tokens, Tokens, Pending]),
        ("off", STRICT, [Pending, Pending, Pending]),
        ("optional", WEBAPP, [Tokens, Pending, Pending]),
        ("optional", LAX, [Tokens, Tokens, Pending]),
        ("optional", STRICT, [Pending, Pending, Pending]),
        ("required", WEBAPP, [Pending, Pending, Pending]),
        ("required", LAX, [Tokens, Tokens, Pending]),
        ("required", STRICT, [Pending, Pending, Pending]),
    ];
    for word in ["off", "optional", "required"] {
        app.restart_with(server(word)).await;
        for (_, client, row) in table.iter().filter(|(server, ..)| *server == word) {
            for (username, expected) in [ERIN, "frank", GWEN].into_iter().zip(row) {
                assert_eq!(ends(app, client, username).await, *expected, "{word} {client} {username}");
            }
        }
    }
}

async fn what_was_asked_for_is_asked_again_after_a_restart(app: &App) {
    app.introduce_people().await;
    app.restart_with(server("required")).await;
    let pending = app.code(WEBAPP, ERIN).await;
    let otp = app.letter(ERIN_MAIL, "one-time-passcode").await.code();
    // Whoever waits goes on waiting, even if nobody would be asked any more.
    app.restart_with(server("off")).await;
    app.redeem(WEBAPP, &pending).await.assert_error(401, "User Verification Failed");
    let code = code_of(&app.answer_challenge(ERIN, &otp, WEBAPP, &pending).await);
    assert_eq!(jwt::claims(&app.tokens(WEBAPP, &code).await.access)["acr"], "aal2");
}

const TWO_HOMES: &str = r#"
[[roles]]
name = "Vault"
tenant = "globex"
permissions = ["ViewUser"]
mfa = "required"

[[users]]
username = "hanna"
password = "Correct-Horse-7"
email = "hanna@example.com"
clients = ["webapp", "strict"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }, { tenant = "globex", role = "Vault" }]
"#;

async fn a_role_of_another_tenant_asks_at_the_switch(app: &App) {
    app.introduce_people().await;
    app.apply(TWO_HOMES).await;
    let weak = app.sign_in("hanna").await;
    app.switch(&weak, GLOBEX).await.assert_error(401, "User Verification Failed");
    let weak = Tokens::of(&app.refresh(&weak).await);
    assert!(app.accepts(&weak.access).await, "nothing was used up");

    let pending = app.code(STRICT, "hanna").await;
    let otp = app.letter("hanna@example.com", "one-time-passcode").await.code();
    let code = code_of(&app.answer_challenge("hanna", &otp, STRICT, &pending).await);
    let strong = app.tokens(STRICT, &code).await;
    let switched = Tokens::of(&app.switch(&strong, GLOBEX).await);
    let claims = jwt::claims(&switched.access);
    assert_eq!((&claims["tenantId"], &claims["acr"]), (&json!(GLOBEX), &json!("aal2")));
}

async fn a_client_may_learn_to_ask(app: &App) {
    app.introduce_people().await;
    assert_eq!(ends(app, OTHER, ERIN).await, Ends::Tokens);
    app.apply("[[clients]]\nclient_id = \"other\"\nmfa = \"required\"\n").await;
    assert_eq!(ends(app, OTHER, ERIN).await, Ends::Pending);
    assert_eq!(ends(app, WEBAPP, ERIN).await, Ends::Tokens);
}

//! What becomes of a provider's side of a sign-in, and of new accounts, while the second factor is missing.

use std::time::Duration;

use doorward_core::domain::federation::ExternalIdentity;
use doorward_core::ports::provider::{ProviderInfo, ProviderKind};
use doorward_core::testkit::scripted_provider::ScriptedRegistry;
use doorward_tests::bootstrap::{GLOBEX, WEBAPP};
use doorward_tests::harness::app::Options;
use doorward_tests::harness::verification::code_of;
use doorward_tests::{App, Tokens, jwt, on_both};
use serde_json::json;

use super::{brought, creating, info, person, visit};

on_both![required;
    the_providers_side_waits_too,
    what_waited_in_vain_goes,
    a_new_account_waits_too,
];
on_both![unasked; who_was_asked_over_there_may_go_everywhere];

fn unasked() -> Options {
    let trusted = ProviderInfo { trusts_second_factor: true, ..info("trusted", ProviderKind::Oidc) };
    let open = ProviderInfo { sign_up: creating("acme", "Member"), ..info("open", ProviderKind::Oidc) };
    Options::default().with_providers(ScriptedRegistry::new([
        info("google", ProviderKind::Google),
        trusted,
        open,
    ]))
}

fn required() -> Options {
    unasked().set("native.mfa", "required")
}

const MAIL: &str = "fay@example.com";
const HELD: &str = "SELECT count(*) FROM upstream_sessions";

const FAY: &str = r#"
[[roles]]
name = "Vault"
tenant = "globex"
permissions = ["ViewUser"]
mfa = "required"

[[users]]
username = "fay"
email = "fay@example.com"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }, { tenant = "globex", role = "Vault" }]
identities = [{ provider = "google", subject = "fay" }, { provider = "trusted", subject = "fay" }]
"#;

async fn introduce(app: &App) {
    app.apply(FAY).await;
    for provider in ["google", "trusted"] {
        app.scripted(provider).knows("fay", &person("fay"));
    }
}

async fn pending(app: &App, provider: &str) -> String {
    brought(&visit(app, provider, "fay").await, "code").expect("a code")
}

async fn the_providers_side_waits_too(app: &App) {
    introduce(app).await;
    let pending = pending(app, "google").await;
    assert_eq!(app.place.figure(HELD).await, 1);
    let otp = app.letter(MAIL, "one-time-passcode").await.code();
    let code = code_of(&app.answer_challenge("fay", &otp, WEBAPP, &pending).await);
    assert_eq!(app.place.figure("SELECT count(*) FROM challenges").await, 0);
    let tokens = app.tokens(WEBAPP, &code).await;
    let body = json!({ "refreshToken": tokens.refresh });
    let reply = app.post_as(&tokens.access, "/google/logout", &body).await.ok();
    assert!(reply["providerLogoutUrl"].is_string(), "{reply}");
    let told = app.eventually("the provider is told", async || {
        Some(app.scripted("google").seen().terminated).filter(|told| !told.is_empty())
    });
    assert_eq!(told.await, [Some("refresh-of-fay".to_owned())]);
}

async fn what_waited_in_vain_goes(app: &App) {
    introduce(app).await;
    let _ = pending(app, "google").await;
    app.advance(Duration::from_hours(49));
    app.core().await.purge().await.expect("it can be tidied up");
    for what in [HELD, "SELECT count(*) FROM challenges"] {
        assert_eq!(app.place.figure(what).await, 0, "{what}");
    }
}

async fn a_new_account_waits_too(app: &App) {
    let email = Some("nora@example.com".to_owned());
    let nora = ExternalIdentity { email, email_verified: true, ..person("nora") };
    app.scripted("open").knows("nora", &nora);
    let pending = brought(&visit(app, "open", "nora").await, "code").expect("a code");
    app.redeem(WEBAPP, &pending).await.assert_error(401, "User Verification Failed");
    let otp = app.letter("nora@example.com", "one-time-passcode").await.code();
    let code = code_of(&app.answer_challenge("nora@example.com", &otp, WEBAPP, &pending).await);
    let tokens = app.tokens(WEBAPP, &code).await;
    assert_eq!(jwt::claims(&tokens.access)["amr"], json!(["fed", "otp", "mfa"]));
}

async fn who_was_asked_over_there_may_go_everywhere(app: &App) {
    introduce(app).await;
    let code = pending(app, "google").await;
    let weak = app.tokens(WEBAPP, &code).await;
    app.switch(&weak, GLOBEX).await.assert_error(401, "User Verification Failed");
    let code = pending(app, "trusted").await;
    let enough = app.tokens(WEBAPP, &code).await;
    let switched = Tokens::of(&app.switch(&enough, GLOBEX).await);
    let claims = jwt::claims(&switched.access);
    assert_eq!((&claims["tenantId"], &claims["amr"]), (&json!(GLOBEX), &json!(["fed"])));
}

//! Whose account it is: pinned issuers, sign-up, recognition by address, the last way in.

use doorward_core::domain::federation::ExternalIdentity;
use doorward_tests::bootstrap::{ACME, WEBAPP};
use doorward_tests::{App, Tokens, jwt, on_both};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{brought, linked_user, person, scripted, tokens_of, user, visit};

on_both![scripted;
    an_issuer_is_pinned_at_first_use,
    strangers_are_refused,
    a_sign_up_makes_one_account,
    of_many_first_sign_ins_one_makes_the_account,
    names_are_not_taken_from_their_owners,
    odd_profiles_are_cut,
    a_sign_up_without_a_place_is_refused,
    an_address_has_to_be_verified_on_both_sides,
    of_two_unlinkings_at_once_one_leaves_a_way_in,
    an_identity_without_subject_is_nobody,
];

async fn me(app: &App, tokens: &Tokens) -> Value {
    app.me(&tokens.access).await.ok()
}

async fn an_issuer_is_pinned_at_first_use(app: &App) {
    let _ = linked_user(app, "google", "fed").await;
    let google = app.scripted("google");
    for issuer in ["https://evil.test", "https://idp.example.test/", ""] {
        google.knows("other", &ExternalIdentity { issuer: issuer.to_owned(), ..person("fed") });
        visit(app, "google", "other").await.assert_wrapped_error(401, "Invalid Credentials");
    }
    let tokens = tokens_of(app, &visit(app, "google", "fed").await).await;
    let identities = app.get_as(&tokens.access, "/auth/identities").await.ok();
    assert_eq!(identities[0]["issuer"], super::ISSUER);
}

async fn strangers_are_refused(app: &App) {
    app.scripted("google").knows("stranger", &person("stranger"));
    visit(app, "google", "stranger").await.assert_wrapped_error(401, "Invalid Credentials");
    visit(app, "google", "no such code").await.assert_wrapped_error(401, "Invalid Credentials");
}

fn newcomer() -> ExternalIdentity {
    ExternalIdentity {
        email: Some("New.Comer@example.net".to_owned()),
        email_verified: true,
        username: Some("newcomer".to_owned()),
        first_name: Some("Nëw".to_owned()),
        last_name: Some("Comer".to_owned()),
        locale: Some("fr".to_owned()),
        photo_url: Some("https://example.net/a.png".to_owned()),
        ..person("newcomer")
    }
}

async fn a_sign_up_makes_one_account(app: &App) {
    app.scripted("open").knows("newcomer", &newcomer());
    let first = tokens_of(app, &visit(app, "open", "newcomer").await).await;
    let account = me(app, &first).await;
    assert_eq!(account["username"], "new.comer@example.net", "a verified address is the name");
    assert_eq!(account["email"], "New.Comer@example.net");
    assert_eq!((&account["firstName"], &account["lastName"]), (&json!("Nëw"), &json!("Comer")));
    assert_eq!((&account["role"], &account["tenantId"]), (&json!("Member"), &json!(ACME)));
    assert_eq!(account["defaultTenantId"], ACME);
    assert_eq!(account["userPreferences"]["locale"], "fr");
    assert_eq!(account["photoUrl"], "https://example.net/a.png");
    let second = tokens_of(app, &visit(app, "open", "newcomer").await).await;
    assert_eq!(me(app, &second).await["id"], account["id"]);
    let _ = Tokens::of(&app.refresh(&second).await);
    // The account has no password, and no password signs it in.
    app.login(WEBAPP, "new.comer@example.net").await.assert_wrapped_error(401, "Invalid Credentials");
}

async fn of_many_first_sign_ins_one_makes_the_account(app: &App) {
    app.scripted("open").knows("newcomer", &newcomer());
    let replies = join_all((0..12).map(|_| visit(app, "open", "newcomer"))).await;
    let mut ids = Vec::new();
    for reply in &replies {
        let tokens = tokens_of(app, reply).await;
        ids.push(jwt::claims(&tokens.access)["sub"].to_string());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

async fn names_are_not_taken_from_their_owners(app: &App) {
    let open = app.scripted("open");
    let profiles = [
        // Nobody verified the address: its owner may still come.
        ("squatter", ExternalIdentity { email_verified: false, username: None, ..newcomer() }),
        ("at", ExternalIdentity { email: None, username: Some("ceo@example.net".to_owned()), ..newcomer() }),
        // Taken, in other letters.
        ("alice", ExternalIdentity { email: None, username: Some("ALICE".to_owned()), ..newcomer() }),
        ("bare", ExternalIdentity { email: None, username: None, ..newcomer() }),
    ];
    for (subject, profile) in profiles {
        open.knows(subject, &ExternalIdentity { subject: subject.to_owned(), ..profile });
        let account = me(app, &tokens_of(app, &visit(app, "open", subject).await).await).await;
        let username = account["username"].as_str().expect("a name");
        assert!(username.starts_with("open-") && username.len() == 21, "{subject}: {username}");
    }
    open.knows("newcomer", &newcomer());
    let account = me(app, &tokens_of(app, &visit(app, "open", "newcomer").await).await).await;
    assert_eq!(account["username"], "new.comer@example.net");
}

async fn odd_profiles_are_cut(app: &App) {
    let odd = ExternalIdentity {
        first_name: Some("a\u{0}b".to_owned()),
        last_name: Some("x".repeat(5000)),
        phone: Some("\r\n".to_owned()),
        locale: Some("x".repeat(36)),
        photo_url: Some("javascript:alert(1)".to_owned()),
        username: Some("two words".to_owned()),
        email: Some("a\u{0}@example.net".to_owned()),
        ..newcomer()
    };
    app.scripted("open").knows("odd", &odd);
    let account = me(app, &tokens_of(app, &visit(app, "open", "odd").await).await).await;
    for name in ["lastName", "phone", "photoUrl", "email"] {
        assert_eq!(account[name], Value::Null, "{name}: {account}");
    }
    assert_eq!(account["userPreferences"]["locale"], "en");
    assert_eq!(account["firstName"], account["username"]);
}

async fn a_sign_up_without_a_place_is_refused(app: &App) {
    for (provider, status) in [("homeless", 502), ("closed", 401)] {
        app.scripted(provider).knows("newcomer", &newcomer());
        let reply = visit(app, provider, "newcomer").await;
        assert_eq!(reply.status, status, "{}", reply.text);
        assert!(!reply.text.contains("nowhere"), "{}", reply.text);
    }
    // Nothing was made.
    app.scripted("open").knows("newcomer", &newcomer());
    let account = me(app, &tokens_of(app, &visit(app, "open", "newcomer").await).await).await;
    assert_eq!(account["username"], "new.comer@example.net");
}

async fn an_address_has_to_be_verified_on_both_sides(app: &App) {
    app.apply(&user("unproved", "password = \"Correct-Horse-7\"\nemail = \"unproved@example.com\"")).await;
    app.apply(&user(
        "proved",
        "password = \"Correct-Horse-7\"\nemail = \"Proved@Example.com\"\nemail_verified = true",
    ))
    .await;
    let linking = app.scripted("linking");
    let claims = |subject: &str, email: &str, email_verified: bool| ExternalIdentity {
        email: Some(email.to_owned()),
        email_verified,
        ..person(subject)
    };
    for (subject, identity) in [
        ("1", claims("1", "unproved@example.com", true)),
        ("2", claims("2", "proved@example.com", false)),
        ("3", claims("3", "proved+tag@example.com", true)),
        ("4", claims("4", "nobody@example.com", true)),
    ] {
        linking.knows(subject, &identity);
        visit(app, "linking", subject).await.assert_wrapped_error(401, "Invalid Credentials");
    }
    linking.knows("5", &claims("5", "PROVED@example.COM", true));
    let tokens = tokens_of(app, &visit(app, "linking", "5").await).await;
    assert_eq!(me(app, &tokens).await["username"], "proved");
    // From now on the link counts, whatever becomes of the address.
    linking.knows("5", &claims("5", "somebody.else@example.com", false));
    let tokens = tokens_of(app, &visit(app, "linking", "5").await).await;
    assert_eq!(me(app, &tokens).await["username"], "proved");
    // The same address at a provider that may not link by it is nobody's.
    app.scripted("google").knows("6", &claims("6", "proved@example.com", true));
    visit(app, "google", "6").await.assert_wrapped_error(401, "Invalid Credentials");
}

async fn of_two_unlinkings_at_once_one_leaves_a_way_in(app: &App) {
    for round in 0..6 {
        let name = format!("fed{round}");
        let _ = linked_user(app, "google", &name).await;
        let both = format!(
            "identities = [{{ provider = \"google\", subject = \"{name}\" }}, {{ provider = \"open\", subject = \"{name}\" }}, \
             {{ provider = \"gone\", subject = \"{name}\" }}]"
        );
        app.apply(&user(&name, &both)).await;
        let tokens = tokens_of(app, &visit(app, "google", &name).await).await;
        let identities = app.get_as(&tokens.access, "/auth/identities").await.ok();
        let id_at = |provider: &str| {
            let rows = identities.as_array().into_iter().flatten();
            let row = rows.clone().find(|row| row["provider"] == provider);
            row.and_then(|row| row["id"].as_str()).expect("it is linked").to_owned()
        };
        let delete = async |id: &str| {
            let path = format!("/auth/identities/{id}");
            app.send(app.request(Method::DELETE, &path).bearer_auth(&tokens.access)).await
        };
        // The one of a provider that is not configured is no way in.
        let (google, open) = (id_at("google"), id_at("open"));
        let (one, two) = futures_util::join!(delete(&google), delete(&open));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422], "{} {}", one.text, two.text);
        let left = if one.status == 200 { "open" } else { "google" };
        app.scripted(left).knows(&name, &person(&name));
        assert!(brought(&visit(app, left, &name).await, "code").is_some());
    }
}

async fn an_identity_without_subject_is_nobody(app: &App) {
    for provider in ["google", "open", "linking"] {
        app.scripted(provider).knows("empty", &person(""));
        visit(app, provider, "empty").await.assert_wrapped_error(401, "Invalid Credentials");
    }
}

//! A signed-in user links an account at a provider, and unlinks it.

use std::time::Duration;

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{DevIdp, Persona};
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::browser::{Browser, Stop, Visit, next_visit};
use doorward_tests::harness::federation::{parameter, played};
use doorward_tests::{App, Tokens};
use reqwest::Method;
use serde_json::{Value, json};

use super::{assert_no_token_call, browser, codes, come_as, introduce, links, user, usual};

federated![usual;
    a_linked_account_signs_in,
    every_kind_can_be_linked,
    an_account_of_somebody_else_is_not_taken_over,
    a_ticket_works_once_and_not_long,
    a_ticket_is_no_state,
    the_last_way_in_stays,
    links_of_others_cannot_be_seen_or_taken_away,
];

async fn ticket(app: &App, tokens: &Tokens, kind: ProviderKind) -> Visit {
    let path = format!("/auth/providers/{}/link", kind.as_str());
    let reply = app.post_as(&tokens.access, &path, &json!({})).await.ok();
    Visit::typed(reply["url"].as_str().expect("an address"))
}

/// From the ticket's page to wherever it ends.
async fn link(browser: &Browser<'_>, ticket: &Visit) -> Stop {
    browser.travel(ticket.clone(), |_| false).await.0
}

async fn identities(app: &App, tokens: &Tokens) -> Vec<Value> {
    let reply = app.get_as(&tokens.access, "/auth/identities").await.ok();
    reply.as_array().expect("a list").clone()
}

fn newcomer() -> Persona {
    Persona::new("newcomer", "dev-newcomer", "newcomer@example.net")
}

async fn a_linked_account_signs_in(app: &App, idp: &DevIdp) {
    come_as(idp, newcomer());
    let tokens = app.sign_in("bob").await;
    assert_eq!(identities(app, &tokens).await, Vec::<Value>::new());
    let browser = browser(app);
    let visit = ticket(app, &tokens, ProviderKind::Google).await;
    let page = browser.open(&visit).await;
    assert!(page.text.contains("bob"), "the page names the account: {}", page.text);
    assert_no_token_call(idp);
    let away = link(&browser, &visit).await.away();
    assert_eq!(
        (parameter(&away, "linked").as_deref(), parameter(&away, "code")),
        (Some("true"), None),
        "{away}"
    );
    let linked = identities(app, &tokens).await;
    assert_eq!((&linked[0]["provider"], &linked[0]["subject"]), (&json!("google"), &json!("dev-newcomer")));
    let code = browser.sign_in(ProviderKind::Google).await.code();
    let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
    assert_eq!(app.me(&tokens.access).await.ok()["username"], "bob");
    // And is unlinked again.
    let id = linked[0]["id"].as_str().expect("an id").to_owned();
    let delete = |id: String| {
        app.request(Method::DELETE, &format!("/auth/identities/{id}")).bearer_auth(&tokens.access)
    };
    assert!((200..300).contains(&app.send(delete(id.clone())).await.status));
    assert_eq!(app.send(delete(id)).await.status, 404);
    browser.sign_in(ProviderKind::Google).await.assert_refused();
}

async fn every_kind_can_be_linked(app: &App, idp: &DevIdp) {
    come_as(idp, newcomer());
    let tokens = app.sign_in("bob").await;
    for (number, kind) in played().into_iter().enumerate() {
        let browser = browser(app);
        let _ = link(&browser, &ticket(app, &tokens, kind).await).await.away();
        assert_eq!(identities(app, &tokens).await.len(), number + 1, "{kind:?}");
        // Once more changes nothing.
        let _ = link(&browser, &ticket(app, &tokens, kind).await).await.away();
        assert_eq!(identities(app, &tokens).await.len(), number + 1, "{kind:?}");
        let _ = browser.sign_in(kind).await.code();
    }
}

async fn an_account_of_somebody_else_is_not_taken_over(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let tokens = app.sign_in("bob").await;
    let before = links(app).await;
    let away = link(&browser(app), &ticket(app, &tokens, ProviderKind::Google).await).await.away();
    assert!(parameter(&away, "error").is_some() && parameter(&away, "linked").is_none(), "{away}");
    assert_eq!((links(app).await, codes(app).await), (before, 1));
    let code = browser(app).sign_in(ProviderKind::Google).await.code();
    let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
    assert_eq!(app.me(&tokens.access).await.ok()["username"], "fed");
}

async fn a_ticket_works_once_and_not_long(app: &App, idp: &DevIdp) {
    come_as(idp, newcomer());
    let tokens = app.sign_in("bob").await;
    let used = ticket(app, &tokens, ProviderKind::Google).await;
    let browser = browser(app);
    let page = browser.open(&used).await;
    let form = next_visit(&used, &page).expect("a form");
    assert_eq!(browser.open(&form).await.status, 302);
    browser.open(&form).await.assert_wrapped_error(401, "Invalid Credentials");
    browser.open(&used).await.assert_wrapped_error(401, "Invalid Credentials");
    let old = ticket(app, &tokens, ProviderKind::Google).await;
    app.advance(Duration::from_mins(11));
    browser.open(&old).await.assert_wrapped_error(401, "Invalid Credentials");
}

async fn a_ticket_is_no_state(app: &App, idp: &DevIdp) {
    come_as(idp, newcomer());
    let tokens = app.sign_in("bob").await;
    let browser = browser(app);
    let callback = browser.callback(ProviderKind::Google).await;
    let value = ticket(app, &tokens, ProviderKind::Google).await.parameter("ticket").expect("there is one");
    browser.arrive(callback.clone().with("state", Some(&value))).await.assert_refused();
    let state = callback.parameter("state").expect("there is one");
    let visit = ticket(app, &tokens, ProviderKind::Google).await.with("ticket", Some(&state));
    browser.open(&visit).await.assert_wrapped_error(401, "Invalid Credentials");
    assert_no_token_call(idp);
    assert_eq!(links(app).await, 1, "only that of the world");
}

async fn the_last_way_in_stays(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    app.apply(&user("only", "identities = [{ provider = \"oidc\", subject = \"dev-only\" }]")).await;
    come_as(idp, Persona::new("only", "dev-only", "only@example.net"));
    let code = browser(app).sign_in(ProviderKind::Oidc).await.code();
    let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
    let id = identities(app, &tokens).await[0]["id"].as_str().expect("an id").to_owned();
    let delete = app.request(Method::DELETE, &format!("/auth/identities/{id}")).bearer_auth(&tokens.access);
    assert_eq!(app.send(delete).await.status, 422);
    assert_eq!(identities(app, &tokens).await.len(), 1);
}

async fn links_of_others_cannot_be_seen_or_taken_away(app: &App, idp: &DevIdp) {
    introduce(app, idp).await;
    let code = browser(app).sign_in(ProviderKind::Oidc).await.code();
    let fed = Tokens::of(&app.redeem(WEBAPP, &code).await);
    let all_links = identities(app, &fed).await;
    assert_eq!(all_links.len(), played().len());
    let other = app.sign_in("bob").await;
    assert!(identities(app, &other).await.is_empty());
    for identity in &all_links {
        let path = format!("/auth/identities/{}", identity["id"].as_str().expect("an id"));
        let reply = app.send(app.request(Method::DELETE, &path).bearer_auth(&other.access)).await;
        assert_eq!(reply.status, 404, "{}", reply.text);
    }
    assert_eq!(identities(app, &fed).await.len(), all_links.len());
    assert_eq!(app.get("/auth/identities").await.status, 401);
    assert_eq!(app.post("/auth/providers/google/link", &json!({})).await.status, 401);
}

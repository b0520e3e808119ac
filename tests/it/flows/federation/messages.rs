//! Messages that count once, and those that nobody asked for (S6, S8, S13).

use std::time::Duration;

use doorward_tests::{App, on_both};
use futures_util::future::join_all;
use reqwest::Method;
use reqwest::header::COOKIE;

use super::{Away, brought, come_back, leave, linked_user, marked, scripted, tokens_of, visit};

on_both![scripted;
    of_50_callbacks_at_once_one_gets_a_code,
    of_50_attempts_with_one_message_one_gets_a_code,
    a_message_counts_once_for_ever,
    a_foreign_browser_uses_nothing_up,
    unsolicited_messages_need_a_setting,
    saml_answers_come_by_post_only,
    a_form_from_elsewhere_comes_again_with_its_cookie,
    metadata_is_for_those_who_have_some,
];

async fn of_50_callbacks_at_once_one_gets_a_code(app: &App) {
    let _ = linked_user(app, "google", "fed").await;
    let away = leave(app, "google").await;
    let arrivals = app.scripted("google").seen().arrivals;
    let replies = join_all((0..50).map(|_| come_back(app, "google", &away, "fed"))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 302);
    assert_eq!(won.len(), 1);
    assert!(brought(&won[0], "code").is_some());
    for reply in lost {
        reply.assert_wrapped_error(401, "Invalid Credentials");
    }
    assert_eq!(app.scripted("google").seen().arrivals, arrivals + 1, "the others cost the provider nothing");
}

async fn of_50_attempts_with_one_message_one_gets_a_code(app: &App) {
    let _ = linked_user(app, "google", "fed").await;
    app.scripted("google").knows("message", &marked("fed", "m-1"));
    let away = join_all((0..50).map(|_| leave(app, "google"))).await;
    let replies = join_all(away.iter().map(|away| come_back(app, "google", away, "message"))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 302);
    assert_eq!(won.len(), 1);
    for reply in lost {
        reply.assert_wrapped_error(401, "Invalid Credentials");
    }
    let _ = tokens_of(app, &won[0]).await;
}

async fn a_message_counts_once_for_ever(app: &App) {
    let _ = linked_user(app, "google", "fed").await;
    let _ = linked_user(app, "saml", "sam").await;
    for provider in ["google", "saml"] {
        let subject = if provider == "google" { "fed" } else { "sam" };
        app.scripted(provider).knows("message", &marked(subject, "m-1"));
        assert_eq!(
            visit(app, provider, "message").await.status,
            302,
            "another provider's message is another"
        );
        visit(app, provider, "message").await.assert_wrapped_error(401, "Invalid Credentials");
    }
    app.restart().await;
    visit(app, "google", "message").await.assert_wrapped_error(401, "Invalid Credentials");
    app.core().await.purge().await.expect("it can be tidied up");
    visit(app, "google", "message").await.assert_wrapped_error(401, "Invalid Credentials");
    // The provider's adapter refuses it for its age from now on; here the memory of it may go.
    app.advance(Duration::from_secs(301));
    app.core().await.purge().await.expect("it can be tidied up");
    assert_eq!(visit(app, "google", "message").await.status, 302);
}

async fn a_foreign_browser_uses_nothing_up(app: &App) {
    let _ = linked_user(app, "google", "fed").await;
    let (victim, attacker) = (leave(app, "google").await, leave(app, "google").await);
    let arrivals = app.scripted("google").seen().arrivals;
    let mixed = Away { cookie: attacker.cookie.clone(), state: victim.state.clone() };
    come_back(app, "google", &mixed, "fed").await.assert_wrapped_error(401, "Invalid Credentials");
    let bare = Away { cookie: "other=1".to_owned(), state: victim.state.clone() };
    come_back(app, "google", &bare, "fed").await.assert_wrapped_error(401, "Invalid Credentials");
    let elsewhere = come_back(app, "open", &victim, "fed").await;
    elsewhere.assert_wrapped_error(401, "Invalid Credentials");
    assert_eq!(app.scripted("google").seen().arrivals, arrivals);
    assert_eq!(come_back(app, "google", &victim, "fed").await.status, 302);
}

async fn unsolicited_messages_need_a_setting(app: &App) {
    let _ = linked_user(app, "saml", "sam").await;
    let _ = linked_user(app, "portal", "porter").await;
    let bring = async |path: &str, code: &str| {
        app.send(app.request(Method::POST, path).form(&[("code", code)])).await
    };
    let arrivals = app.scripted("saml").seen().arrivals;
    bring("/auth/saml-redirect", "sam").await.assert_wrapped_error(401, "Invalid Credentials");
    assert_eq!(app.scripted("saml").seen().arrivals, arrivals);
    let portal = "/auth/providers/portal/callback";
    bring(portal, "porter").await.assert_wrapped_error(401, "Invalid Credentials");
    app.scripted("portal").knows("porter", &marked("porter", "m-1"));
    let tokens = tokens_of(app, &bring(portal, "porter").await).await;
    bring(portal, "porter").await.assert_wrapped_error(401, "Invalid Credentials");
    assert_eq!(app.me(&tokens.access).await.ok()["username"], "porter");
    assert_eq!(
        app.scripted("portal").seen().memos.last(),
        Some(&None),
        "the adapter knows that nobody asked"
    );
    // A RelayState of its own is no way around the check.
    let fields = [("code", "porter"), ("RelayState", "https://evil.test")];
    let reply = app.send(app.request(Method::POST, portal).form(&fields)).await;
    reply.assert_wrapped_error(401, "Invalid Credentials");
}

async fn saml_answers_come_by_post_only(app: &App) {
    let away = leave(app, "portal").await;
    let query = [("RelayState", away.state.as_str()), ("code", "porter")];
    let request = app.request(Method::GET, "/auth/providers/portal/callback").query(&query);
    let reply = app.send(request.header(COOKIE, &away.cookie)).await;
    reply.assert_error(404, "API not found !");
    assert_eq!(app.scripted("portal").seen().arrivals, 0);
}

async fn a_form_from_elsewhere_comes_again_with_its_cookie(app: &App) {
    let _ = linked_user(app, "saml", "sam").await;
    let away = leave(app, "saml").await;
    let hostile = "\"><script>alert(1)</script>";
    let fields = [("RelayState", away.state.as_str()), ("code", "sam"), ("extra", hostile)];
    let post = |fields: &[(&str, &str)]| app.request(Method::POST, "/auth/saml-redirect").form(fields);
    let page = app.send(post(&fields).header("sec-fetch-site", "cross-site")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'sha256-"));
    assert!(!page.text.contains("<script>alert"), "{}", page.text);
    assert!(page.text.contains("action=\"/auth/saml-redirect\"") && page.text.contains(&away.state));
    let again = [fields.as_slice(), &[("doorward_sent_again", "1")]].concat();
    let reply =
        app.send(post(&again).header("sec-fetch-site", "same-origin").header(COOKIE, &away.cookie)).await;
    let _ = tokens_of(app, &reply).await;
    // Once: a browser without cookies is refused rather than sent round and round.
    let reply = app.send(post(&again).header("sec-fetch-site", "cross-site")).await;
    reply.assert_wrapped_error(401, "Invalid Credentials");
    // And only browsers that say where they come from are helped.
    app.send(post(&fields)).await.assert_wrapped_error(401, "Invalid Credentials");
}

async fn metadata_is_for_those_who_have_some(app: &App) {
    let reply = app.get("/auth/saml/metadata").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/samlmetadata+xml"));
    assert!(reply.text.contains("/auth/saml-redirect\""), "{}", reply.text);
    let reply = app.get("/auth/providers/portal/metadata").await;
    assert!(reply.text.contains("/auth/providers/portal/callback\""), "{}", reply.text);
    for path in ["/auth/providers/google/metadata", "/auth/providers/nobody/metadata"] {
        app.get(path).await.assert_error(404, "API not found !");
    }
}

//! Signature algorithms, published keys and their rotation (design §5, security.md J8).

use std::time::Duration;

use doorward_core::domain::key::Algorithm as Ours;
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::app::block_on;
use doorward_tests::{App, Binary, Database, Home, Tokens, jwt, on_both};
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::JwkSet;
use serde_json::{Value, json};

on_both![
    es256_is_the_default,
    a_client_may_have_eddsa_or_rs256,
    a_client_may_share_an_hs256_key,
    published_keys_are_public,
    rotation_fails_no_verification,
    a_rotation_under_way_is_not_repeated,
    tokens_of_a_retired_key_still_accompany_a_refresh,
];

async fn es256_is_the_default(app: &App) {
    let tokens = app.sign_in("alice").await;
    let keys = jwt::jwks(app).await;
    assert!(jwt::is_valid(&tokens.access, &keys, Algorithm::ES256));
    for other in [Algorithm::EdDSA, Algorithm::RS256, Algorithm::ES384] {
        assert!(!jwt::is_valid(&tokens.access, &keys, other));
    }
}

async fn a_client_may_have_eddsa_or_rs256(app: &App) {
    for (client, name, algorithm) in
        [("eddsa", "EdDSA", Algorithm::EdDSA), ("rs256", "RS256", Algorithm::RS256)]
    {
        let tokens = app.sign_in_through(client, "alice").await;
        assert_eq!(jwt::parts(&tokens.access).0["alg"], name);
        assert!(jwt::is_valid(&tokens.access, &jwt::jwks(app).await, algorithm));
        assert!(app.accepts(&tokens.access).await);
        let refreshed = Tokens::of(&app.refresh(&tokens).await);
        assert!(jwt::is_valid(&refreshed.access, &jwt::jwks(app).await, algorithm));
    }
}

async fn a_client_may_share_an_hs256_key(app: &App) {
    let tokens = app.sign_in_through("hs256", "alice").await;
    let (header, _) = jwt::parts(&tokens.access);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("at+jwt")));
    assert!(jwt::is_valid_hs256(&tokens.access));
    assert!(app.accepts(&tokens.access).await);
    let published = app.get("/.well-known/jwks.json").await.ok();
    assert!(!published.to_string().contains("HS256") && !published.to_string().contains("\"oct\""));
    assert!(app.accepts(&Tokens::of(&app.refresh(&tokens).await).access).await);
    let _ = app.log_out(&app.sign_in_through("hs256", "alice").await).await.ok();
}

async fn published_keys_are_public(app: &App) {
    for client in [WEBAPP, "eddsa", "rs256", "hs256"] {
        let _ = app.sign_in_through(client, "alice").await;
    }
    let reply = app.get("/.well-known/jwks.json").await;
    assert!(reply.header("cache-control").contains("max-age="), "{:?}", reply.headers);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    let keys = reply.ok()["keys"].as_array().cloned().unwrap_or_default();
    assert!(keys.len() >= 3);
    let mut kids = Vec::new();
    for key in &keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert_eq!(key[private], Value::Null, "{private} of {key}");
        }
        assert_eq!(key["use"], "sig");
        assert!(["ES256", "EdDSA", "RS256"].contains(&key["alg"].as_str().unwrap_or_default()));
        kids.push(key["kid"].as_str().unwrap_or_default().to_owned());
    }
    kids.sort_unstable();
    kids.dedup();
    assert_eq!(kids.len(), keys.len());
}

fn kid(token: &str) -> String {
    jwt::parts(token).0["kid"].as_str().unwrap_or_default().to_owned()
}

async fn kids(app: &App) -> Vec<String> {
    jwt::jwks(app).await.keys.into_iter().filter_map(|key| key.common.key_id).collect()
}

async fn rotation_fails_no_verification(app: &App) {
    let old = app.sign_in("alice").await;
    let cached = jwt::jwks(app).await;
    let rotation = app.other_process().await.keys.rotate(Ours::ES256).await.expect("it rotates");
    app.core().await.ports().signer.reload().await.expect("the keys are read again");

    // A resource server that fetched the keys just before the rotation still knows the signer of every token.
    let during = app.sign_in("alice").await;
    let published = kids(app).await;
    assert!(published.contains(&kid(&old.access)) && published.contains(&rotation.current));
    assert!(rotation.next.as_ref().is_some_and(|next| published.contains(next)), "{published:?}");
    assert!(jwt::is_valid(&during.access, &cached, Algorithm::ES256));
    assert!(app.accepts(&old.access).await);

    app.advance(Duration::from_secs(5 * 60 + 1));
    app.core().await.ports().signer.reload().await.expect("the keys are read again");
    let after = app.sign_in("alice").await;
    assert_eq!(kid(&after.access), rotation.current);
    assert_ne!(kid(&after.access), kid(&old.access));
    let now = jwt::jwks(app).await;
    for tokens in [&old, &during, &after] {
        assert!(jwt::is_valid(&tokens.access, &now, Algorithm::ES256));
        assert!(app.accepts(&tokens.access).await);
    }
    app.restart().await;
    assert!(app.accepts(&old.access).await && app.accepts(&after.access).await);
}

async fn a_rotation_under_way_is_not_repeated(app: &App) {
    let keys = app.other_process().await.keys;
    let first = keys.rotate(Ours::ES256).await.expect("it rotates");
    let again = keys.rotate(Ours::ES256).await.expect("it answers");
    assert!(first.is_changed && !again.is_changed);
    assert_eq!((&first.current, first.signs_from), (&again.current, again.signs_from));
    app.advance(Duration::from_secs(5 * 60 + 1));
    let next = keys.rotate(Ours::ES256).await.expect("it rotates");
    assert!(next.is_changed);
    assert_eq!(Some(next.current), first.next);
}

async fn tokens_of_a_retired_key_still_accompany_a_refresh(app: &App) {
    let mut idle = app.sign_in("alice").await;
    let old_kid = kid(&idle.access);
    let keys = app.other_process().await.keys;
    for _ in 0..2 {
        keys.rotate(Ours::ES256).await.expect("it rotates");
        app.advance(Duration::from_hours(11));
        app.core().await.ports().signer.reload().await.expect("the keys are read again");
    }
    idle = Tokens::of(&app.refresh(&idle).await);
    assert_ne!(kid(&idle.access), old_kid);
    assert!(app.accepts(&idle.access).await);
}

/// A resource server keeps the keys for at most the second that `tokens.jwks_cache` allows; whatever it is shown while an
/// operator rotates, it can verify.
fn rotating_while_serving_fails_no_verification(database: Database) {
    let Some(home) = Home::furnished(database) else { return };
    let home = home.set("tokens.jwks_cache", "1s");
    block_on(async {
        let server = home.serve().await;
        let (first, _) = server.sign_in(WEBAPP, "alice").await;
        let mut cached = published(&server).await;
        let mut rounds_with_new_key = 0;
        for round in 0.. {
            assert!(round < 400, "the new key does not sign: {}", server.log());
            if round == 10 {
                assert!(home.run(&["keys", "rotate"]).ok().contains("ES256 key "));
            }
            if round % 10 == 0 {
                cached = published(&server).await;
            }
            let (access, _) = server.sign_in(WEBAPP, "alice").await;
            assert!(jwt::is_valid(&access, &cached, Algorithm::ES256), "round {round}");
            assert!(server.accepts(&access).await && server.accepts(&first).await);
            rounds_with_new_key += u32::from(kid(&access) != kid(&first));
            if rounds_with_new_key > 20 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    });
}

async fn published(server: &Binary) -> JwkSet {
    let (_, keys) = server.get("/.well-known/jwks.json", None).await;
    serde_json::from_value(keys).expect("it is a JWK set")
}

mod rotating_while_serving_fails_no_verification {
    use doorward_tests::Database;

    #[test]
    fn sqlite() {
        super::rotating_while_serving_fails_no_verification(Database::Sqlite);
    }

    #[test]
    fn postgres() {
        super::rotating_while_serving_fails_no_verification(Database::Postgres);
    }
}

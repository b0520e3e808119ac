//! Each kind of token opens its own door only (RFC 8725 §3.11, §3.12; J1–J6, X1, R5).

use doorward_tests::harness::relying_party::{
    CAROL, Granted, ROBOT, SHOP, SHOP_CALLBACK, VERIFIER, with_query,
};
use doorward_tests::{App, jwt, on_both};
use serde_json::json;

on_both![only_the_diagonal_is_accepted, forged_tokens_are_refused_everywhere];

async fn only_the_diagonal_is_accepted(app: &App) {
    app.introduce_relying_parties().await;
    let native = app.sign_in_through(SHOP, CAROL).await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let robot = Granted::of(&app.token(ROBOT, &[("grant_type", "client_credentials")]).await);
    let ours = app.authorize(SHOP, CAROL, &[]).await.code();
    let natives = app.code(SHOP, CAROL).await;
    let kinds = [
        ("native access", native.access.clone()),
        ("access", granted.access().to_owned()),
        ("robot access", robot.access().to_owned()),
        ("id token", granted.text("id_token").to_owned()),
        ("native refresh", native.refresh.clone()),
        ("refresh", granted.refresh().to_owned()),
        ("code", ours),
        ("native code", natives),
    ];
    for (kind, token) in &kinds {
        assert_eq!(app.accepts(token).await, *kind == "native access", "{kind} at /auth/me");
        assert_eq!(app.userinfo(token).await.status == 200, *kind == "access", "{kind} at userinfo");
        let info = app.post_form(SHOP, "/oauth2/idtokeninfo", &[("id_token", token)]).await;
        assert_eq!(info.status == 200, *kind == "id token", "{kind} at idtokeninfo");
        let info = app.get(&with_query("/oauth2/tokeninfo", &[("access_token", token)])).await;
        let is_access = ["native access", "access", "robot access"].contains(kind);
        assert_eq!(info.status == 200, is_access, "{kind} at tokeninfo");
        if *kind != "refresh" {
            let reply = app.refresh_grant(SHOP, token, &[]).await;
            reply.assert_oauth_error(400, "invalid_grant");
        }
        if *kind != "code" {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", token.as_str()),
                ("redirect_uri", SHOP_CALLBACK),
                ("code_verifier", VERIFIER),
            ];
            app.token(SHOP, &form).await.assert_oauth_error(400, "invalid_grant");
        }
    }
}

async fn forged_tokens_are_refused_everywhere(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let keys = app.get("/.well-known/jwks.json").await.ok();
    let mut forged: Vec<String> =
        ["none", "None", "nOnE"].iter().map(|alg| jwt::unsigned(granted.access(), alg)).collect();
    let claims = granted.access_claims();
    for key in keys["keys"].as_array().expect("keys") {
        for form in jwt::spki_forms(key) {
            let header = json!({"typ": "at+jwt", "alg": "HS256", "kid": key["kid"]});
            forged.push(jwt::forge(&header, &claims.to_string(), &form));
        }
    }
    for kid in ["../../../dev/null", "' OR 1=1--", "x\n", &"k".repeat(10_000)] {
        forged.push(jwt::with_header(granted.access(), |header| header["kid"] = json!(kid)));
    }
    for (name, value) in [
        ("jku", json!("http://127.0.0.1:9/jwks")),
        ("jwk", keys["keys"][0].clone()),
        ("crit", json!(["b64"])),
        ("zip", json!("NONE")),
    ] {
        forged.push(jwt::with_header(granted.access(), |header| header[name] = value));
    }
    for token in &forged {
        assert_eq!(app.userinfo(token).await.status, 401);
        assert_eq!(app.introspect(SHOP, token).await, json!({"active": false}));
        assert_eq!(app.get(&with_query("/oauth2/tokeninfo", &[("access_token", token)])).await.status, 401);
        let reply = app.post_form(SHOP, "/oauth2/revoke", &[("token", token)]).await;
        assert!([200, 400].contains(&reply.status), "{}", reply.text);
    }
    assert_eq!(app.userinfo(granted.access()).await.status, 200);
}

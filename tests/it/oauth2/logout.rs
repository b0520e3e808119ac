//! Signing out (OpenID Connect RP-Initiated Logout, Back-Channel Logout, Session Management; ES1).

use doorward_tests::bootstrap::PASSWORD;
use doorward_tests::harness::app::ISSUER;
use doorward_tests::harness::relying_party::{
    CAROL, DAVE, DESK, Granted, SHOP, SHOP_GOODBYE, authorize_url, with_query,
};
use doorward_tests::{App, jwt, on_both};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

on_both![
    rp_initiated_2_ends_the_session_and_leads_back,
    single_sign_out_ends_every_clients_session,
    rp_initiated_3_only_registered_addresses_are_led_to,
    without_a_hint_somebody_has_to_confirm,
    a_hint_of_another_user_ends_nothing_here_unasked,
    the_collections_form_without_an_address_is_204,
    back_channel_2_5_clients_are_told,
    session_management_3_3_the_iframe,
    rfc9110_9_2_1_a_head_signs_nobody_out_and_issues_nothing,
];

fn end_session(pairs: &[(&str, &str)]) -> String {
    with_query("/oauth2/connect/endSession", pairs)
}

async fn rp_initiated_2_ends_the_session_and_leads_back(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let departure = visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    let url = end_session(&[
        ("id_token_hint", granted.text("id_token")),
        ("post_logout_redirect_uri", SHOP_GOODBYE),
        ("state", "s&x\r\n"),
    ]);
    let landing = visitor.get(&url).await.away();
    assert!(landing.url.as_str().starts_with(SHOP_GOODBYE), "{}", landing.url);
    assert_eq!(landing.parameter("state").as_deref(), Some("s&x\r\n"));
    assert_eq!(app.userinfo(granted.access()).await.status, 401);
    app.refresh_grant(SHOP, granted.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
    visitor.get(&authorize_url(SHOP, &[])).await.here().assert_shows(200, &["password"]);
    assert!(visitor.cookie("doorward_session").is_none(), "the browser forgets");
}

async fn single_sign_out_ends_every_clients_session(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let shop = visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let shop = Granted::of(&app.redeem_code(SHOP, &shop).await);
    let desk = visitor.get(&authorize_url(DESK, &[])).await.away();
    let desk = Granted::of(&app.redeem_code(DESK, &desk).await);
    let elsewhere = app.grant(SHOP, CAROL, &[]).await;
    let hint = [("id_token_hint", desk.text("id_token"))];
    visitor.get(&end_session(&hint)).await.here().assert_shows(200, &[]);
    for granted in [&shop, &desk] {
        assert_eq!(app.userinfo(granted.access()).await.status, 401);
    }
    assert_eq!(app.userinfo(elsewhere.access()).await.status, 200, "another browser's stays");
}

async fn rp_initiated_3_only_registered_addresses_are_led_to(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    for uri in [
        "https://evil.test",
        "https://shop.test/goodbye/",
        "//evil",
        "javascript:alert(1)",
        "https://desk.test/goodbye",
    ] {
        let url =
            end_session(&[("id_token_hint", granted.text("id_token")), ("post_logout_redirect_uri", uri)]);
        let reply = app.send(app.request(Method::GET, &url)).await;
        assert_eq!((reply.status, reply.header("location")), (400, ""), "{uri}: {}", reply.text);
    }
    let no_hint = end_session(&[("post_logout_redirect_uri", SHOP_GOODBYE)]);
    assert_eq!(app.get(&no_hint).await.header("location"), "", "nobody says whose address it is");
    assert_eq!(app.userinfo(granted.access()).await.status, 200, "nothing ended");
}

async fn without_a_hint_somebody_has_to_confirm(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let departure = visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    let page = visitor.get(&end_session(&[])).await.here();
    page.assert_shows(200, &["submit"]);
    assert_eq!(app.userinfo(granted.access()).await.status, 200, "an <img> cannot sign anybody out");
    let done = visitor.submit(&page, &[]).await.here();
    assert_eq!(done.reply.status, 200);
    assert_eq!(app.userinfo(granted.access()).await.status, 401);
}

async fn a_hint_of_another_user_ends_nothing_here_unasked(app: &App) {
    app.introduce_relying_parties().await;
    let dave = app.grant(SHOP, DAVE, &[]).await;
    let visitor = app.visitor();
    let departure = visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let carol = Granted::of(&app.redeem_code(SHOP, &departure).await);
    let _ = visitor.get(&end_session(&[("id_token_hint", dave.text("id_token"))])).await;
    assert_eq!(app.userinfo(carol.access()).await.status, 200);
    for hint in ["x.y.z", carol.access()] {
        let reply = app
            .get(&end_session(&[("id_token_hint", hint), ("post_logout_redirect_uri", SHOP_GOODBYE)]))
            .await;
        assert!(reply.status < 500 && reply.header("location").is_empty(), "{}", reply.text);
    }
}

async fn the_collections_form_without_an_address_is_204(app: &App) {
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    let reply = app.get(&end_session(&[("id_token_hint", granted.text("id_token"))])).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    assert_eq!(app.userinfo(granted.access()).await.status, 401);
    // Of a sign-in with a password there is no browser session, and still it leads back.
    let form = [("grant_type", "password"), ("username", CAROL), ("password", PASSWORD), ("scope", "openid")];
    let granted = Granted::of(&app.token(SHOP, &form).await);
    let url = end_session(&[
        ("id_token_hint", granted.text("id_token")),
        ("post_logout_redirect_uri", SHOP_GOODBYE),
    ]);
    let reply = app.get(&url).await;
    assert_eq!((reply.status, reply.header("location")), (302, SHOP_GOODBYE));
}

/// Takes one request and answers it with 200; its body.
async fn take_one(listener: TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut received = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.expect("the request arrives");
        received.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if read == 0 || length.is_some_and(|length| body.len() >= length.parse().expect("a number")) {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .await
                .expect("sent");
            return body.to_owned();
        }
    }
}

async fn back_channel_2_5_clients_are_told(app: &App) {
    app.introduce_relying_parties().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let uri = format!("http://{}/logout", listener.local_addr().expect("an address"));
    app.apply(&format!("[[clients]]\nclient_id = \"desk\"\nbackchannel_logout_uri = \"{uri}\"")).await;
    let visitor = app.visitor();
    let shop = visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let shop = Granted::of(&app.redeem_code(SHOP, &shop).await);
    let desk = visitor.get(&authorize_url(DESK, &[])).await.away();
    let desk = Granted::of(&app.redeem_code(DESK, &desk).await);
    let hint = end_session(&[("id_token_hint", shop.text("id_token"))]);
    let (_, body) = tokio::join!(visitor.get(&hint), take_one(listener));
    let token = body.strip_prefix("logout_token=").expect("one field");
    let (header, claims) = jwt::parts(token);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("logout+jwt"), &json!("RS256")));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!(DESK)));
    assert_eq!(claims["sub"], desk.id_claims()["sub"]);
    assert_eq!(claims["sid"], desk.id_claims()["sid"]);
    assert_eq!(claims["events"], json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
    assert!(claims["nonce"].is_null() && claims["jti"].is_string() && claims["exp"].is_i64());
}

async fn session_management_3_3_the_iframe(app: &App) {
    app.introduce_relying_parties().await;
    let metadata = app.get("/.well-known/openid-configuration").await.ok();
    let url = metadata["check_session_iframe"].as_str().expect("it is advertised");
    let path = reqwest::Url::parse(url).expect("an address").path().to_owned();
    let reply = app.get(&path).await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").starts_with("text/html"));
    assert_eq!(reply.header("x-frame-options"), "", "it lives in other sites' frames");
    assert!(!reply.header("content-security-policy").contains("frame-ancestors 'none'"));
    let hostile = with_query(&path, &[("id_token", "</script><script>alert(1)</script>")]);
    assert!(!app.get(&hostile).await.text.contains("alert(1)"));
    let visitor = app.visitor();
    let departure = visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    assert!(departure.parameter("session_state").is_some_and(|state| state.contains('.')));
    let state = visitor.cookie("doorward_browser_state").expect("a cookie that the frame reads");
    assert!(state.attribute("httponly").is_none());
}

async fn rfc9110_9_2_1_a_head_signs_nobody_out_and_issues_nothing(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    let departure = visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let granted = Granted::of(&app.redeem_code(SHOP, &departure).await);
    let cookie = visitor.cookie("doorward_session").expect("a session");
    let cookie = format!("doorward_session={}", cookie.value);
    let codes = "SELECT COUNT(*) FROM grants";
    let before = app.place.figure(codes).await;
    for path in [end_session(&[("id_token_hint", granted.text("id_token"))]), authorize_url(SHOP, &[])] {
        let reply = app.send(app.request(Method::HEAD, &path).header("cookie", &cookie)).await;
        assert_eq!((reply.status, reply.header("allow")), (405, "GET, POST"), "{path}");
        assert_eq!(reply.header("set-cookie"), "", "{path}");
    }
    assert_eq!(app.userinfo(granted.access()).await.status, 200);
    assert_eq!(app.place.figure(codes).await, before);
    assert_eq!(visitor.get(&authorize_url(SHOP, &[])).await.away().error(), None, "still signed in");
}

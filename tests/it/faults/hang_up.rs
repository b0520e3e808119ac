//! The client hangs up: what it asked for is done or not begun, never half (D4, TK11).

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::{App, Tokens, on_both};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

on_both![
    a_refresh_whose_reply_is_lost_can_be_retried,
    a_logout_is_carried_out_for_a_client_that_is_gone,
    hung_up_redemptions_leave_no_half_session,
];

/// Sends a whole request and closes the socket without reading.
async fn send_and_hang_up(app: &App, path: &str, access: &str, body: &Value) {
    let mut socket = TcpStream::connect(app.address()).await.expect("the server listens");
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {access}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.expect("the request is sent");
    drop(socket);
}

async fn a_refresh_whose_reply_is_lost_can_be_retried(app: &App) {
    for _ in 0..10 {
        let tokens = app.sign_in("alice").await;
        let body = json!({ "refreshToken": tokens.refresh });
        send_and_hang_up(app, "/auth/token-refresh", &tokens.access, &body).await;
        let retried = Tokens::of(&app.refresh(&tokens).await);
        assert!(app.accepts(&retried.access).await);
        let _ = Tokens::of(&app.refresh(&retried).await);
    }
}

async fn a_logout_is_carried_out_for_a_client_that_is_gone(app: &App) {
    let tokens = app.sign_in("alice").await;
    send_and_hang_up(app, "/logout", &tokens.access, &json!({ "refreshToken": tokens.refresh })).await;
    app.eventually("the session ends", async || (!app.accepts(&tokens.access).await).then_some(())).await;
}

async fn hung_up_redemptions_leave_no_half_session(app: &App) {
    for _ in 0..10 {
        let code = app.code(WEBAPP, "alice").await;
        send_and_hang_up(app, "/auth/token", "-", &json!({ "code": code, "clientId": WEBAPP })).await;
        let reply = app.redeem(WEBAPP, &code).await;
        assert!(reply.status == 200 || reply.status == 401, "{}", reply.text);
    }
}

//! The database goes away (D2, I7): 503 with `Retry-After`, never a 200 that nobody can vouch for.

use std::time::Duration;

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::app::{Options, eventually};
use doorward_tests::{App, Database, run_with};
use serde_json::json;

#[test]
fn without_its_database_the_server_trusts_nothing() {
    let options = Options::default().set("revocation.max_staleness", "2s").set("revocation.poll", "200ms");
    run_with(Database::Postgres, options, lose_the_database);
}

async fn lose_the_database(app: &App) {
    let tokens = app.sign_in("alice").await;
    app.place.remove().await;
    for reply in [app.login(WEBAPP, "alice").await, app.refresh(&tokens).await, app.redeem(WEBAPP, "x").await]
    {
        assert_eq!(reply.status, 503, "{}", reply.text);
        assert_eq!(reply.json(), json!({ "error": { "statusCode": 503, "message": "Service Unavailable" } }));
        assert!(!reply.header("retry-after").is_empty());
    }
    eventually("what was revoked is no longer known", Duration::from_secs(5), async || {
        (app.me(&tokens.access).await.status == 503).then_some(())
    })
    .await;
    assert_eq!(app.get("/health/ready").await.status, 503);
    assert_eq!(app.get("/health/live").await.status, 200);
    assert_eq!(app.get("/.well-known/jwks.json").await.status, 200);
}

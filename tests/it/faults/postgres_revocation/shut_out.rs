//! Whatever shuts somebody out on one node, or by `doorward apply`, ends sessions and kills tokens on all of them.

use doorward_tests::bootstrap::{NEW_PASSWORD, OTHER, PASSWORD, WEBAPP};
use doorward_tests::harness::app::block_on;
use doorward_tests::harness::nodes::{Pair, RECOVERY_BOUND, TAIL_BOUND, logged, refused_everywhere, serve};
use doorward_tests::harness::redis::RedisServer;
use doorward_tests::{Binary, Home};
use reqwest::Method;
use serde_json::json;

use super::{home, home_with};

/// What an operator applies, and whom it concerns: client and username.
const COMMANDS: [(&str, &str, &str); 5] = [
    (
        "[[users]]\nusername = \"twofold\"\nmemberships = [{ tenant = \"acme\", role = \"Member\", status = \"inactive\" }]",
        WEBAPP,
        "twofold",
    ),
    ("[[tenants]]\nkey = \"globex\"\nstatus = \"inactive\"", WEBAPP, "gloria"),
    ("[[clients]]\nclient_id = \"other\"\ntype = \"web\"\nenabled = false", OTHER, "alice"),
    ("[[users]]\nusername = \"seven\"\ndeleted = true", WEBAPP, "seven"),
    ("[[roles]]\nname = \"SuperAdmin\"\npermissions = [\"ViewUser\"]", WEBAPP, "alice"),
];

#[test]
fn with_redis() {
    let redis = RedisServer::start();
    let Some(home) = home_with(&redis) else { return };
    block_on(async {
        let nodes = serve(&home, 2).await;
        for node in &nodes {
            logged(node, "redis_connected", 1, RECOVERY_BOUND).await;
        }
        shut_out(&home, &nodes).await;
    });
}

#[test]
fn by_the_table_alone() {
    let Some(home) = home() else { return };
    block_on(async { shut_out(&home, &serve(&home, 2).await).await });
}

async fn shut_out(home: &Home, nodes: &[Binary]) {
    let (changing, elsewhere) =
        (sign_in_through(&nodes[0], WEBAPP, "bob").await, sign_in_through(&nodes[1], WEBAPP, "bob").await);
    change_password(&nodes[0], &changing).await;
    for pair in [changing, elsewhere] {
        gone(nodes, &pair).await;
    }
    for (command, client, username) in COMMANDS {
        let pair = sign_in_through(&nodes[1], client, username).await;
        for node in nodes {
            assert!(node.accepts(&pair.access).await, "{command}: {}", node.log());
        }
        let _ = home.apply(command, &[]).ok();
        let _ = refused_everywhere(nodes, &pair.access, TAIL_BOUND).await;
        // Other permissions end no session: the next access token has them.
        let status = if command.contains("[[roles]]") { 200 } else { 401 };
        assert_eq!(nodes[0].refresh(&pair.access, &pair.refresh).await.0, status, "{command}");
    }
}

async fn sign_in_through(node: &Binary, client: &str, username: &str) -> Pair {
    let (access, refresh) = node.sign_in(client, username).await;
    Pair { access, refresh }
}

async fn change_password(node: &Binary, pair: &Pair) {
    let body = json!({
        "refreshToken": pair.refresh, "username": "bob", "oldPassword": PASSWORD, "password": NEW_PASSWORD,
    });
    let request = node.request(Method::PATCH, "/auth/change-password").bearer_auth(&pair.access).json(&body);
    let reply = request.send().await.expect("the server answers");
    assert!(reply.status().is_success(), "{}", node.log());
}

async fn gone(nodes: &[Binary], pair: &Pair) {
    let _ = refused_everywhere(nodes, &pair.access, TAIL_BOUND).await;
    for node in nodes {
        assert_eq!(node.refresh(&pair.access, &pair.refresh).await.0, 401);
    }
}

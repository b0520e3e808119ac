//! A server that stops, or is replaced, while it is busy: no request is lost (T13).

use std::time::Duration;

use doorward_tests::harness::app::block_on;
use doorward_tests::harness::balancer::Balancer;
use doorward_tests::harness::load::{Client, Habit, Tally};
use doorward_tests::harness::nodes;
use doorward_tests::{Database, Home};
use futures_util::future::join_all;

const HABITS: [Habit; 3] = [Habit::Busy, Habit::Thoughtful, Habit::Fresh];

#[test]
fn a_stop_signal_under_load_loses_no_request() {
    for database in [Database::Sqlite, Database::Postgres] {
        let Some(home) = Home::furnished(database) else { continue };
        block_on(async {
            for _ in 0..3 {
                stop_a_busy_server(&home).await;
            }
        });
    }
}

async fn stop_a_busy_server(home: &Home) {
    let mut server = home.serve().await;
    let tally = Tally::default();
    let clients = HABITS.iter().cycle().take(24).map(|habit| Client::new(server.address, *habit).run(&tally));
    let stop = async {
        while tally.answered() < 300 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.terminate();
    };
    // Every client ends by finding that nobody listens.
    let (clients, ()) = futures_util::join!(join_all(clients), stop);
    assert_eq!(server.wait().await, Some(0), "{}", server.log());
    tally.assert_no_failure();
    assert!(!server.log().contains("shutdown_timed_out"), "{}", server.log());
    // What was answered is there.
    let server = home.serve().await;
    for (access, _) in clients.into_iter().filter_map(|client| client.tokens) {
        assert!(server.accepts(&access).await);
    }
}

#[test]
fn replacing_two_nodes_one_by_one_is_not_noticed() {
    let Some(home) = Home::furnished(Database::Postgres) else { return };
    block_on(async {
        let mut servers = nodes::serve(&home, 2).await;
        let balancer = Balancer::start(servers.iter().map(|server| server.address).collect()).await;
        let tally = Tally::default();
        let clients =
            HABITS.iter().cycle().take(12).map(|habit| Client::new(balancer.address, *habit).run(&tally));
        let replace = async {
            for number in [0, 1, 0, 1] {
                tokio::time::sleep(Duration::from_millis(500)).await;
                servers[number].terminate();
                assert_eq!(servers[number].wait().await, Some(0), "{}", servers[number].log());
                let address = servers[number].address;
                servers[number] = home.serve_at(address).await;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            tally.stop();
        };
        let (clients, ()) = futures_util::join!(join_all(clients), replace);
        tally.assert_no_failure();
        assert!(balancer.tried_again() > 0, "nobody noticed a node that was away");
        eprintln!(
            "4 replacements: {} requests, 0 failures, {} tried again on the other node",
            tally.answered(),
            balancer.tried_again()
        );
        for (access, _) in clients.into_iter().filter_map(|client| client.tokens) {
            assert!(servers[0].accepts(&access).await && servers[1].accepts(&access).await);
        }
    });
}

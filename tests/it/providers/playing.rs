//! `doorward dev-idp`, the same provider as a program.

use doorward_tests::{Database, Home};

#[test]
fn only_this_machine_can_be_anybody() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let complaint = Home::sqlite().run(&["dev-idp", "--listen", address]);
        assert!(complaint.complaint().contains("loopback"), "{complaint:?}");
    }
}

mod a_server_that_others_can_reach_has_no_part_in_it {
    use super::*;

    #[test]
    fn sqlite() {
        let home = Home::sqlite().set("server.listen", "0.0.0.0:8080");
        assert!(home.run(&["dev-idp", "--listen", "127.0.0.1:0"]).complaint().contains("server.listen"));
    }

    #[test]
    fn postgres() {
        let Some(home) = Home::empty(Database::Postgres) else { return };
        assert!(home.run(&["dev-idp", "--listen", "127.0.0.1:0"]).complaint().contains("SQLite"));
    }
}

//! A server that cannot answer yet refuses connections, so that a balancer asks another node.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};

use doorward_tests::Home;
use doorward_tests::harness::binary::free_port;

#[test]
fn a_server_that_is_not_ready_refuses_connections() {
    // A database that takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let database = silent.local_addr().expect("a bound socket has an address");
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let home = Home::sqlite()
        .set("database.url", &format!("postgres://nobody@{database}/nothing"))
        .set("server.listen", &address.to_string());
    let server = std::thread::spawn(move || home.run(&["serve"]));
    let held = silent.accept().expect("the server asks its database");
    let refused = TcpStream::connect(address).expect_err("nobody could answer");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{refused}");
    drop((silent, held));
    let output = server.join().expect("the command runs");
    assert_eq!(output.code, Some(1), "{output:?}");
}

//! Sign-in through SAML, over HTTP; the ids are those of security.md §6. What must be refused of a message is in the tests
//! of `providers/engine/saml`; here are real messages, whole journeys and what only the server knows.

/// Runs each of the named `async fn name(app: &App, idp: &Idp)` on both databases, as tests `name::sqlite` and
/// `name::postgres`, with the `Setup` that the named function answers.
macro_rules! with_idp {
    ($setup:ident; $($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn sqlite() {
                doorward_tests::harness::saml::run(doorward_tests::Database::Sqlite, super::$setup(), super::$name);
            }

            #[test]
            fn postgres() {
                doorward_tests::harness::saml::run(doorward_tests::Database::Postgres, super::$setup(), super::$name);
            }
        })+
    };
}

mod edges;
mod journeys;
mod replay;
mod trust;

use doorward_tests::App;
use doorward_tests::harness::browser::Stop;
use doorward_tests::harness::federation::HTTPS;
use doorward_tests::harness::requests::Tokens;
use doorward_tests::harness::saml::{Idp, Setup};
use serde_json::json;

/// Encrypts and signs, and knows people by their address.
fn usual() -> Setup {
    Setup::at(HTTPS).with_own_key()
}

/// A user `fed` who is linked to alice over there.
async fn introduce(app: &App, idp: &Idp) {
    idp.change(&json!({ "nameid": "email" })).await;
    app.apply(&user("fed", "identities = [{ provider = \"saml\", subject = \"alice@example.com\" }]")).await;
}

/// An entry of an `apply` file: a member of acme who may use the usual clients.
fn user(name: &str, more: &str) -> String {
    format!(
        "[[users]]\nusername = \"{name}\"\nclients = [\"webapp\", \"mobile\"]\ndefault_tenant = \"acme\"\n\
         memberships = [{{ tenant = \"acme\", role = \"Member\" }}]\n{more}\n"
    )
}

/// It ended with a code for that user.
async fn assert_signed_in(app: &App, stop: Stop, username: &str) -> Tokens {
    let code = stop.code();
    let tokens = Tokens::of(&app.redeem("webapp", &code).await);
    assert_eq!(app.me(&tokens.access).await.ok()["username"], username);
    tokens
}

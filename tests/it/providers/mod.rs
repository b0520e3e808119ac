//! Sign-in at identity providers, over HTTP, from the client's form to the last logout; the ids are those of security.md §5.

/// Runs each of the named `async fn name(app: &App, idp: &DevIdp)` on both databases, as tests `name::sqlite` and
/// `name::postgres`, with the [`Setup`](doorward_tests::harness::federation::Setup) that the named function answers.
macro_rules! federated {
    ($setup:ident; $($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn sqlite() {
                let setup = super::$setup();
                doorward_tests::harness::federation::run(doorward_tests::Database::Sqlite, &setup, super::$name);
            }

            #[test]
            fn postgres() {
                let setup = super::$setup();
                doorward_tests::harness::federation::run(doorward_tests::Database::Postgres, &setup, super::$name);
            }
        })+
    };
}

mod apple;
mod certified;
mod conformance;
mod departure;
mod gates;
mod graph;
mod id_token;
mod linking;
mod native;
mod outbound;
mod playing;
mod replies;
mod saml;
mod state;
mod takeover;
mod trouble;
mod upstream_logout;

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{AZURE_TENANT, DevIdp, Endpoint, Persona};
use doorward_tests::App;
use doorward_tests::harness::browser::Browser;
use doorward_tests::harness::federation::{HTTPS, Setup, played};

/// The providers that send ID tokens.
fn openid() -> Vec<ProviderKind> {
    let graph = [ProviderKind::Facebook, ProviderKind::Instagram];
    played().into_iter().filter(|kind| !graph.contains(kind)).collect()
}

fn usual() -> Setup {
    Setup::default()
}

fn linking() -> Setup {
    Setup::default().linking()
}

/// Accounts of the scripted provider, under the ids that each kind gives them.
fn subject(kind: ProviderKind, persona: &Persona) -> String {
    match kind {
        ProviderKind::Azure => format!("{AZURE_TENANT}.{}", persona.subject),
        ProviderKind::Facebook | ProviderKind::Instagram => persona.number().to_string(),
        _ => persona.subject.clone(),
    }
}

/// The persona that `fed` is linked to everywhere, and whom the provider signs in from now on.
fn fed() -> Persona {
    Persona::new("fed", "dev-fed", "fed@example.com")
}

/// A user `fed` who is linked to the persona of that name at every provider, and the provider signs in.
async fn introduce(app: &App, idp: &DevIdp) {
    let persona = fed();
    let links: Vec<String> = played()
        .into_iter()
        .map(|kind| {
            format!("{{ provider = \"{}\", subject = \"{}\" }}", kind.as_str(), subject(kind, &persona))
        })
        .collect();
    app.apply(&user("fed", &format!("identities = [{}]", links.join(", ")))).await;
    idp.add(persona);
    idp.choose(Some("fed"));
}

/// An entry of an `apply` file: a member of acme who may use the usual clients.
fn user(name: &str, more: &str) -> String {
    format!(
        "[[users]]\nusername = \"{name}\"\nclients = [\"webapp\", \"mobile\"]\ndefault_tenant = \"acme\"\n\
         memberships = [{{ tenant = \"acme\", role = \"Member\" }}]\n{more}\n"
    )
}

/// Whom the provider signs in from now on.
fn come_as(idp: &DevIdp, persona: Persona) {
    let key = persona.key.clone();
    idp.add(persona);
    idp.choose(Some(&key));
}

fn browser(app: &App) -> Browser<'_> {
    Browser::new(app, HTTPS)
}

/// Nobody asked the provider for tokens since the last time.
#[track_caller]
fn assert_no_token_call(idp: &DevIdp) {
    let calls: Vec<_> = idp.all_calls().into_iter().filter(|call| call.endpoint == Endpoint::Token).collect();
    assert!(calls.is_empty(), "{calls:?}");
}

/// How many codes were ever issued.
async fn codes(app: &App) -> i64 {
    app.place.figure("SELECT count(*) FROM grants").await
}

/// How many accounts at providers are linked.
async fn links(app: &App) -> i64 {
    app.place.figure("SELECT count(*) FROM identities").await
}

//! The core's part of sign-in at identity providers, with providers that are told what to answer; what real protocols are
//! needed for is in `providers/`.

mod accounts;
mod messages;
mod mfa;
mod second_factor;
mod sessions;
mod trouble;

use std::time::Duration;

use doorward_core::domain::federation::{ExternalIdentity, ReplayMark, UpstreamTokens};
use doorward_core::domain::secret::Secret;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::provider::{LinkPolicy, ProviderInfo, ProviderKind, SignUp};
use doorward_core::testkit::scripted_provider::ScriptedRegistry;
use doorward_tests::bootstrap::{CLIENT_SECRET, WEBAPP};
use doorward_tests::harness::app::{Options, beginning};
use doorward_tests::{App, Reply, Tokens};
use reqwest::Method;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};

const ISSUER: &str = "https://idp.example.test";

fn info(id: &str, kind: ProviderKind) -> ProviderInfo {
    let native = kind.native_callback_path().filter(|_| kind.as_str() == id);
    ProviderInfo {
        id: id.to_owned(),
        kind,
        callback_path: native.map_or_else(|| format!("/auth/providers/{id}/callback"), str::to_owned),
        answers_by_post: kind == ProviderKind::Saml,
        state_parameter: if kind == ProviderKind::Saml { "RelayState" } else { "state" },
        unsolicited_client: None,
        sign_up: SignUp::Deny,
        link: LinkPolicy::Never,
        trusts_second_factor: false,
    }
}

fn creating(tenant: &str, role: &str) -> SignUp {
    SignUp::Create { tenant: tenant.to_owned(), role: role.to_owned() }
}

/// One provider for every rule.
fn scripted() -> Options {
    let open = ProviderInfo { sign_up: creating("acme", "Member"), ..info("open", ProviderKind::Oidc) };
    let homeless =
        ProviderInfo { sign_up: creating("nowhere", "Member"), ..info("homeless", ProviderKind::Oidc) };
    let closed = ProviderInfo { sign_up: creating("closed", "Member"), ..info("closed", ProviderKind::Oidc) };
    let linking = ProviderInfo { link: LinkPolicy::VerifiedEmail, ..info("linking", ProviderKind::Oidc) };
    let portal =
        ProviderInfo { unsolicited_client: Some(WEBAPP.to_owned()), ..info("portal", ProviderKind::Saml) };
    Options::default().with_providers(ScriptedRegistry::new([
        info("google", ProviderKind::Google),
        info("saml", ProviderKind::Saml),
        open,
        homeless,
        closed,
        linking,
        portal,
    ]))
}

/// Somebody there, with a refresh token.
fn person(subject: &str) -> ExternalIdentity {
    ExternalIdentity {
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        tokens: UpstreamTokens {
            refresh_token: Some(Secret::from(format!("refresh-of-{subject}").as_str())),
            id_token: Some(Secret::from("id-token")),
            ..UpstreamTokens::default()
        },
        ..ExternalIdentity::default()
    }
}

/// A message that counts once.
fn marked(subject: &str, id: &str) -> ExternalIdentity {
    let mark = ReplayMark { id: id.to_owned(), until: until() };
    ExternalIdentity { replay_mark: Some(mark), ..person(subject) }
}

fn until() -> Timestamp {
    beginning().plus(Duration::from_mins(5))
}

/// A browser that has left: its cookie and the state it left with.
struct Away {
    cookie: String,
    state: String,
}

fn start_path(provider: &str) -> String {
    match provider {
        "google" | "saml" => format!("/auth/{provider}"),
        other => format!("/auth/providers/{other}"),
    }
}

fn callback_path(provider: &str) -> String {
    match provider {
        "google" => "/auth/google-auth-redirect".to_owned(),
        "saml" => "/auth/saml-redirect".to_owned(),
        other => format!("/auth/providers/{other}/callback"),
    }
}

async fn begin(app: &App, provider: &str) -> Reply {
    let fields = [("client_id", WEBAPP), ("client_secret", CLIENT_SECRET)];
    app.send(app.request(Method::POST, &start_path(provider)).form(&fields)).await
}

async fn leave(app: &App, provider: &str) -> Away {
    let reply = begin(app, provider).await;
    let cookie = reply.header(SET_COOKIE.as_str()).split(';').next().unwrap_or_default().to_owned();
    let text = if reply.status == 302 { reply.header(LOCATION.as_str()).to_owned() } else { reply.text };
    let (_, rest) =
        text.split_once("state=").or_else(|| text.split_once("RelayState\" value=\"")).expect("a state");
    let state = rest.split(['&', '"']).next().unwrap_or_default().to_owned();
    Away { cookie, state }
}

async fn come_back(app: &App, provider: &str, away: &Away, code: &str) -> Reply {
    let path = callback_path(provider);
    let request = if matches!(provider, "saml" | "portal") {
        app.request(Method::POST, &path).form(&[("RelayState", away.state.as_str()), ("code", code)])
    } else {
        app.request(Method::GET, &path).query(&[("state", away.state.as_str()), ("code", code)])
    };
    app.send(request.header(COOKIE, &away.cookie)).await
}

/// There and back.
async fn visit(app: &App, provider: &str, code: &str) -> Reply {
    let away = leave(app, provider).await;
    come_back(app, provider, &away, code).await
}

/// A parameter of the redirect to the client.
fn brought(reply: &Reply, name: &str) -> Option<String> {
    assert_eq!(reply.status, 302, "{}", reply.text);
    let url = reqwest::Url::parse(reply.header(LOCATION.as_str())).expect("an absolute address");
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

async fn tokens_of(app: &App, reply: &Reply) -> Tokens {
    let code = brought(reply, "code").expect("a code");
    Tokens::of(&app.redeem(WEBAPP, &code).await)
}

/// A linked user without password, and the tokens of a sign-in.
async fn linked_user(app: &App, provider: &str, username: &str) -> Tokens {
    app.apply(&user(
        username,
        &format!("identities = [{{ provider = \"{provider}\", subject = \"{username}\" }}]"),
    ))
    .await;
    app.scripted(provider).knows(username, &person(username));
    tokens_of(app, &visit(app, provider, username).await).await
}

fn user(username: &str, rest: &str) -> String {
    format!(
        "[[users]]\nusername = \"{username}\"\nclients = [\"webapp\"]\ndefault_tenant = \"acme\"\n\
         memberships = [{{ tenant = \"acme\", role = \"Member\" }}]\n{rest}\n"
    )
}

//! S3, S10, S13: what needs no identity provider to be refused.

use base64::Engine as _;
use doorward_core::ports::provider::ProviderKind;
use doorward_tests::App;
use doorward_tests::harness::browser::{Browser, Visit};
use doorward_tests::harness::federation::HTTPS;
use doorward_tests::harness::requests::Tokens;
use doorward_tests::harness::saml::{ENTITY_ID, Pair, Setup};
use doorward_tests::{Database, harness::reply::Reply};
use reqwest::Method;

fn setup() -> Setup {
    Setup::at(HTTPS)
        .with_own_key()
        .set("idp_entity_id", "https://idp.example")
        .set("idp_sso_url", "http://127.0.0.1:1/sso")
        .set_raw("idp_certificates", &format!("['''{}''']", Pair::own().certificate))
}

macro_rules! alone {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn sqlite() {
                super::setup().run_alone(super::Database::Sqlite, super::$name);
            }

            #[test]
            fn postgres() {
                super::setup().run_alone(super::Database::Postgres, super::$name);
            }
        })+
    };
}

alone![
    s13_only_posts_and_nothing_twice,
    our_metadata,
    s10_hostile_messages_are_refused_quickly,
    s15_logout_messages_are_taken_nowhere,
];

const ACS: &str = "/auth/saml-redirect";

async fn post(app: &App, body: &str) -> Reply {
    let request = app.request(Method::POST, ACS).header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(body.to_owned())).await
}

async fn s13_only_posts_and_nothing_twice(app: &App) {
    let browser = Browser::new(app, HTTPS);
    let there = browser.depart(ProviderKind::Saml).await;
    let state = there.parameter("RelayState").expect("a redirect with RelayState");
    for path in [ACS.to_owned(), format!("{ACS}?SAMLResponse=PHg%2B&RelayState={state}")] {
        let reply = browser.open(&Visit::typed(&format!("{HTTPS}{path}"))).await;
        assert_eq!(reply.status, 404, "{}", reply.text);
    }
    for body in [
        format!("SAMLResponse=a&SAMLResponse=b&RelayState={state}"),
        format!("SAMLResponse=a&RelayState={state}&RelayState={state}"),
        "SAMLResponse=a&SAMLResponse=a".to_owned(),
    ] {
        let reply = post(app, &body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
    }
    // The query does not add to the form.
    let request = app.request(Method::POST, &format!("{ACS}?RelayState={state}"));
    let reply = app.send(request.form(&[("SAMLResponse", "a")])).await;
    reply.assert_wrapped_error(401, "Invalid Credentials");
    for body in ["", "SAMLResponse=a", "RelayState=x", "SAMLResponse=a&RelayState=x"] {
        post(app, body).await.assert_wrapped_error(401, "Invalid Credentials");
    }
}

/// There is no single logout: whoever sends its messages, signed or not, ends nobody's session and is sent nowhere.
async fn s15_logout_messages_are_taken_nowhere(app: &App) {
    let tokens = Tokens::of(&app.login_token("webapp", "alice").await);
    let request = "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_1\" Version=\"2.0\"/>";
    let message = base64::engine::general_purpose::STANDARD.encode(request);
    for name in ["SAMLRequest", "SAMLResponse"] {
        let form = [(name, message.as_str()), ("RelayState", "https://evil.example/")];
        let reply = app.send(app.request(Method::POST, ACS).form(&form)).await;
        reply.assert_wrapped_error(401, "Invalid Credentials");
        for path in ["/auth/saml/logout", "/auth/saml/slo", "/saml/logout"] {
            let reply = app.send(app.request(Method::POST, path).form(&form)).await;
            assert_eq!(reply.status, 404, "{path}: {}", reply.text);
        }
    }
    assert!(!app.get("/auth/saml/metadata").await.text.contains("SingleLogoutService"));
    assert_eq!(app.me(&tokens.access).await.status, 200);
}

async fn our_metadata(app: &App) {
    let reply = app.get("/auth/saml/metadata").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "application/samlmetadata+xml");
    for part in [
        format!("entityID=\"{ENTITY_ID}\""),
        format!("Location=\"{HTTPS}{ACS}\""),
        "use=\"encryption\"".to_owned(),
        "WantAssertionsSigned=\"true\"".to_owned(),
    ] {
        assert!(reply.text.contains(&part), "{part}: {}", reply.text);
    }
    assert!(!reply.text.contains("PRIVATE"));
}

async fn s10_hostile_messages_are_refused_quickly(app: &App) {
    use base64::Engine as _;
    let encode = |xml: &str| base64::engine::general_purpose::STANDARD.encode(xml);
    let attributes: Vec<String> = (0..60_000).map(|number| format!(" a{number}=\"\"")).collect();
    let hostile = [
        encode("<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>"),
        encode(&format!("<x{}/>", attributes.concat())),
        encode(&format!("{}{}", "<a>".repeat(20_000), "</a>".repeat(20_000))),
        "A".repeat(200_000),
        "%%%".to_owned(),
    ];
    for message in hostile {
        let browser = Browser::new(app, HTTPS);
        let there = browser.depart(ProviderKind::Saml).await;
        let state = there.parameter("RelayState").expect("a redirect with RelayState");
        let url = browser.address(ACS);
        let fields = vec![("SAMLResponse".to_owned(), message), ("RelayState".to_owned(), state)];
        let from = Some(there.url.clone());
        let reply = browser.arrive(Visit { method: Method::POST, url, fields, from }).await.here();
        assert!((400..500).contains(&reply.status), "{} {}", reply.status, reply.text);
    }
    assert_eq!(app.place.figure("SELECT count(*) FROM grants").await, 0);
}

//! F4, F5, F6: whoever writes somebody else's address into a profile must not become that somebody.

use doorward_core::ports::provider::ProviderKind;
use doorward_dev_idp::{AZURE_TENANT, DevIdp, Persona};
use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::federation::Setup;
use doorward_tests::{App, Tokens};
use serde_json::{Value, json};

use super::{browser, codes, come_as, linking, links, openid, user, usual};

federated![linking_common;
    f4_addresses_that_nobody_verified,
    f4_addresses_that_only_look_alike,
    f4_booleans_written_as_text,
    f4_a_verified_address_of_an_authority_is_linked,
    f4_the_account_has_to_have_proved_its_address_too,
    f4_an_address_of_two_accounts_is_nobodys,
    f4_a_linked_account_is_not_found_by_address,
];
federated![usual; f4_nothing_is_linked_unless_switched_on];
federated![creating; f4_a_sign_up_with_somebodys_address_is_another_account];
federated![two_directories; f5_directories];
federated![pinned; f5_the_pinned_directory];
federated![hosted; f6_the_hosted_domain_is_a_claim];

/// The account that everybody is after: `alice`, whose address is verified.
const VICTIM: &str = "alice@example.com";
/// A directory that nobody trusts in particular.
const OTHER_DIRECTORY: &str = "0d0e0f00-1111-4222-8333-444455556666";

fn linking_common() -> Setup {
    linking().set(ProviderKind::Azure, "tenant", "common")
}

fn creating() -> Setup {
    linking_common().creating()
}

fn two_directories() -> Setup {
    let tenants = format!("{AZURE_TENANT},{OTHER_DIRECTORY}");
    linking_common().set_words(ProviderKind::Azure, "tenants", &tenants)
}

fn pinned() -> Setup {
    linking()
}

fn hosted() -> Setup {
    linking().set(ProviderKind::Google, "hosted_domain", "example.com")
}

/// Somebody with the victim's address.
fn mallory(kind: ProviderKind) -> Persona {
    let mallory = Persona::new("m", "dev-mallory-2", VICTIM);
    match kind {
        // Of the domain, so that only what is tested is missing.
        ProviderKind::Google => mallory.with("hd", json!("example.com")),
        ProviderKind::Azure => mallory.with("xms_edov", json!(true)),
        _ => mallory,
    }
}

async fn assert_stays_outside(app: &App, idp: &DevIdp, kind: ProviderKind, persona: Persona) {
    let what = format!("{kind:?} {persona:?}");
    let before = (links(app).await, codes(app).await);
    come_as(idp, persona);
    let reply = browser(app).sign_in(kind).await;
    let doorward_tests::harness::browser::Stop::Here(reply) = reply else { unreachable!("{what} got in") };
    assert_eq!(reply.status, 401, "{what}: {}", reply.text);
    reply.assert_wrapped_error(401, "Invalid Credentials");
    assert_eq!((links(app).await, codes(app).await), before, "{what}");
}

async fn f4_addresses_that_nobody_verified(app: &App, idp: &DevIdp) {
    for kind in openid() {
        if kind == ProviderKind::Azure {
            continue;
        }
        assert_stays_outside(app, idp, kind, mallory(kind).unverified()).await;
        assert_stays_outside(app, idp, kind, mallory(kind).with("email_verified", Value::Null)).await;
    }
    for claim in ["email", "preferred_username", "upn", "unique_name", "verified_primary_email"] {
        for verdict in [Value::Null, json!(false), json!(0), json!("false"), json!("0"), json!([])] {
            let azure = Persona::new("m", "dev-mallory-2", VICTIM).with("xms_edov", verdict);
            assert_stays_outside(app, idp, ProviderKind::Azure, azure.with(claim, json!(VICTIM))).await;
        }
    }
    // Google vouches for its own addresses and its customers' domains only.
    let without_domain = mallory(ProviderKind::Google).with("hd", Value::Null);
    assert_stays_outside(app, idp, ProviderKind::Google, without_domain).await;
    // These never say that an address is verified, whatever they send.
    for kind in [ProviderKind::Facebook, ProviderKind::Instagram] {
        let boast = mallory(kind).with("email_verified", json!(true)).with("verified", json!(true));
        assert_stays_outside(app, idp, kind, boast.with("email", json!(VICTIM))).await;
    }
    // A relay address is nobody's.
    let relayed = mallory(ProviderKind::Apple).with("is_private_email", json!("true"));
    assert_stays_outside(app, idp, ProviderKind::Apple, relayed).await;
}

async fn f4_booleans_written_as_text(app: &App, idp: &DevIdp) {
    for kind in [ProviderKind::Google, ProviderKind::Cognito, ProviderKind::Keycloak, ProviderKind::Oidc] {
        for verdict in [json!("true"), json!("false"), json!(1), json!("yes"), json!([true])] {
            assert_stays_outside(app, idp, kind, mallory(kind).with("email_verified", verdict)).await;
        }
    }
}

async fn f4_addresses_that_only_look_alike(app: &App, idp: &DevIdp) {
    let look_alikes = [
        "alice+x@example.com",
        "a.lice@example.com",
        "alice@example.com.",
        " alice@example.com",
        "alice@example.com ",
        "alice@EXAMPLE.c\u{43e}m",
        "\u{430}lice@example.com",
        "al\u{131}ce@example.com",
        "AL\u{130}CE@example.com",
        "\u{ff41}lice@example.com",
        "alice\u{200b}@example.com",
        "alice@example.com\u{0}",
        "alice@example.com,mallory@example.net",
        "\"alice\"@example.com",
        "alice@example.com@example.net",
        "<alice@example.com>",
        "alice%40example.com@example.net",
    ];
    for kind in [ProviderKind::Oidc, ProviderKind::Google] {
        for address in look_alikes {
            let persona = mallory(kind).with("email", json!(address));
            assert_stays_outside(app, idp, kind, persona).await;
        }
        for address in [json!([VICTIM]), json!({ "address": VICTIM }), json!(null)] {
            assert_stays_outside(app, idp, kind, mallory(kind).with("email", address)).await;
        }
    }
}

async fn f4_a_verified_address_of_an_authority_is_linked(app: &App, idp: &DevIdp) {
    for (number, kind) in openid().into_iter().enumerate() {
        let mut persona = mallory(kind);
        // ASCII letters have no case in addresses, as everybody takes them.
        if number % 2 == 1 {
            persona.email = Some("Alice@Example.COM".to_owned());
        }
        persona.subject = format!("dev-real-alice-{number}");
        come_as(idp, persona);
        let before = links(app).await;
        let code = browser(app).sign_in(kind).await.code();
        let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
        assert_eq!(app.me(&tokens.access).await.ok()["username"], "alice", "{kind:?}");
        assert_eq!(links(app).await, before + 1, "{kind:?}");
    }
}

async fn f4_the_account_has_to_have_proved_its_address_too(app: &App, idp: &DevIdp) {
    app.apply(&user("squatter", "email = \"carol@example.com\"\nemail_verified = false")).await;
    for kind in openid() {
        let mut carol = mallory(kind);
        carol.email = Some("carol@example.com".to_owned());
        assert_stays_outside(app, idp, kind, carol).await;
    }
}

async fn f4_an_address_of_two_accounts_is_nobodys(app: &App, idp: &DevIdp) {
    app.apply(&user("second", "email = \"ALICE@example.com\"\nemail_verified = true")).await;
    for kind in openid() {
        assert_stays_outside(app, idp, kind, mallory(kind)).await;
    }
}

/// The link decides, even after the address at the provider became somebody else's.
async fn f4_a_linked_account_is_not_found_by_address(app: &App, idp: &DevIdp) {
    app.apply(&user("dave", "identities = [{ provider = \"oidc\", subject = \"dev-mallory-2\" }]")).await;
    come_as(idp, mallory(ProviderKind::Oidc));
    let code = browser(app).sign_in(ProviderKind::Oidc).await.code();
    let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
    assert_eq!(app.me(&tokens.access).await.ok()["username"], "dave");
}

async fn f4_nothing_is_linked_unless_switched_on(app: &App, idp: &DevIdp) {
    for kind in openid() {
        assert_stays_outside(app, idp, kind, mallory(kind)).await;
    }
}

async fn f4_a_sign_up_with_somebodys_address_is_another_account(app: &App, idp: &DevIdp) {
    for kind in [ProviderKind::Facebook, ProviderKind::Keycloak, ProviderKind::Instagram] {
        let persona = mallory(kind).unverified().with("preferred_username", json!("alice"));
        come_as(idp, persona.with("username", json!("alice")));
        let code = browser(app).sign_in(kind).await.code();
        let tokens = Tokens::of(&app.redeem(WEBAPP, &code).await);
        let me = app.me(&tokens.access).await.ok();
        assert_ne!(me["username"], "alice", "{kind:?}");
        assert_eq!(me["role"], "Member", "{kind:?}: {me}");
        // And the second time it is the same account.
        let again = browser(app).sign_in(kind).await.code();
        let again = Tokens::of(&app.redeem(WEBAPP, &again).await);
        assert_eq!(app.me(&again.access).await.ok()["username"], me["username"], "{kind:?}");
    }
    assert_eq!(app.me(&app.sign_in("alice").await.access).await.ok()["username"], "alice");
}

async fn f5_directories(app: &App, idp: &DevIdp) {
    let azure = |tenant: &str| mallory(ProviderKind::Azure).with("tid", json!(tenant));
    let stranger = "99999999-9999-4999-8999-999999999999";
    assert_stays_outside(app, idp, ProviderKind::Azure, azure(stranger)).await;
    for tenant in ["{tenantid}", "common", "", "../x"] {
        assert_stays_outside(app, idp, ProviderKind::Azure, azure(tenant)).await;
    }
    // An issuer that is not its tenant's, not filled in, or of the old version.
    let issuers = [
        format!("{}/azure/{{tenantid}}/v2.0", idp.base()),
        format!("{}/azure/{OTHER_DIRECTORY}/v2.0", idp.base()),
        format!("{}/azure/common/v2.0", idp.base()),
        format!("https://sts.windows.net/{AZURE_TENANT}/"),
    ];
    for issuer in issuers {
        let persona = azure(AZURE_TENANT).with("iss", json!(issuer));
        assert_stays_outside(app, idp, ProviderKind::Azure, persona).await;
    }
    for tenant in [AZURE_TENANT, OTHER_DIRECTORY] {
        come_as(idp, azure(tenant));
        let _ = browser(app).sign_in(ProviderKind::Azure).await.code();
    }
    // The same object id in two directories is two accounts.
    let subjects =
        app.place.figure("SELECT count(DISTINCT subject) FROM identities WHERE provider = 'azure'").await;
    assert_eq!(subjects, 2);
}

async fn f5_the_pinned_directory(app: &App, idp: &DevIdp) {
    let stranger = mallory(ProviderKind::Azure).with("tid", json!(OTHER_DIRECTORY));
    assert_stays_outside(app, idp, ProviderKind::Azure, stranger).await;
    // In one's own directory, addresses are the administrator's, unless he says no.
    let denied = mallory(ProviderKind::Azure).with("xms_edov", json!(false));
    assert_stays_outside(app, idp, ProviderKind::Azure, denied).await;
}

async fn f6_the_hosted_domain_is_a_claim(app: &App, idp: &DevIdp) {
    for domain in
        [Value::Null, json!("example.net"), json!("example.com.example.net"), json!(["example.com"])]
    {
        let persona = mallory(ProviderKind::Google).with("hd", domain);
        assert_stays_outside(app, idp, ProviderKind::Google, persona).await;
    }
    come_as(idp, mallory(ProviderKind::Google));
    let there = browser(app).depart(ProviderKind::Google).await;
    assert_eq!(there.parameter("hd").as_deref(), Some("example.com"));
    let _ = browser(app).sign_in(ProviderKind::Google).await.code();
}

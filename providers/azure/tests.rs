//! What is particular about Microsoft.

use doorward_core::ports::provider::{ProviderError, ProviderKind};
use serde_json::{Value, json};

use super::{CONSUMERS, is_directory_id};
use crate::engine::testing::{Scene, build, overlay, section, with};
use crate::settings::ProviderSettings;

const ACME: &str = "7a1c5a3e-1d2b-4c3d-8e4f-5a6b7c8d9e0f";
const OTHER: &str = "11111111-2222-3333-4444-555555555555";

async fn scene(tenant: &str, tenants: &str) -> Scene {
    let scene = Scene::of(|base| {
        let issuer = Some(format!("{base}/{{tenantid}}/v2.0"));
        let settings = ProviderSettings { issuer, ..section(ProviderKind::Azure) };
        with(with(settings, "tenant", tenant), "tenants", tenants)
    })
    .await;
    if matches!(tenant, "common" | "organizations" | "consumers") {
        let template = scene.upstream.url("/{tenantid}/v2.0");
        scene.stage().discovery = json!({ "issuer": template });
    }
    scene
}

/// The claims of an account in that directory.
fn account(scene: &Scene, tid: &str, over: &Value) -> Value {
    let mut claims = json!({
        "iss": scene.upstream.url(&format!("/{tid}/v2.0")), "tid": tid, "oid": "o-1", "sub": "pairwise", "ver": "2.0",
    });
    overlay(&mut claims, over);
    claims
}

async fn refused(scene: &Scene, claims: Value) {
    let error = scene.sign_in_as(claims.clone()).await.expect_err("not one of ours");
    assert!(matches!(error, ProviderError::Untrusted(_)), "{claims}: {error}");
}

#[tokio::test]
async fn the_account_is_the_object_in_its_directory() {
    let scene = scene(ACME, "").await;
    let identity = scene.sign_in_as(account(&scene, ACME, &json!({}))).await.expect("an identity");
    assert_eq!(identity.subject, format!("{ACME}.o-1"));
    assert_eq!(identity.issuer, scene.upstream.url(&format!("/{ACME}/v2.0")));
    for over in [json!({ "oid": null }), json!({ "oid": "" }), json!({ "oid": 7 })] {
        refused(&scene, account(&scene, ACME, &over)).await;
    }
    let app = account(&scene, ACME, &json!({}));
    scene.stage().claims = app;
    let exchanger = scene.provider.exchanger().expect("it takes tokens of apps");
    let identity = exchanger.exchange(&scene.app_token("n"), "n").await.expect("an identity");
    assert_eq!(identity.subject, format!("{ACME}.o-1"));
}

#[tokio::test]
async fn a_pinned_directory_is_the_only_one() {
    let scene = scene(ACME, "").await;
    refused(&scene, account(&scene, OTHER, &json!({}))).await;
    refused(&scene, account(&scene, ACME, &json!({ "tid": OTHER }))).await;
    refused(&scene, account(&scene, ACME, &json!({ "tid": null }))).await;
    refused(&scene, account(&scene, OTHER, &json!({ "tid": ACME }))).await;
}

#[tokio::test]
async fn common_means_every_directory_but_only_with_its_own_issuer() {
    let scene = scene("common", "").await;
    for tid in [ACME, OTHER, CONSUMERS] {
        let identity = scene.sign_in_as(account(&scene, tid, &json!({}))).await.expect("an identity");
        assert_eq!(identity.subject, format!("{tid}.o-1"));
    }
    refused(&scene, account(&scene, ACME, &json!({ "tid": OTHER }))).await;
    refused(&scene, account(&scene, "{tenantid}", &json!({}))).await;
    refused(&scene, account(&scene, "common", &json!({}))).await;
    refused(&scene, account(&scene, "../x", &json!({}))).await;
    refused(&scene, account(&scene, &ACME.to_uppercase(), &json!({}))).await;
}

#[tokio::test]
async fn organizations_and_consumers_exclude_each_other() {
    let work = scene("organizations", "").await;
    work.sign_in_as(account(&work, ACME, &json!({}))).await.expect("an identity");
    refused(&work, account(&work, CONSUMERS, &json!({}))).await;
    let personal = scene("consumers", "").await;
    personal.sign_in_as(account(&personal, CONSUMERS, &json!({}))).await.expect("an identity");
    refused(&personal, account(&personal, ACME, &json!({}))).await;
}

#[tokio::test]
async fn the_list_of_directories_counts() {
    let scene = scene("organizations", &format!("{OTHER}, {}", ACME.to_uppercase())).await;
    scene.sign_in_as(account(&scene, ACME, &json!({}))).await.expect("an identity");
    let stranger = "99999999-2222-3333-4444-555555555555";
    refused(&scene, account(&scene, stranger, &json!({}))).await;
}

#[tokio::test]
async fn version_1_tokens_are_refused() {
    let scene = scene(ACME, "").await;
    refused(&scene, account(&scene, ACME, &json!({ "ver": "1.0" }))).await;
    let v1 = format!("https://sts.windows.net/{ACME}/");
    refused(&scene, account(&scene, ACME, &json!({ "iss": v1 }))).await;
}

#[tokio::test]
async fn addresses_are_anything_unless_the_domain_owner_says_otherwise() {
    let victim = "victim@acme.test";
    let cases = [
        ("common", json!({ "email": victim }), false),
        ("common", json!({ "email": victim, "email_verified": true }), false),
        ("common", json!({ "email": victim, "xms_edov": false }), false),
        ("common", json!({ "email": victim, "xms_edov": "false" }), false),
        (
            "common",
            json!({ "email": victim, "xms_edov": null, "upn": victim, "preferred_username": victim }),
            false,
        ),
        ("organizations", json!({ "email": victim }), false),
        ("common", json!({ "email": victim, "xms_edov": true }), true),
        ("common", json!({ "email": victim, "xms_edov": "1" }), true),
        (ACME, json!({ "email": victim }), true),
        (ACME, json!({ "email": victim, "xms_edov": false }), false),
        (ACME, json!({ "preferred_username": victim, "upn": victim }), false),
    ];
    for (tenant, claims, vouched) in cases {
        let scene = scene(tenant, "").await;
        let identity = scene.sign_in_as(account(&scene, ACME, &claims)).await.expect("an identity");
        assert_eq!(identity.email_verified, vouched, "{tenant} {claims}");
        assert_eq!(identity.email.is_some(), claims.get("email").is_some());
    }
}

#[tokio::test]
async fn a_domain_stands_for_its_directory() {
    let scene = scene("acme.test", "").await;
    let issuer = scene.upstream.url(&format!("/{ACME}/v2.0"));
    scene.stage().discovery = json!({ "issuer": issuer });
    scene.sign_in_as(account(&scene, ACME, &json!({}))).await.expect("an identity");
    refused(&scene, account(&scene, OTHER, &json!({}))).await;
    assert_eq!(scene.upstream.count("/acme.test/v2.0/.well-known/openid-configuration"), 1);
}

#[tokio::test]
async fn the_document_of_another_authority_is_not_believed() {
    for (tenant, announced) in [(ACME, "/{tenantid}/v2.0"), (ACME, "/common/v2.0"), ("common", "/x/v2.0")] {
        let scene = scene(tenant, "").await;
        let issuer = scene.upstream.url(announced);
        scene.stage().discovery = json!({ "issuer": issuer });
        let error = scene.depart().await.map(|_| ()).expect_err("another authority");
        assert!(matches!(error, ProviderError::Misconfigured(_)), "{error}");
    }
}

#[test]
fn sections_that_cannot_work_say_why() {
    let wrong = |settings| build(settings).map(|_| ()).expect_err("incomplete").to_string();
    let azure = || section(ProviderKind::Azure);
    assert_eq!(wrong(azure()), "[providers.azure] needs `tenant`");
    assert!(wrong(with(azure(), "tenant", "a/b")).contains("`tenant`"));
    assert!(wrong(with(with(azure(), "tenant", "common"), "tenants", "acme")).contains("`tenants`"));
    assert!(is_directory_id(ACME) && !is_directory_id("acme.test") && !is_directory_id(&ACME.to_uppercase()));
}

//! Proof Key for Code Exchange (RFC 7636; AZ5, TK5).

use doorward_tests::harness::relying_party::{
    CAROL, CHALLENGE, Granted, SHOP, SHOP_CALLBACK, SPA, VERIFIER, authorize_url, challenge_of,
};
use doorward_tests::{App, on_both};

on_both![
    rfc7636_4_2_the_vector_of_the_contract,
    rfc7636_4_4_1_a_challenge_is_needed_and_s256,
    rfc7636_4_6_a_wrong_verifier_is_refused_and_the_code_is_burnt,
    rfc9700_4_8_a_verifier_without_a_challenge_is_refused,
    a_client_may_opt_out_and_still_use_it,
];

async fn rfc7636_4_2_the_vector_of_the_contract(app: &App) {
    assert_eq!(challenge_of(VERIFIER), CHALLENGE);
    app.introduce_relying_parties().await;
    let granted = app.grant(SHOP, CAROL, &[]).await;
    assert_eq!(granted.text("token_type"), "Bearer");
}

async fn rfc7636_4_4_1_a_challenge_is_needed_and_s256(app: &App) {
    app.introduce_relying_parties().await;
    let (short, long) = ("a".repeat(42), "a".repeat(129));
    let padded = format!("{}=", &CHALLENGE[..42]);
    let spaced = format!("{} ", &CHALLENGE[..42]);
    for client in [SHOP, SPA] {
        for change in [
            vec![("code_challenge", "")],
            vec![("code_challenge", ""), ("code_challenge_method", "")],
            vec![("code_challenge_method", "plain")],
            vec![("code_challenge_method", "")],
            vec![("code_challenge_method", "s256")],
            vec![("code_challenge", short.as_str())],
            vec![("code_challenge", long.as_str())],
            vec![("code_challenge", padded.as_str())],
            vec![("code_challenge", spaced.as_str())],
        ] {
            let landing = app.visitor().get(&authorize_url(client, &change)).await.away();
            assert_eq!(landing.error().as_deref(), Some("invalid_request"), "{change:?}");
        }
    }
}

async fn rfc7636_4_6_a_wrong_verifier_is_refused_and_the_code_is_burnt(app: &App) {
    app.introduce_relying_parties().await;
    let lower = VERIFIER.to_lowercase();
    let (short, long) = ("a".repeat(42), "a".repeat(129));
    for verifier in [None, Some(""), Some("x"), Some(CHALLENGE), Some(&*lower), Some(&*short), Some(&*long)] {
        let code = app.authorize(SHOP, CAROL, &[]).await.code();
        let mut form =
            vec![("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", SHOP_CALLBACK)];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        app.token(SHOP, &form).await.assert_oauth_error(400, "invalid_grant");
        form.retain(|(name, _)| *name != "code_verifier");
        form.push(("code_verifier", VERIFIER));
        app.token(SHOP, &form).await.assert_oauth_error(400, "invalid_grant");
    }
}

async fn rfc9700_4_8_a_verifier_without_a_challenge_is_refused(app: &App) {
    app.introduce_relying_parties().await;
    app.apply("[[clients]]\nclient_id = \"shop\"\nrequire_pkce = false").await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = app.authorize(SHOP, CAROL, &without).await.code();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", SHOP_CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    app.token(SHOP, &form).await.assert_oauth_error(400, "invalid_grant");
}

async fn a_client_may_opt_out_and_still_use_it(app: &App) {
    app.introduce_relying_parties().await;
    app.apply("[[clients]]\nclient_id = \"shop\"\nrequire_pkce = false").await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = app.authorize(SHOP, CAROL, &without).await.code();
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", SHOP_CALLBACK)];
    let _ = Granted::of(&app.token(SHOP, &form).await);
    let code = app.authorize(SHOP, CAROL, &[]).await.code();
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", SHOP_CALLBACK)];
    app.token(SHOP, &form).await.assert_oauth_error(400, "invalid_grant");
}

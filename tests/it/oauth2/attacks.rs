//! Attacks on the provider that went through once, by what the attacker wants.

use std::time::Duration;

use doorward_tests::bootstrap::{HS256_SECRET, PASSWORD};
use doorward_tests::harness::authenticator::Authenticator;
use doorward_tests::harness::pages::{Landing, Page};
use doorward_tests::harness::relying_party::{
    CAROL, CHALLENGE, DAVE, Granted, SHOP, SHOP_CALLBACK, SHOP_GOODBYE, authorize_url, with_query,
};
use doorward_tests::{App, jwt, on_both};
use reqwest::Url;
use serde_json::json;

on_both![
    the_next_person_at_the_browser_cannot_finish_a_step_up,
    a_browser_left_alone_gets_no_second_factor,
    another_sites_form_signs_nobody_out,
    a_shared_key_opens_nobody_elses_profile,
    languages_do_not_swell_the_transaction,
    a_megabyte_of_scopes_is_refused_before_the_client_gives_up,
    control_characters_do_not_swell_the_transaction,
    no_code_outlives_a_sign_out_at_the_same_moment,
];

const SESSION: &str = "doorward_session";

/// The client insists on a second factor.
const AAL2: (&str, &str) = ("claims", r#"{"id_token":{"acr":{"essential":true,"values":["aal2"]}}}"#);

fn transaction(page: &Page) -> String {
    let mut inputs = page.all("input");
    let hidden = inputs.find(|input| input.attribute("name") == "transaction");
    hidden.map(|hidden| hidden.attribute("value").to_owned()).unwrap_or_default()
}

/// The user proved the password, was asked for a second factor by a client, and signed out instead. The next person at the
/// browser goes back in its history and enrols an authenticator app of his own.
async fn the_next_person_at_the_browser_cannot_finish_a_step_up(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    let page = visitor.get(&authorize_url(SHOP, &[AAL2])).await.here();
    assert_eq!(page.url.path(), "/sign-in/enrol");
    let mut images = page.all("img");
    let qr_code = images.find(|image| image.attribute("src").starts_with("data:")).expect("a QR code");
    let authenticator = Authenticator::scan(qr_code.attribute("src"));
    let question = visitor.get("/sign-out").await.here();
    visitor.submit(&question, &[]).await.here().assert_shows(200, &["message"]);

    visitor.get(page.url.as_str()).await.here().assert_shows(200, &["username", "password"]);
    let (own, otp) = (transaction(&page), app.totp(&authenticator));
    let fields = [("transaction", own.as_str()), ("otp", otp.as_str())];
    for path in ["/sign-in/enrol", "/sign-in/second-factor"] {
        let refused = visitor.post(path, &fields, Some(&page.url)).await.here();
        refused.assert_shows(401, &["password", "error"]);
        assert!(visitor.cookie(SESSION).is_none(), "{path}");
    }
    let silent = visitor.get(&authorize_url(SHOP, &[("prompt", "none")])).await.away();
    assert_eq!(silent.error().as_deref(), Some("login_required"));
    // Nothing was enrolled either: the password is still enough.
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
}

/// Somebody finds a browser in which the user is signed in, and makes it ask for a second factor that there is not yet.
async fn a_browser_left_alone_gets_no_second_factor(app: &App) {
    app.introduce_relying_parties().await;
    let visitor = app.visitor();
    visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
    app.advance(Duration::from_mins(6));
    let page = visitor.get(&authorize_url(SHOP, &[AAL2])).await.here();
    page.assert_shows(200, &["username", "password"]);
    let page = visitor.submit(&page, &[("username", CAROL), ("password", PASSWORD)]).await.here();
    assert_eq!(page.url.path(), "/sign-in/enrol", "who knows the password may");
}

/// Browsers send no cookies with the forms of other sites; the answer must not take them away.
async fn another_sites_form_signs_nobody_out(app: &App) {
    app.introduce_relying_parties().await;
    let attackers = app.grant(SHOP, DAVE, &[]).await;
    let hint = ("id_token_hint", attackers.text("id_token"));
    let evil = Url::parse("https://evil.test/attack").expect("an address");
    for fields in
        [&[][..], &[("id_token_hint", "x.y.z")], &[hint], &[hint, ("post_logout_redirect_uri", SHOP_GOODBYE)]]
    {
        let landing = app.visitor().post("/oauth2/connect/endSession", fields, Some(&evil)).await;
        let reply = match landing {
            Landing::Here(page) => page.reply,
            Landing::Away(departure) => departure.reply,
        };
        assert!(reply.headers.get("set-cookie").is_none(), "{fields:?}: {:?}", reply.headers);
    }
}

/// Who holds a client's HS256 key forges that client's tokens; they tell nothing of others, and nothing that the user did
/// not allow.
async fn a_shared_key_opens_nobody_elses_profile(app: &App) {
    app.introduce_relying_parties().await;
    let daves = app.grant(SHOP, DAVE, &[]).await.access_claims();
    let shared = format!(
        "[[clients]]\nclient_id = \"shop\"\nalgorithm = \"HS256\"\nhs256_secret = \"{HS256_SECRET}\"\n"
    );
    app.apply(&shared).await;
    let granted = app.grant(SHOP, CAROL, &[("scope", "openid email")]).await;
    let honest = jwt::resign_hs256(granted.access(), |_, _| ());
    assert_eq!(app.userinfo(&honest).await.status, 200);
    let forged = |name: &str| {
        jwt::resign_hs256(granted.access(), |_, claims| match name {
            "user" => claims["binding"]["user"] = daves["binding"]["user"].clone(),
            "session" => claims["sid"] = daves["sid"].clone(),
            _ => claims["scope"] = json!(["openid", "email", "phone"]),
        })
    };
    for name in ["user", "session", "scope"] {
        // Before and after the honest token's answer is remembered for a moment.
        let told = app.userinfo(&forged(name)).await;
        assert_eq!(told.status, 401, "{name}: {}", told.text);
    }
}

/// Before anybody proved anything: comparing each word with every other one took two minutes.
async fn a_megabyte_of_scopes_is_refused_before_the_client_gives_up(app: &App) {
    app.introduce_relying_parties().await;
    let scope: Vec<String> = (0..110_000).map(|number| format!("s{number}")).collect();
    let form = [("grant_type", "client_credentials"), ("scope", &scope.join(" "))];
    app.token(SHOP, &form).await.assert_oauth_error(400, "invalid_scope");
    let departure = app.visitor().post("/oauth2/authorize", &scoped(&scope.join(" ")), None).await.away();
    assert_eq!(departure.error().as_deref(), Some("invalid_scope"));
}

fn scoped(scope: &str) -> [(&str, &str); 6] {
    [
        ("response_type", "code"),
        ("client_id", SHOP),
        ("redirect_uri", SHOP_CALLBACK),
        ("scope", scope),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// Each control character takes six letters: what a sign-in at a provider would keep is bounded all the same.
async fn control_characters_do_not_swell_the_transaction(app: &App) {
    app.introduce_relying_parties().await;
    let (letters, controls) = ("x".repeat(2048), "\u{1}".repeat(2048));
    let claims = json!({ "userinfo": { "x".repeat(4000): null } }).to_string();
    let longest = authorize_url(SHOP, &[("state", &letters), ("nonce", &letters), ("claims", &claims)]);
    let page = app.visitor().get(&longest).await.here();
    page.assert_shows(200, &["password"]);
    assert!(transaction(&page).len() < 16 * 1024);
    let swollen = authorize_url(SHOP, &[("state", &controls), ("nonce", &controls)]);
    app.visitor().get(&swollen).await.here().assert_shows(400, &["error"]);
}

async fn languages_do_not_swell_the_transaction(app: &App) {
    app.introduce_relying_parties().await;
    let endless = "a".repeat(20_000);
    let wish = [("ui_locales", endless.as_str())];
    let plain = app.visitor().get(&authorize_url(SHOP, &[])).await.here();
    let query =
        authorize_url(SHOP, &wish).split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
    let pairs: Vec<(String, String)> = url_pairs(&query);
    let fields: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let swollen = app.visitor().post("/oauth2/authorize", &fields, None).await.here();
    swollen.assert_shows(200, &["password"]);
    assert!(transaction(&swollen).len() < transaction(&plain).len() + 100);
}

fn url_pairs(query: &str) -> Vec<(String, String)> {
    let url = Url::parse(&format!("http://x.test/?{query}")).expect("an address");
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Whichever comes first: tokens of the code, if there are any, are dead afterwards.
async fn no_code_outlives_a_sign_out_at_the_same_moment(app: &App) {
    app.introduce_relying_parties().await;
    for _ in 0..8 {
        let visitor = app.visitor();
        let first = visitor.sign_in(&authorize_url(SHOP, &[]), CAROL, PASSWORD).await;
        let first = Granted::of(&app.redeem_code(SHOP, &first).await);
        let departure = visitor.get(&authorize_url(SHOP, &[])).await.away();
        let goodbye = with_query("/oauth2/connect/endSession", &[("id_token_hint", first.text("id_token"))]);
        let (redeemed, _) = tokio::join!(app.redeem_code(SHOP, &departure), visitor.get(&goodbye));
        if redeemed.status == 200 {
            let late = Granted::of(&redeemed);
            assert_eq!(app.userinfo(late.access()).await.status, 401);
            app.refresh_grant(SHOP, late.refresh(), &[]).await.assert_oauth_error(400, "invalid_grant");
        }
    }
}

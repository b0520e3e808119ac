use super::*;
use crate::domain::client::ClientType;

const URI: &str = "https://a.test/cb";
const CHALLENGE: &str = "j3wKnK2Fa_mc2tgdqa6GtUfCYjdWSA5S23JKTTtPF8Y";

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn owned(pairs: Pairs<'_>) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A right request, with some parameters replaced or added.
fn with(changes: Pairs<'_>) -> Vec<(String, String)> {
    let base = [
        ("response_type", "code"),
        ("client_id", "a"),
        ("redirect_uri", URI),
        ("scope", "openid"),
        ("state", "s"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let kept = base.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    owned(&kept.chain(changes.iter().copied()).collect::<Vec<_>>())
}

fn judge_for(client: &Client, changes: Pairs<'_>) -> Result<AuthorizationRequest, ErrorKind> {
    let parameters = with(changes);
    let reply_to = ReturnAddress::of(&parameters, URI);
    AuthorizationRequest::judge(&parameters, client, reply_to).map_err(|error| error.kind)
}

fn judge(changes: Pairs<'_>) -> Result<AuthorizationRequest, ErrorKind> {
    judge_for(&Client::sample("a"), changes)
}

#[test]
fn a_right_request_is_read_whole() {
    let request = judge(&[
        ("scope", "openid  email openid"),
        ("nonce", "n"),
        ("prompt", "login consent login"),
        ("max_age", "60"),
        ("login_hint", "alice"),
        ("ui_locales", "fr en"),
        ("id_token_hint", "x.y.z"),
        ("response_mode", "form_post"),
        ("grant_type", "authorization_code"),
        ("unknown", "ignored"),
    ])
    .expect("right");
    assert_eq!((request.scopes.join(" ").as_str(), request.nonce.as_deref()), ("openid email", Some("n")));
    assert_eq!(
        (request.prompt.as_slice(), request.max_age),
        ([Prompt::Login, Prompt::Consent].as_slice(), Some(60))
    );
    assert_eq!(
        (request.ui_locales.join(" ").as_str(), request.login_hint.as_deref()),
        ("fr en", Some("alice"))
    );
    assert_eq!(request.reply_to.response_mode, ResponseMode::FormPost);
    assert_eq!(request.code_challenge.as_deref(), Some(CHALLENGE));
    assert!(request.is_openid() && request.wants_new_sign_in());
    let kept = serde_json::to_string(&request).expect("plain");
    let read: AuthorizationRequest = serde_json::from_str(&kept).expect("plain");
    assert_eq!(read, AuthorizationRequest { id_token_hint: None, ..request });
}

#[test]
fn az2_az6_client_and_redirect_uri_come_once() {
    let pairs = |pairs: Pairs<'_>| addressed(&owned(pairs)).map(|_| ()).map_err(|error| error.kind);
    let (client, uri) = (("client_id", "a"), ("redirect_uri", URI));
    assert_eq!(pairs(&[client, uri]), Ok(()));
    assert_eq!(pairs(&[client]), Err(ErrorKind::RedirectUriInvalid));
    assert_eq!(pairs(&[client, ("redirect_uri", "")]), Err(ErrorKind::RedirectUriInvalid));
    for wrong in [
        &[client, uri, uri][..],
        &[client, client, uri],
        &[client, ("client_id", ""), uri],
        &[uri],
        &[("client_id", ""), uri],
        &[("client_id", "a\0"), uri],
    ] {
        assert_eq!(pairs(wrong), Err(ErrorKind::RequestInvalid), "{wrong:?}");
    }
}

#[test]
fn az4_only_code_is_answered() {
    for kind in ["token", "id_token", "code token", "code id_token", "none", "CODE", "code "] {
        assert_eq!(judge(&[("response_type", kind)]), Err(ErrorKind::ResponseTypeUnsupported), "{kind}");
    }
    assert_eq!(judge(&[("response_type", "")]), Err(ErrorKind::RequestInvalid));
    for scope in ["openid nope", "Openid", "admin", "openid\temail"] {
        assert_eq!(judge(&[("scope", scope)]), Err(ErrorKind::ScopeInvalid), "{scope}");
    }
    for prompt in ["none login", "none none login", "create", "Login"] {
        assert_eq!(judge(&[("prompt", prompt)]), Err(ErrorKind::RequestInvalid), "{prompt}");
    }
    for age in ["-1", "+1", "1.5", "x", "99999999999999999999"] {
        assert_eq!(judge(&[("max_age", age)]), Err(ErrorKind::RequestInvalid), "{age}");
    }
    let client = Client { grants: vec!["client_credentials".to_owned()], ..Client::sample("a") };
    assert_eq!(judge_for(&client, &[]), Err(ErrorKind::GrantNotAllowed));
}

#[test]
fn az5_pkce_is_s256_and_required_unless_a_confidential_client_is_excused() {
    let none = [("code_challenge", ""), ("code_challenge_method", "")];
    let excused = |client_type| {
        let mut client = Client { client_type, ..Client::sample("a") };
        client.oauth.require_pkce = false;
        judge_for(&client, &none)
    };
    assert_eq!(judge(&none), Err(ErrorKind::RequestInvalid));
    assert_eq!(excused(ClientType::Web).map(|request| request.code_challenge), Ok(None));
    assert_eq!(excused(ClientType::Spa), Err(ErrorKind::RequestInvalid));
    for method in ["plain", "", "s256", "S512"] {
        assert_eq!(judge(&[("code_challenge_method", method)]), Err(ErrorKind::RequestInvalid), "{method}");
    }
    let challenges = [
        "a".repeat(42),
        "a".repeat(44),
        "a".repeat(128),
        "a".repeat(129),
        format!("{}=", "a".repeat(42)),
        format!("{} ", "a".repeat(42)),
        format!("{}~", "a".repeat(42)),
    ];
    for challenge in challenges {
        let judged = judge(&[("code_challenge", &challenge)]);
        assert_eq!(judged, Err(ErrorKind::RequestInvalid), "{challenge}");
    }
}

#[test]
fn az6_nothing_comes_twice_but_resources() {
    for name in ["scope", "state", "nonce", "unknown", "prompt", "code_challenge"] {
        let parameters = [with(&[(name, "x")]), owned(&[(name, "")])].concat();
        let reply_to = ReturnAddress::of(&parameters, URI);
        let judged = AuthorizationRequest::judge(&parameters, &Client::sample("a"), reply_to);
        assert_eq!(judged.map_err(|error| error.kind), Err(ErrorKind::RequestInvalid), "{name}");
    }
    let twice = [with(&[]), owned(&[("state", "t")])].concat();
    assert_eq!(ReturnAddress::of(&twice, URI).state, None);
}

#[test]
fn az7_texts_are_repeated_exactly_or_not_at_all() {
    let repeated = |state: &str| ReturnAddress::of(&with(&[("state", state)]), URI).state;
    for state in ["\r\nSet-Cookie: a=b", r#""><script>"#, &"s".repeat(MAX_STATE)] {
        assert_eq!(repeated(state).as_deref(), Some(state));
        assert!(judge(&[("state", state)]).is_ok());
    }
    for state in ["a\0b", &"s".repeat(MAX_STATE + 1), &"é".repeat(1025)] {
        assert_eq!(repeated(state), None);
        assert_eq!(judge(&[("state", state)]), Err(ErrorKind::RequestInvalid));
        assert_eq!(judge(&[("nonce", state)]), Err(ErrorKind::RequestInvalid));
    }
    assert_eq!(judge(&[("login_hint", "a\0")]), Err(ErrorKind::RequestInvalid));
    let hint = "a".repeat(256);
    assert_eq!(judge(&[("login_hint", &hint)]).map(|request| request.login_hint), Ok(None));
}

#[test]
fn az13_request_objects_are_refused() {
    for (name, kind) in [
        ("request", ErrorKind::RequestObjectUnsupported),
        ("request_uri", ErrorKind::RequestUriUnsupported),
        ("registration", ErrorKind::RegistrationUnsupported),
    ] {
        assert_eq!(judge(&[(name, "x")]), Err(kind));
        assert!(judge(&[(name, "")]).is_ok(), "an empty one counts as none");
    }
}

#[test]
fn az15_query_and_form_post_are_the_modes() {
    for mode in ["fragment", "web_message", "query.jwt", "Query"] {
        assert_eq!(judge(&[("response_mode", mode)]), Err(ErrorKind::RequestInvalid), "{mode}");
    }
    let modes = ["", "query", "form_post"].map(|mode| judge(&[("response_mode", mode)]).expect("right"));
    let modes = modes.map(|request| request.reply_to.response_mode);
    assert_eq!(modes, [ResponseMode::Query, ResponseMode::Query, ResponseMode::FormPost]);
}

#[test]
fn who_asks_for_no_scope_gets_those_that_tell_nothing_of_the_user() {
    let client = Client {
        scopes: ["openid", "email", "read", "write"].map(str::to_owned).to_vec(),
        ..Client::sample("a")
    };
    assert_eq!(judge_for(&client, &[("scope", "")]).expect("right").scopes, ["read", "write"]);
}

#[test]
fn rfc8707_2_resources_are_the_clients_own() {
    let mut client = Client::sample("a");
    client.oauth.resources = ["https://r.test/a", "https://r.test/b"].map(str::to_owned).to_vec();
    let (a, b) = (("resource", "https://r.test/a"), ("resource", "https://r.test/b"));
    let asked = judge_for(&client, &[b, a, b, ("resource", "")]).expect("right");
    assert_eq!(asked.resources, ["https://r.test/b", "https://r.test/a"]);
    for wrong in ["https://r.test/", "https://r.test/a#x", "x"] {
        assert_eq!(judge_for(&client, &[a, ("resource", wrong)]), Err(ErrorKind::TargetInvalid), "{wrong}");
    }
}

#[test]
fn claims_are_json_objects_and_of_the_clients_scopes() {
    let long = format!(r#"{{"userinfo":{{"{}":null}}}}"#, "a".repeat(4096));
    for wrong in ["x", "[]", "null", r#"{"userinfo":1}"#, r#"{"id_token":{"name":true}}"#, &long] {
        assert_eq!(judge(&[("claims", wrong)]), Err(ErrorKind::RequestInvalid), "{wrong}");
    }
    let text = r#"{"userinfo":{"email":{"essential":true},"phone_number":null,"custom":null},"id_token":null,"x":1}"#;
    let request = judge(&[("claims", text)]).expect("right");
    assert_eq!(request.claims.userinfo.keys().collect::<Vec<_>>(), ["custom", "email"]);
    let text = r#"{"id_token":{"sub":{"value":"u1"}}}"#;
    assert_eq!(judge(&[("claims", text)]).expect("right").subject.as_deref(), Some("u1"));
}

#[test]
fn a_second_factor_is_preferred_by_acr_values_and_required_by_essential_claims() {
    let assurance = |changes: Pairs<'_>| judge(changes).map(|request| request.assurance);
    let acr = |wish: &str| assurance(&[("claims", &format!(r#"{{"id_token":{{"acr":{wish}}}}}"#))]);
    for (values, expected) in [
        ("", Assurance::Any),
        ("aal1 aal2", Assurance::Any),
        ("loa9 aal2", Assurance::SecondFactorPreferred),
        ("loa9", Assurance::Any),
    ] {
        assert_eq!(assurance(&[("acr_values", values)]), Ok(expected), "{values}");
    }
    for (wish, expected) in [
        ("null", Ok(Assurance::Any)),
        (r#"{"values":["aal2"]}"#, Ok(Assurance::SecondFactorPreferred)),
        (r#"{"essential":true}"#, Ok(Assurance::Any)),
        (r#"{"essential":true,"value":"aal2"}"#, Ok(Assurance::SecondFactorRequired)),
        (r#"{"essential":true,"values":["aal2","aal1"]}"#, Ok(Assurance::Any)),
        (r#"{"essential":true,"values":["loa9"]}"#, Err(ErrorKind::AccessDenied)),
    ] {
        assert_eq!(acr(wish), expected, "{wish}");
    }
}

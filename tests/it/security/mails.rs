//! What requests can do to mails: nothing (P10, P11), and not many of them (P12).

use std::time::Duration;

use doorward_tests::bootstrap::{CLIENT_SECRET, WEBAPP};
use doorward_tests::harness::people::{ERIN, ERIN_MAIL, ERIN_PHONE, FRANK, FRANK_MAIL};
use doorward_tests::harness::raw;
use doorward_tests::harness::verification::{client, with};
use doorward_tests::{App, Options, on_both};
use reqwest::Method;
use serde_json::json;

on_both![known; p10_no_header_moves_a_link];
on_both![open; p11_no_address_smuggles_a_header];
on_both![p11_no_name_smuggles_a_header, p11_no_stored_address_smuggles_a_recipient];
on_both![limited;
    p12_a_mailbox_gets_a_few_mails_and_replies_stay_the_same,
    p12_wishes_for_nobody_are_answered_alike,
    p12_a_restart_forgets_no_mails,
    p12_parallel_wishes_are_counted,
];
on_both![few_from_one_address; p12_an_address_causes_a_few_mails];
on_both![texts; p12_a_telephone_gets_a_few_texts];

const BASE: &str = "https://shop.example.test/app";

fn open() -> Options {
    Options::default().set("native.sign_up_tenant", "acme")
}

fn known() -> Options {
    open().set("native.web_app_url", BASE)
}

fn limited() -> Options {
    open().set("limits.enabled", "true").set("limits.message_burst", "3").set("limits.message_refill", "12m")
}

fn texts() -> Options {
    limited().set("native.otp_method", "sms")
}

fn few_from_one_address() -> Options {
    limited()
        .set("limits.message_address_burst", "4")
        .set("limits.message_address_refill", "1m")
        .set("server.trusted_proxies", "10.0.0.0/8")
}

/// Request line or headers that name another host; `Host` is set by the first part.
const ATTACKS: [(&str, &str, &str); 12] = [
    ("", "evil.test", ""),
    ("", "evil.test:443", ""),
    ("", "shop.example.test@evil.test", ""),
    ("", "shop.example.test", "X-Forwarded-Host: evil.test\r\n"),
    ("", "shop.example.test", "X-Host: evil.test\r\nX-Original-Host: evil.test\r\n"),
    ("", "shop.example.test", "X-Forwarded-Server: evil.test\r\nX-HTTP-Host-Override: evil.test\r\n"),
    ("", "shop.example.test", "Forwarded: host=evil.test;proto=javascript\r\n"),
    ("", "shop.example.test", "X-Forwarded-Proto: javascript\r\nX-Forwarded-Prefix: //evil.test\r\n"),
    ("", "shop.example.test", "X-Original-URL: http://evil.test/\r\nX-Rewrite-URL: //evil.test/\r\n"),
    ("", "shop.example.test", "Origin: https://evil.test\r\nReferer: https://evil.test/\r\n"),
    ("http://evil.test", "shop.example.test", ""),
    ("http://evil.test", "evil.test", "X-Forwarded-Host: evil.test, evil.test\r\n"),
];

async fn p10_no_header_moves_a_link(app: &App) {
    app.introduce_people().await;
    let forget = with(client(WEBAPP), "username", ERIN).to_string();
    let sign_up = json!({ "email": "new@example.com" }).to_string();
    let wishes = [
        ("/auth/forget-password", &forget, ERIN_MAIL, "forgot-password", "/reset-password"),
        ("/auth/sign-up/create-token", &sign_up, "new@example.com", "registration", "/sign-up"),
    ];
    for (path, body, to, kind, page) in wishes {
        for (target, host, headers) in ATTACKS {
            let length = body.len();
            let request = format!(
                "POST {target}{path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Type: application/json\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            let answer = raw::exchange(app.address(), request.as_bytes(), Duration::from_secs(20)).await;
            let status = raw::status_of(&answer);
            assert!(status == Some(204), "{target} {host} {headers}: {}", String::from_utf8_lossy(&answer));
            let letter = app.letter(to, kind).await;
            assert_eq!(letter.link(), format!("{BASE}{page}"), "{host} {headers}");
            assert!(!letter.raw.contains("evil") && !letter.html.contains("evil"), "{}", letter.raw);
        }
    }
}

/// Addresses that would be more than one recipient, more than a header, or an option of a program.
const ADDRESSES: [&str; 16] = [
    "a@example.com\r\nBcc: evil@example.com",
    "a@example.com\nBcc: evil@example.com",
    "a@example.com\rBcc: evil@example.com",
    "a@example.com%0d%0aBcc:evil@example.com",
    "a@example.com, evil@example.com",
    "a@example.com; evil@example.com",
    "a@example.com evil@example.com",
    "a@example.com>,<evil@example.com",
    "<a@example.com>",
    "\"a\" <a@example.com>",
    "\"a\\\"@example.com",
    "\"a\r\nBcc: evil@example.com\"@example.com",
    "a@example.com\u{0}evil@example.com",
    "a@example.com\r\n.\r\nMAIL FROM:<evil@example.com>",
    "a@[127.0.0.1]\r\n",
    "evil@example.com@example.com",
];

async fn p11_no_address_smuggles_a_header(app: &App) {
    for address in ADDRESSES {
        let reply = app.request_sign_up(address).await;
        assert!([204, 422].contains(&reply.status), "{address:?}: {}", reply.text);
        for letter in app.letters().await {
            assert_eq!(letter.to.len(), 1, "{address:?}: {}", letter.raw);
            assert!(!letter.to[0].contains("evil") || address.contains("%0d"), "{address:?}: {}", letter.raw);
            assert!(!letter.raw.to_lowercase().contains("\nbcc:"), "{address:?}: {}", letter.raw);
        }
        app.outbox().clear();
    }
    // An odd address that is one is written to, as one.
    assert_eq!(app.request_sign_up("-oQ/tmp@example.com").await.status, 204);
    for letter in app.letters().await {
        assert_eq!(letter.to, ["-oQ/tmp@example.com"], "{}", letter.raw);
    }
}

const NAMES: [&str; 6] = [
    "UPDATE users SET first_name = 'Erin\r\nBcc: evil@example.com' WHERE username = 'erin'",
    "UPDATE users SET first_name = 'Erin, evil@example.com;' WHERE username = 'erin'",
    "UPDATE users SET first_name = '\" <evil@example.com>, \"', last_name = '\r\n\r\nhello' WHERE username = 'erin'",
    "UPDATE users SET first_name = '<a href=\"https://evil.test\">click</a>' WHERE username = 'erin'",
    "UPDATE users SET first_name = '{{url}} [click](https://evil.test) {{{user.userName}}}' WHERE username = 'erin'",
    "UPDATE tenants SET name = 'Acme\r\nBcc: evil@example.com\r\n\r\n.\r\nQUIT'",
];

async fn p11_no_name_smuggles_a_header(app: &App) {
    app.introduce_people().await;
    for statement in NAMES {
        app.place.execute(statement).await;
        assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
        let letter = app.letter(ERIN_MAIL, "forgot-password").await;
        assert_eq!(letter.to, [ERIN_MAIL], "{}", letter.raw);
        let head = letter.raw.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
        assert!(!head.contains("\nbcc:") && !head.contains("\ncc:"), "{head}");
        assert!(!letter.html.contains("href=\"https://evil.test\""), "names are words: {}", letter.html);
        assert!(letter.token().len() >= 43);
        assert_eq!(letter.text.matches("?token=").count(), 1, "{}", letter.text);
    }
}

const STORED: [&str; 3] = [
    "UPDATE users SET email = 'a@example.com\r\nBcc: evil@example.com' WHERE username = 'erin'",
    "UPDATE users SET email = 'a@example.com, evil@example.com' WHERE username = 'erin'",
    "UPDATE users SET email = 'evil' WHERE username = 'erin'",
];

/// However it came into the database.
async fn p11_no_stored_address_smuggles_a_recipient(app: &App) {
    app.introduce_people().await;
    for statement in STORED {
        app.place.execute(statement).await;
        assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
        let written = app.letters().await;
        assert!(written.is_empty(), "{statement}: {written:?}");
    }
    // The queue goes on for others.
    assert_eq!(app.forget_password(WEBAPP, FRANK).await.status, 204);
    let _ = app.letter(FRANK_MAIL, "forgot-password").await;
}

async fn p12_a_mailbox_gets_a_few_mails_and_replies_stay_the_same(app: &App) {
    app.introduce_people().await;
    for turn in 0..100 {
        let reply = match turn % 3 {
            0 => app.forget_password(WEBAPP, ERIN).await,
            1 => app.send_otp(WEBAPP, ERIN).await,
            _ => app.request_sign_up("ERIN@example.com").await,
        };
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{turn}");
        assert_eq!(reply.header("retry-after"), "");
    }
    let mut kinds = app.kinds_to(ERIN_MAIL).await;
    kinds.sort_unstable();
    let few = ["account-exists", "forgot-password", "one-time-passcode"].map(|kind| vec![kind; 3]).concat();
    assert_eq!(kinds, few, "one sort keeps no other away");
    app.outbox().clear();
    // Others are not concerned, and time heals.
    assert_eq!(app.forget_password(WEBAPP, FRANK).await.status, 204);
    let _ = app.letter(FRANK_MAIL, "forgot-password").await;
    app.advance(Duration::from_mins(12));
    for _ in 0..3 {
        assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    }
    assert_eq!(app.kinds_to(ERIN_MAIL).await, ["forgot-password"]);
}

async fn p12_wishes_for_nobody_are_answered_alike(app: &App) {
    app.introduce_people().await;
    for _ in 0..6 {
        for username in ["nobody-at-all", "bob", "ines"] {
            let replies = [app.forget_password(WEBAPP, username).await, app.send_otp(WEBAPP, username).await];
            assert!(replies.iter().all(|reply| reply.status == 204 && reply.text.is_empty()));
        }
    }
    assert_eq!(app.letters().await.len(), 0);
}

async fn p12_a_restart_forgets_no_mails(app: &App) {
    app.introduce_people().await;
    for _ in 0..3 {
        assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    }
    app.restart().await;
    assert_eq!(app.forget_password(WEBAPP, ERIN).await.status, 204);
    assert_eq!(app.letters().await.len(), 3);
}

async fn p12_parallel_wishes_are_counted(app: &App) {
    app.introduce_people().await;
    let wishes = (0..24).map(|_| app.send_otp(WEBAPP, ERIN));
    let replies = futures_util::future::join_all(wishes).await;
    assert!(replies.iter().all(|reply| reply.status == 204));
    assert_eq!(app.letters().await.len(), 3);
}

async fn p12_an_address_causes_a_few_mails(app: &App) {
    app.introduce_people().await;
    for (number, username) in [ERIN, FRANK, "gwen", "alice", "olga", ERIN, FRANK].into_iter().enumerate() {
        // Whoever is no proxy is not believed.
        let request = app.request(Method::POST, "/auth/forget-password");
        let request = request.header("x-forwarded-for", format!("198.51.100.{number}"));
        let body = json!({ "client_id": WEBAPP, "client_secret": CLIENT_SECRET, "username": username });
        assert_eq!(app.send(request.json(&body)).await.status, 204);
    }
    let sent = app.letters().await.len();
    assert!((3..=4).contains(&sent), "olga gets none, and the last two come too late: {sent}");
    app.advance(Duration::from_mins(1));
    assert_eq!(app.forget_password(WEBAPP, FRANK).await.status, 204);
    assert_eq!(app.letters().await.len(), sent + 1);
}

async fn p12_a_telephone_gets_a_few_texts(app: &App) {
    app.introduce_people().await;
    for _ in 0..10 {
        assert_eq!(app.send_otp(WEBAPP, ERIN).await.status, 204);
    }
    assert_eq!(app.kinds_to(ERIN_PHONE).await.len(), 3);
    assert_eq!(app.kinds_to(ERIN_MAIL).await, Vec::<String>::new());
}

//! What mails look like, and what hostile names make of them: nothing.

use doorward_core::domain::message::MailKind;
use insta::assert_snapshot;

use super::*;
use crate::testing::{mail, message, words};

fn sender() -> Sender {
    Sender::parse("noreply@acme.test").expect("a sender")
}

fn composed(message: &Message) -> String {
    let mail = compose(message, &words(), &sender()).expect("a mail");
    String::from_utf8(mail.formatted()).expect("ASCII").replace("\r\n", "\n")
}

/// The text part of a mail whose parts are not encoded.
fn plain(message: &Message) -> String {
    words().mail(message).expect("words").plain
}

#[test]
fn a_mail_has_a_text_and_an_html_part() {
    assert_snapshot!(composed(&mail()), @r#"
    From: Acme <noreply@acme.test>
    To: bob@acme.test
    Subject: Reset your Acme password
    Date: Fri, 06 Nov 2026 21:20:00 +0000
    Message-ID: <018f3e6a-0000-7000-8000-000000000001@acme.test>
    Auto-Submitted: auto-generated
    X-Message-Type: forgot-password
    MIME-Version: 1.0
    Content-Type: multipart/alternative;
     boundary="doorward-018f3e6a-0000-7000-8000-000000000001"

    --doorward-018f3e6a-0000-7000-8000-000000000001
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: 7bit

    Hello Bob,

    Somebody, probably you, asked for a new password for your account at Acme.
    Choose it here:

    Choose a new password: https://auth.acme.test/go?token=abc_-123

    The link works once, and expires in 30 minutes.

    If it was not you, ignore this message: your password stays as it is.

    Acme

    --doorward-018f3e6a-0000-7000-8000-000000000001
    Content-Type: text/html; charset=utf-8
    Content-Transfer-Encoding: 7bit

    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <style>
    body { font-family: sans-serif; line-height: 1.5; color: #222; max-width: 36em; margin: 2em auto; padding: 0 1em }
    h1 { font-size: 1.4em; font-weight: 600 }
    a { color: #0645ad }
    code { font-size: 1.6em; letter-spacing: 0.15em }
    </style>
    </head>
    <body>
    <p>Hello Bob,</p>
    <p>Somebody, probably you, asked for a new password for your account at Acme.
    Choose it here:</p>
    <p><a href="https://auth.acme.test/go?token=abc_-123">Choose a new password</a></p>
    <p>The link works once, and expires in 30 minutes.</p>
    <p>If it was not you, ignore this message: your password stays as it is.</p>
    <p>Acme</p>
    </body>
    </html>

    --doorward-018f3e6a-0000-7000-8000-000000000001--
    "#);
}

#[test]
fn attempts_are_one_mail() {
    assert_eq!(composed(&mail()), composed(&mail()));
    assert!(composed(&mail()).contains("Message-ID: <018f3e6a-0000-7000-8000-000000000001@acme.test>\n"));
}

#[test]
fn codes_and_links_are_bare_in_the_text() {
    let to = Destination::Email("bob@acme.test".to_owned());
    assert_snapshot!(plain(&message(MailKind::OneTimePasscode, to.clone(), "en")), @r"
    Hello Bob,

    Your verification code is:

    123456

    It works once, and expires in 30 minutes. Never tell it to anybody, not even to us.

    If you are not signing in just now, somebody else knows your username: you can ignore this message.

    Acme
    ");
    assert_snapshot!(plain(&message(MailKind::VerifyEmail, to.clone(), "de-AT")), @r"
    Guten Tag, Bob Builder,

    bitte bestätigen Sie, dass dies die E-Mail-Adresse Ihres Kontos bei Acme ist:

    Meine Adresse bestätigen: https://auth.acme.test/go?token=abc_-123

    Der Link gilt einmal und läuft in 30 Minuten ab.

    Haben Sie dort kein Konto, so beachten Sie diese Nachricht nicht weiter.

    Acme
    ");
    assert_snapshot!(plain(&message(MailKind::NewDevice, to, "en")), @r"
    Hello Bob,

    Somebody signed in to your account at Acme from where you have not signed in before:

    - When: 2026-11-06 21:20 UTC
    - Address: 192.0.2.1
    - Device: Mozilla/5.0 (X11; Linux x86_64)

    If it was you, there is nothing to do. If not, change your password at once and get in touch with us.

    Acme
    ");
}

#[test]
fn text_messages_are_one_line() {
    let phone = Destination::Phone("+43123456".to_owned());
    let text = |kind, locale| words().text(&message(kind, phone.clone(), locale)).expect("words");
    assert_snapshot!(text(MailKind::OneTimePasscode, "en"), @"123456 is your verification code for Acme. It expires in 30 minutes. Never tell it to anybody.");
    assert_snapshot!(text(MailKind::OneTimePasscode, "de"), @"123456 ist Ihr Bestätigungscode für Acme. Er läuft in 30 Minuten ab. Geben Sie ihn niemandem weiter.");
    assert_snapshot!(text(MailKind::ResetPassword, "en"), @"Your Acme password was changed");
    for kind in MailKind::ALL {
        assert!(!text(kind, "en").contains('\n') && !text(kind, "de").is_empty(), "{kind:?}");
    }
}

#[test]
fn what_is_unknown_leaves_no_trace() {
    let mut message = mail();
    message.particulars.person = None;
    assert!(plain(&message).starts_with("Hello,\n\n"), "{}", plain(&message));
    message.kind = MailKind::NewDevice;
    message.particulars.device = None;
    message.particulars.address = None;
    assert!(plain(&message).contains("- Device: unknown\n"), "{}", plain(&message));
}

#[test]
fn the_tenants_name_goes_before_the_operators() {
    let mut message = mail();
    assert!(
        composed(&message)
            .contains("From: Acme <noreply@acme.test>\nTo: bob@acme.test\nSubject: Reset your Acme")
    );
    message.particulars.organization = Some("Umbrella".to_owned());
    assert!(composed(&message).contains("From: Umbrella <noreply@acme.test>\n"), "{}", composed(&message));
    // With a comma it is encoded (RFC 2047) and stays one mailbox.
    message.particulars.organization = Some("Umbrella, Inc".to_owned());
    assert!(composed(&message).starts_with("From: =?utf-8?b?VW1icmVsbGEsIEluYw==?= <noreply@acme.test>\n"));
}

const HOSTILE: &str = "<script>alert(1)</script>[click](https://evil.test/x)\r\nBcc: eve@evil.test\r\n\r\n.\r\n{{params.otp}}**x**";

#[test]
fn hostile_names_are_only_text() {
    let mut message = mail();
    let person = message.particulars.person.as_mut().expect("a person");
    person.first_name = HOSTILE.to_owned();
    let words = words().mail(&message).expect("words");
    assert!(!words.html.contains("<script") && !words.html.contains("evil.test"), "{}", words.html);
    assert!(!words.html.contains("<strong>") && words.html.matches("<a ").count() == 1, "{}", words.html);
    assert!(!words.plain.contains("evil.test") && !words.plain.contains("\nBcc"), "{}", words.plain);
    assert!(!words.plain.contains("123456") && !words.html.contains("123456"));
    assert_snapshot!(words.plain.lines().next().unwrap_or_default(), @"Hello <script>alert(1)</script>[click](https evil. test/x)  Bcc: eve@evil. test    .  {{,");
}

#[test]
fn no_value_becomes_a_header() {
    let mut message = mail();
    message.particulars.organization = Some(HOSTILE.to_owned());
    let mail = composed(&message);
    let (head, _) = mail.split_once("\n\n").expect("a head");
    // A line that begins with a blank goes on with the header before it.
    let names: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split(':').next())
        .collect();
    assert_eq!(
        names,
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "X-Message-Type",
            "MIME-Version",
            "Content-Type"
        ],
        "{head}"
    );
}

#[test]
fn recipients_are_one_address() {
    for address in [
        "",
        "bob",
        "bob@",
        "bob@acme.test\r\nBcc: eve@evil.test",
        "bob@acme.test, eve@evil.test",
        "bob@acme.test;eve@evil.test",
        "Bob <bob@acme.test>",
        "<bob@acme.test>",
        "bob@acme.test>\u{0}",
        "\"a\\\"@acme.test",
        &format!("{}@acme.test", "a".repeat(250)),
    ] {
        let refused = compose(
            &message(MailKind::Welcome, Destination::Email(address.to_owned()), "en"),
            &words(),
            &sender(),
        );
        assert!(matches!(refused, Err(DeliveryError::Permanent(_))), "{address:?}");
    }
    for destination in [Destination::Nobody, Destination::Phone("+43123456".to_owned())] {
        let refused = compose(&message(MailKind::Welcome, destination, "en"), &words(), &sender());
        assert!(matches!(refused, Err(DeliveryError::Permanent(_))));
    }
    for odd in ["-oQ/tmp@acme.test", "o'neil+x@acme.test", "\"a b\"@acme.test"] {
        let mail = compose(
            &message(MailKind::Welcome, Destination::Email(odd.to_owned()), "en"),
            &words(),
            &sender(),
        );
        let mail = mail.expect("an odd address is one");
        assert_eq!(mail.envelope().to().len(), 1, "{odd}");
        assert_eq!(mail.envelope().to()[0].to_string(), odd);
    }
}

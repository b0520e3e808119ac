//! An authenticator app as people have it: it scans the QR code (zbar) and computes codes (RFC 6238).

use std::process::Command;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::domain::time::Timestamp;

/// Seconds of a time step.
pub const STEP: i64 = 30;

/// An app that has scanned a QR code.
#[derive(Clone, Debug)]
pub struct Authenticator {
    /// What the QR code says: `otpauth://totp/…`.
    pub url: String,
    /// The secret in base32, as people would type it in.
    pub secret: String,
    key: Vec<u8>,
}

impl Authenticator {
    /// Scans the image of a data URI.
    ///
    /// # Panics
    /// When zbarimg is missing, or the image is no QR code of a TOTP secret.
    #[must_use]
    pub fn scan(data_uri: &str) -> Self {
        let image = data_uri.strip_prefix("data:image/png;base64,").expect("a PNG image in a data URI");
        let image = STANDARD.decode(image).expect("base64");
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let file = directory.path().join("code.png");
        std::fs::write(&file, image).expect("a file can be written");
        let mut command = Command::new("zbarimg");
        command.args(["--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable"]).arg(&file);
        let scanned = run(command, "zbarimg", "zbar-tools");
        let url = scanned.trim_end().to_owned();
        let parameters = url.strip_prefix("otpauth://totp/").and_then(|rest| rest.split_once('?'));
        let (_, parameters) = parameters.unwrap_or_else(|| unreachable!("no secret in {url}"));
        let secret = parameters.split('&').find_map(|pair| pair.strip_prefix("secret="));
        let secret = secret.unwrap_or_else(|| unreachable!("no secret in {url}")).to_owned();
        let key = base32(&secret);
        Self { url, secret, key }
    }

    /// The secret's bytes.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The code of a moment.
    #[must_use]
    pub fn code(&self, at: Timestamp) -> String {
        self.code_of_step(at.unix_seconds().div_euclid(STEP))
    }

    /// The code of a time step (RFC 4226 §5.3).
    #[must_use]
    pub fn code_of_step(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.key);
        let mac = hmac::sign(&key, &step.to_be_bytes());
        let mac = mac.as_ref();
        let offset = usize::from(mac[mac.len() - 1] & 0x0f);
        let four = [mac[offset] & 0x7f, mac[offset + 1], mac[offset + 2], mac[offset + 3]];
        format!("{:06}", u32::from_be_bytes(four) % 1_000_000)
    }

    /// The same by oathtool, as somebody else computes it.
    ///
    /// # Panics
    /// When it is missing.
    #[must_use]
    pub fn code_by_oathtool(&self, at: Timestamp) -> String {
        let mut command = Command::new("oathtool");
        command.args(["--totp", "-b", &self.secret, &format!("--now=@{}", at.unix_seconds())]);
        run(command, "oathtool", "oathtool").trim_end().to_owned()
    }
}

/// A program's output.
fn run(mut command: Command, program: &str, package: &str) -> String {
    let output = command.output();
    let output = output.unwrap_or_else(|error| {
        unreachable!("{program}: {error}; ./dev test installs it (Debian: {package}), and no test is skipped")
    });
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).expect("ASCII")
}

/// RFC 4648 §6, without padding.
fn base32(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => unreachable!("no base32: {text}"),
        };
        bits = (bits << 5 | u32::from(value)) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

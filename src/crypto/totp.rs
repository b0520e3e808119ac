//! Authenticator apps: time-based one-time passwords (RFC 6238) and the QR code that hands the secret over.

use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::domain::secret::Secret;
use doorward_core::domain::time::Timestamp;
use doorward_core::ports::totp::{Enrolment, Totp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{Color, EcLevel, QrCode};
use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

/// Apps know nothing else: some ignore what the URL says of algorithm, digits and period.
const ALGORITHM: Algorithm = Algorithm::SHA1;
const DIGITS: u8 = 6;
const PERIOD: u64 = 30;
/// Steps either way that are accepted, for clocks that go wrong (RFC 6238 §5.2).
const SKEW: u16 = 1;

/// White around a QR code, in modules (ISO/IEC 18004 §6.3.8).
const QUIET_ZONE: usize = 4;
/// Edge of a module in pixels; of one bit each, so that a module's row is a byte.
const MODULE: usize = 8;
const WHITE: u8 = 0xff;
const BLACK: u8 = 0x00;
/// Most characters of an account's name that an app is shown: with more, phones cannot read the code.
const MAX_ACCOUNT: usize = 64;

/// All but the unreserved characters (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The arithmetic of authenticator apps.
#[derive(Clone, Copy, Debug, Default)]
pub struct TotpCodes;

impl Totp for TotpCodes {
    fn matching_step(&self, secret: &Secret<Vec<u8>>, code: &str, now: Timestamp) -> Option<i64> {
        let seconds = u64::try_from(now.unix_seconds()).ok()?;
        // Takes exactly six ASCII digits, and compares in constant time.
        let step = settings(secret).check(code, seconds)?;
        i64::try_from(step).ok()
    }

    fn enrolment(&self, secret: &Secret<Vec<u8>>, issuer: &str, account: &str) -> Result<Enrolment, Error> {
        let url = url(secret, issuer, account);
        let qr_code_png = draw(url.expose())?;
        Ok(Enrolment { url, qr_code_png })
    }
}

fn settings(secret: &Secret<Vec<u8>>) -> totp_rs::Totp {
    Builder::new()
        .with_algorithm(ALGORITHM)
        .with_digits(DIGITS)
        .with_step_duration(PERIOD)
        .with_skew(SKEW)
        .with_secret(secret.expose().as_slice())
        // Imported secrets may be shorter than RFC 4226 §4 wants.
        .build_noncompliant()
}

/// The key URI that apps read: <https://github.com/google/google-authenticator/wiki/Key-Uri-Format>.
fn url(secret: &Secret<Vec<u8>>, issuer: &str, account: &str) -> Secret<String> {
    let account: String = account.chars().take(MAX_ACCOUNT).collect();
    let [issuer, account] = [issuer, &account].map(|name| utf8_percent_encode(name, RESERVED).to_string());
    let secret = Zeroizing::new(settings(secret).secret().to_base32());
    Secret::new(format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={PERIOD}",
        secret.as_str()
    ))
}

/// A PNG image, black on white.
fn draw(text: &str) -> Result<Secret<Vec<u8>>, Error> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M);
    let code = code.map_err(|error| Error::because(ErrorKind::Internal, error))?;
    let modules = code.width();
    let edge = modules + 2 * QUIET_ZONE;
    let colors = code.into_colors();
    let mut pixels = Zeroizing::new(vec![WHITE; edge * MODULE * edge]);
    for (number, row) in pixels.chunks_exact_mut(edge).enumerate() {
        let Some(y) = (number / MODULE).checked_sub(QUIET_ZONE).filter(|y| *y < modules) else {
            continue;
        };
        for (pixel, color) in row[QUIET_ZONE..].iter_mut().zip(&colors[y * modules..(y + 1) * modules]) {
            *pixel = if *color == Color::Dark { BLACK } else { WHITE };
        }
    }
    encode(&pixels, edge * MODULE)
        .map(Secret::new)
        .map_err(|error| Error::because(ErrorKind::Internal, error))
}

fn encode(pixels: &[u8], edge: usize) -> Result<Vec<u8>, png::EncodingError> {
    let edge = u32::try_from(edge).unwrap_or(u32::MAX);
    let mut image = Vec::new();
    let mut encoder = png::Encoder::new(&mut image, edge, edge);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret<Vec<u8>> {
        Secret::new(b"12345678901234567890".to_vec())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).expect("a moment that exists")
    }

    fn step(code: &str, seconds: i64) -> Option<i64> {
        TotpCodes.matching_step(&secret(), code, at(seconds))
    }

    /// RFC 6238 appendix B; of its eight digits the last six.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn the_vectors_of_the_rfc_match() {
        for (seconds, code) in VECTORS {
            assert_eq!(step(code, seconds), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn one_step_off_either_way_matches_and_two_do_not() {
        let (seconds, code) = VECTORS[3];
        let start = seconds / 30 * 30;
        for (now, expected) in [
            (start - 31, None),
            (start - 30, Some(start / 30)),
            (start + 59, Some(start / 30)),
            (start + 60, None),
        ] {
            assert_eq!(step(code, now), expected, "{}", now - start);
        }
    }

    #[test]
    fn anything_but_six_ascii_digits_matches_nothing() {
        let odd =
            ["", "5924", "05924", "0005924", " 05924", "+05924", "005924 ", "00592٤", "oo5924", "005925"];
        for code in odd {
            assert_eq!(step(code, VECTORS[3].0), None, "{code:?}");
        }
        assert_eq!(step("287082", -1), None, "before 1970 there is no step");
    }

    #[test]
    fn the_url_names_everything_and_hides_nothing_in_the_names() {
        let url = url(&secret(), "Acme & Söhne", "a:b@example.com?secret=x");
        assert_eq!(
            url.expose(),
            "otpauth://totp/Acme%20%26%20S%C3%B6hne:a%3Ab%40example.com%3Fsecret%3Dx\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20S%C3%B6hne\
             &algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn the_image_is_a_square_with_a_white_border() {
        let enrolment = TotpCodes.enrolment(&secret(), "Doorward", "alice").expect("short names fit");
        let image = enrolment.qr_code_png.expose();
        let decoder = png::Decoder::new(std::io::Cursor::new(image.as_slice()));
        let mut reader = decoder.read_info().expect("a PNG image");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a small image")];
        let frame = reader.next_frame(&mut pixels).expect("a whole image");
        assert_eq!(frame.width, frame.height);
        let row = frame.line_size;
        let border = QUIET_ZONE * MODULE * row;
        assert!(pixels[..border].iter().all(|byte| *byte == WHITE), "white above");
        assert_eq!(pixels[border + QUIET_ZONE], BLACK, "the corner of a finder pattern");
        assert!(
            pixels.chunks(row).all(|line| line[..QUIET_ZONE] == [WHITE; QUIET_ZONE]),
            "white at the left"
        );
    }

    #[test]
    fn long_names_of_accounts_fit_and_endless_issuers_do_not() {
        let long = "\u{1f3e0}".repeat(150);
        assert!(TotpCodes.enrolment(&secret(), "Doorward", &long).is_ok());
        let error = TotpCodes.enrolment(&secret(), &"x".repeat(4000), "alice").expect_err("too much");
        assert_eq!(error.kind, ErrorKind::Internal);
    }
}

//! Proof key for code exchange, method S256 (RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::secret::{TokenHash, constant_time_eq};

/// SHA-256 is 43 characters of base64url.
const CHALLENGE_LENGTH: usize = 43;

/// Whether it can be a challenge: base64url of a SHA-256 (RFC 7636 §4.2).
#[must_use]
pub fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE_LENGTH
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Whether it can be a verifier: 43 to 128 unreserved characters (RFC 7636 §4.1).
#[must_use]
pub fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// The challenge of a verifier (RFC 7636 §4.2).
#[must_use]
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(TokenHash::of(verifier).as_bytes())
}

/// Whether the verifier is the challenge's (RFC 7636 §4.6); where they differ is not told by time.
#[must_use]
pub fn proves(verifier: &str, challenge: &str) -> bool {
    is_verifier(verifier) && constant_time_eq(challenge_of(verifier).as_bytes(), challenge.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: (&str, &str) = (
        "ZpJiIM_G0SE9WlxzS69Cq0mQh8uyFaeEbILlW8tHs62SmEE6n7Nke0XJGx_F4OduTI4",
        "j3wKnK2Fa_mc2tgdqa6GtUfCYjdWSA5S23JKTTtPF8Y",
    );
    /// RFC 7636 appendix B.
    const PUBLISHED: (&str, &str) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");

    #[test]
    fn rfc7636_4_6_a_verifier_proves_its_own_challenge_only() {
        for (verifier, challenge) in [RECORDED, PUBLISHED] {
            assert!(is_challenge(challenge) && is_verifier(verifier));
            assert!(proves(verifier, challenge));
            assert!(!proves(&verifier.to_lowercase(), challenge));
            assert!(!proves(challenge, challenge), "the plain method is not known");
            assert!(!proves("", challenge));
        }
        assert!(!proves(RECORDED.0, PUBLISHED.1));
        assert!(!proves("", &challenge_of("")), "too short for a verifier, whatever its hash");
    }

    #[test]
    fn rfc7636_4_1_lengths_and_characters_are_bounded() {
        let of = |length: usize| "a".repeat(length);
        assert!(
            !is_verifier(&of(42)) && is_verifier(&of(43)) && is_verifier(&of(128)) && !is_verifier(&of(129))
        );
        assert!(!is_challenge(&of(42)) && is_challenge(&of(43)) && !is_challenge(&of(44)));
        for other in ["=", " ", "+", "/", "é"] {
            assert!(!is_verifier(&format!("{}{other}", of(50))));
            assert!(!is_challenge(&format!("{}{other}", of(43 - other.len()))));
        }
        assert!(is_verifier(&format!("{}-._~", of(43))));
        assert!(!is_challenge(&format!("{}~", of(42))));
    }
}

//! `at_hash`, `c_hash` and `s_hash` of ID tokens (OpenID Connect Core §3.3.2.11).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::key::Algorithm;

/// The left half of the text's hash, base64url; the hash is that of the algorithm the ID token is signed with.
#[must_use]
pub fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let kind = match algorithm {
        Algorithm::ES256 | Algorithm::RS256 | Algorithm::HS256 => &digest::SHA256,
        Algorithm::EdDSA => &digest::SHA512,
    };
    let hash = digest::digest(kind, text.as_bytes());
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_codes_and_states_have_their_recorded_hashes() {
        for (text, hash) in
            [("CNSo0MmVgFixISR4mbuRpXsmflk", "u5oWYojtRWeCE1lzy_ehOQ"), ("abc123", "bKE9UspwyIPg8LsQHkJaiQ")]
        {
            assert_eq!(half_hash(Algorithm::RS256, text), hash);
            assert_eq!(half_hash(Algorithm::ES256, text), hash);
        }
    }

    #[test]
    fn eddsa_takes_half_of_sha_512() {
        assert_eq!(half_hash(Algorithm::EdDSA, "abc123").len(), 43, "256 bits");
        assert_ne!(half_hash(Algorithm::EdDSA, "abc123")[..22], half_hash(Algorithm::ES256, "abc123"));
    }
}

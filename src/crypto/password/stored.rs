//! Stored password hashes: parsed, judged, verified, and imitated for users who do not exist.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::{Engine, alphabet};
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::password::Verdict;
use password_hash::PasswordVerifier;
use password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use pbkdf2::Pbkdf2;
use scrypt::Scrypt;

use super::memory::Memory;
use super::scheme::Scheme;

/// Longest stored hash that is looked at, in bytes.
const MAX_STORED_BYTES: usize = 512;
/// bcrypt looks at no more of a password, in bytes.
const BCRYPT_SEES: usize = 72;
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD);
const ARGON2_VERSION: u32 = 0x13;

/// A stored hash that can be verified at a bearable cost.
#[derive(Clone, Debug)]
pub(crate) struct StoredHash {
    /// Kind and cost.
    pub(crate) scheme: Scheme,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Phc(Box<PasswordHash>),
    Bcrypt(String),
}

impl StoredHash {
    /// Reads a PHC string or a bcrypt hash; `None` for anything broken, unknown or too dear.
    pub(crate) fn parse(stored: &str) -> Option<Self> {
        // The bcrypt crate once panicked on a hash that was not ASCII (RUSTSEC-2026-0199).
        if stored.len() > MAX_STORED_BYTES || !stored.is_ascii() {
            return None;
        }
        if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| stored.starts_with(prefix)) {
            let parts: bcrypt::HashParts = stored.parse().ok()?;
            let scheme = Scheme::Bcrypt { cost: parts.get_cost() };
            return scheme.is_bearable().then(|| Self { scheme, form: Form::Bcrypt(stored.to_owned()) });
        }
        let mut hash = PasswordHash::new(stored).ok()?;
        let scheme = Scheme::of_phc(&hash)?;
        if matches!(scheme, Scheme::Argon2 { .. }) && hash.version.is_none() {
            // A string without `v=` is of the first published version (the reference decoder says so).
            hash.version = Some(0x10);
        }
        Some(Self { scheme, form: Form::Phc(Box::new(hash)) })
    }

    /// A hash of the given kind and cost that no password matches: its digest is random.
    pub(crate) fn imitation(scheme: Scheme, entropy: &dyn Entropy) -> Option<Self> {
        let (mut salt, mut digest) = ([0; 16], [0; 64]);
        entropy.fill(&mut salt);
        entropy.fill(&mut digest);
        let phc = |kind: &str, version: Option<u32>, params: String, length: usize| {
            Some(PasswordHash {
                algorithm: Ident::new(kind).ok()?,
                version,
                params: params.parse::<ParamsString>().ok()?,
                salt: Some(Salt::new(&salt).ok()?),
                hash: Some(Output::new(digest.get(..length)?).ok()?),
            })
        };
        let form = match scheme {
            Scheme::Bcrypt { cost } => {
                let (salt, digest) = (BCRYPT_BASE64.encode(salt), BCRYPT_BASE64.encode(digest.get(..23)?));
                Form::Bcrypt(format!("$2b${cost:02}${salt}{digest}"))
            }
            Scheme::Argon2 { id, memory, iterations, lanes } => Form::Phc(Box::new(phc(
                if id { "argon2id" } else { "argon2i" },
                Some(ARGON2_VERSION),
                format!("m={memory},t={iterations},p={lanes}"),
                32,
            )?)),
            Scheme::Scrypt { log_n, r, p } => {
                Form::Phc(Box::new(phc("scrypt", None, format!("ln={log_n},r={r},p={p}"), 32)?))
            }
            Scheme::Pbkdf2 { sha512, rounds, length } => Form::Phc(Box::new(phc(
                if sha512 { "pbkdf2-sha512" } else { "pbkdf2-sha256" },
                None,
                format!("i={rounds},l={length}"),
                usize::try_from(length).ok()?,
            )?)),
        };
        Some(Self { scheme, form })
    }

    /// Compares, on the calling thread; `Err` when the stored hash turns out broken.
    ///
    /// # Security
    /// bcrypt sees 72 bytes: hashes made elsewhere from longer passwords were cut off there, so ours are too, and the
    /// rehash that follows covers the whole password. A password with a NUL never matches: bcrypt would take `a\0a`
    /// for `a`, since it repeats the terminated key.
    pub(crate) fn verify(
        &self,
        password: &[u8],
        current: Scheme,
        memory: &Memory,
    ) -> Result<Verdict, BrokenHash> {
        let (is_right, has_current_form) = match &self.form {
            Form::Bcrypt(stored) => {
                let seen = password.get(..BCRYPT_SEES).unwrap_or(password);
                let is_right = bcrypt::verify(seen, stored).map_err(|_| BrokenHash)?;
                (is_right && !password.contains(&0), true)
            }
            Form::Phc(hash) => {
                let outcome = match self.scheme {
                    Scheme::Argon2 { .. } => verify_argon2(password, hash, memory),
                    Scheme::Scrypt { .. } => Scrypt::new().verify_password(password, hash.as_ref()),
                    _ => Pbkdf2::default().verify_password(password, hash.as_ref()),
                };
                let is_right = match outcome {
                    Ok(()) => true,
                    Err(password_hash::Error::PasswordInvalid) => false,
                    Err(_) => return Err(BrokenHash),
                };
                (is_right, hash.version == Some(ARGON2_VERSION))
            }
        };
        Ok(match (is_right, self.scheme == current && has_current_form) {
            (false, _) => Verdict::NoMatch,
            (true, true) => Verdict::Match,
            (true, false) => Verdict::MatchRehash,
        })
    }
}

/// The stored hash parses, but its function refuses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BrokenHash;

/// What `argon2`'s own verifier does, in memory of ours.
fn verify_argon2(password: &[u8], stored: &PasswordHash, memory: &Memory) -> password_hash::Result<()> {
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(password_hash::Error::PasswordInvalid);
    };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = stored.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let digest = derive(&Argon2::new(algorithm, version, Params::try_from(stored)?), password, salt, memory)?;
    // Compared in constant time by `Output`.
    if digest == *expected { Ok(()) } else { Err(password_hash::Error::PasswordInvalid) }
}

/// A PHC string of the password with argon2id.
pub(crate) fn hash(
    password: &[u8],
    params: &Params,
    salt: &[u8; 16],
    memory: &Memory,
) -> password_hash::Result<String> {
    let digest =
        derive(&Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone()), password, salt, memory)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params)?,
        salt: Some(Salt::new(salt)?),
        hash: Some(digest),
    };
    Ok(hash.to_string())
}

fn derive(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    memory: &Memory,
) -> password_hash::Result<Output> {
    let params = argon2.params();
    let mut digest = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
    let blocks = params.block_count();
    memory
        .lend(blocks, |blocks| argon2.hash_password_into_with_memory(password, salt, &mut digest, blocks))?;
    Ok(Output::new(&digest)?)
}

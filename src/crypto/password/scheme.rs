//! Kinds and costs of password hashes, as text and bounded: an imported hash must not be able to exhaust the machine.

use std::fmt;

use password_hash::phc::PasswordHash;

const MAX_MEMORY_KIB: u64 = 256 * 1024;
const MAX_ARGON2_BLOCKS: u64 = 1024 * 1024;
const MAX_BCRYPT_COST: u32 = 15;
const MAX_SCRYPT_LANES: u32 = 16;
const MAX_PBKDF2_ROUNDS: u32 = 2_000_000;

/// Which hash function, and how dear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scheme {
    /// RFC 9106.
    Argon2 {
        /// argon2id, else argon2i.
        id: bool,
        /// Memory in KiB.
        memory: u32,
        /// Passes.
        iterations: u32,
        /// Parallelism.
        lanes: u32,
    },
    /// `$2a$`, `$2b$`, `$2y$`.
    Bcrypt {
        /// Logarithm of the rounds.
        cost: u32,
    },
    /// RFC 7914.
    Scrypt {
        /// Logarithm of N.
        log_n: u32,
        /// Block size.
        r: u32,
        /// Parallelism.
        p: u32,
    },
    /// RFC 8018 §5.2.
    Pbkdf2 {
        /// HMAC-SHA-512, else HMAC-SHA-256.
        sha512: bool,
        /// Iterations.
        rounds: u32,
        /// Bytes of output: every started digest length costs all rounds again.
        length: u32,
    },
}

impl Scheme {
    /// The scheme of a PHC string, when it is one we verify at a cost we bear.
    pub(crate) fn of_phc(hash: &PasswordHash) -> Option<Self> {
        let number = |name: &str| hash.params.get_decimal(name);
        let length = u32::try_from(hash.hash.as_ref()?.len()).ok()?;
        hash.salt.as_ref()?;
        let scheme = match hash.algorithm.as_str() {
            kind @ ("argon2id" | "argon2i") => Self::Argon2 {
                id: kind == "argon2id",
                memory: number("m")?,
                iterations: number("t")?,
                lanes: number("p")?,
            },
            "scrypt" => Self::Scrypt { log_n: number("ln")?, r: number("r")?, p: number("p")? },
            kind @ ("pbkdf2-sha256" | "pbkdf2-sha512") => {
                Self::Pbkdf2 { sha512: kind == "pbkdf2-sha512", rounds: number("i")?, length }
            }
            _ => return None,
        };
        scheme.is_bearable().then_some(scheme)
    }

    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, parameters) = text.split_once('$')?;
        if kind == "bcrypt" {
            let scheme = Self::Bcrypt { cost: parameters.parse().ok()? };
            return scheme.is_bearable().then_some(scheme);
        }
        let number = |name: &str| {
            parameters.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
        };
        let scheme = match kind {
            "argon2id" | "argon2i" => Self::Argon2 {
                id: kind == "argon2id",
                memory: number("m")?,
                iterations: number("t")?,
                lanes: number("p")?,
            },
            "scrypt" => Self::Scrypt { log_n: number("ln")?, r: number("r")?, p: number("p")? },
            "pbkdf2-sha256" | "pbkdf2-sha512" => {
                Self::Pbkdf2 { sha512: kind == "pbkdf2-sha512", rounds: number("i")?, length: number("l")? }
            }
            _ => return None,
        };
        scheme.is_bearable().then_some(scheme)
    }

    /// Whether one verification stays below a quarter of a gibibyte and a few seconds.
    pub(crate) fn is_bearable(&self) -> bool {
        match *self {
            Self::Argon2 { memory, iterations, lanes, .. } => {
                let (memory, iterations) = (u64::from(memory), u64::from(iterations));
                (1..=64).contains(&lanes)
                    && memory >= 8 * u64::from(lanes)
                    && memory <= MAX_MEMORY_KIB
                    && iterations >= 1
                    && memory * iterations <= MAX_ARGON2_BLOCKS
            }
            Self::Bcrypt { cost } => (4..=MAX_BCRYPT_COST).contains(&cost),
            Self::Scrypt { log_n, r, p } => {
                (1..=20).contains(&log_n)
                    && (1..=32).contains(&r)
                    && (1..=MAX_SCRYPT_LANES).contains(&p)
                    && (u64::from(r) << log_n) / 8 * u64::from(p) <= MAX_MEMORY_KIB
            }
            Self::Pbkdf2 { rounds, length, .. } => {
                (1000..=MAX_PBKDF2_ROUNDS).contains(&rounds) && (10..=64).contains(&length)
            }
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Argon2 { id, memory, iterations, lanes } => {
                let kind = if id { "argon2id" } else { "argon2i" };
                write!(f, "{kind}$m={memory},t={iterations},p={lanes}")
            }
            Self::Bcrypt { cost } => write!(f, "bcrypt${cost}"),
            Self::Scrypt { log_n, r, p } => write!(f, "scrypt$ln={log_n},r={r},p={p}"),
            Self::Pbkdf2 { sha512, rounds, length } => {
                let kind = if sha512 { "pbkdf2-sha512" } else { "pbkdf2-sha256" };
                write!(f, "{kind}$i={rounds},l={length}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in [
            "argon2id$m=19456,t=2,p=1",
            "argon2i$m=65536,t=3,p=4",
            "bcrypt$10",
            "scrypt$ln=15,r=8,p=1",
            "pbkdf2-sha256$i=600000,l=32",
            "pbkdf2-sha512$i=210000,l=64",
        ] {
            assert_eq!(Scheme::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_costs_too_much_or_is_unknown_is_no_scheme() {
        for text in [
            "",
            "unknown",
            "argon2d$m=19456,t=2,p=1",
            "argon2id$m=4194304,t=1,p=1",
            "argon2id$m=262144,t=5,p=1",
            "argon2id$m=19456,t=4294967295,p=1",
            "argon2id$m=7,t=1,p=1",
            "argon2id$m=19456,t=2",
            "bcrypt$31",
            "bcrypt$3",
            "bcrypt$x",
            "scrypt$ln=63,r=8,p=1",
            "scrypt$ln=20,r=8,p=4",
            "scrypt$ln=1,r=4294967295,p=4294967295",
            "pbkdf2-sha256$i=4294967295,l=32",
        ] {
            assert_eq!(Scheme::parse(text), None, "{text}");
        }
    }
}

use super::*;
use crate::system::SystemEntropy;
use doorward_core::domain::secret::Secret;

const CHEAP: HashSettings = HashSettings {
    memory_kib: 64,
    iterations: 1,
    lanes: 1,
    rehash: true,
    workers: 2,
    max_waiting: 64,
    max_wait: Duration::from_secs(30),
};

fn pool() -> HashPool {
    HashPool::new(CHEAP, Arc::new(SystemEntropy)).unwrap()
}

fn secret(text: &str) -> Password {
    Secret::new(text.to_owned())
}

async fn verdict(password: &str, stored: &str) -> Verdict {
    pool().verify(secret(password), stored).await.unwrap()
}

#[tokio::test]
async fn hashes_with_the_current_parameters_and_fresh_salts() {
    let pool = pool();
    let stored = pool.hash(secret("Passw0rd!")).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
    assert_ne!(stored, pool.hash(secret("Passw0rd!")).await.unwrap());
    assert_eq!(pool.verify(secret("Passw0rd!"), &stored).await.unwrap(), Verdict::Match);
    for wrong in ["passw0rd!", "Passw0rd! ", "Passw0rd!\0", ""] {
        assert_eq!(pool.verify(secret(wrong), &stored).await.unwrap(), Verdict::NoMatch);
    }
}

#[tokio::test]
async fn the_default_cost_is_the_documented_one() {
    let pool = HashPool::new(HashSettings::default(), Arc::new(SystemEntropy)).unwrap();
    let stored = pool.hash(secret("x")).await.unwrap();
    assert_eq!(pool.scheme(&stored), "argon2id$m=19456,t=2,p=1");
}

#[tokio::test]
async fn verifies_hashes_other_software_made() {
    // In order: passlib's scrypt vector; the reference argon2's id and i vectors (argon2 -id/-i … -t 2 -m 16 -p 1,
    // password "password", salt "somesalt"); the bcrypt vectors of Openwall's crypt_blowfish ("U*U", "password").
    for (password, stored) in [
        (
            "password",
            "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        ),
        (
            "password",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ),
        ("password", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"),
        ("password", "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"),
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        (
            "passwordPASSWORDpassword",
            "$pbkdf2-sha256$i=4096,l=40$c2FsdFNBTFRzYWx0U0FMVHNhbHRTQUxUc2FsdFNBTFRzYWx0\
             $NIyJ28vTKy8y2BS4EW6EzysXNH68GAAYHE4qH7jdU+HGNVGMfaxH6Q",
        ),
    ] {
        assert_eq!(verdict(password, stored).await, Verdict::MatchRehash, "{stored}");
        assert_eq!(verdict("something else", stored).await, Verdict::NoMatch, "{stored}");
    }
}

#[tokio::test]
async fn bcrypt_sees_72_bytes_and_no_nul() {
    let long = "a".repeat(72);
    let stored = bcrypt::hash(format!("{long}tail"), 4).unwrap();
    assert_eq!(verdict(&format!("{long}tail"), &stored).await, Verdict::MatchRehash);
    assert_eq!(verdict(&format!("{long}other"), &stored).await, Verdict::MatchRehash);
    assert_eq!(verdict(&"a".repeat(71), &stored).await, Verdict::NoMatch);
    let short = bcrypt::hash("a", 4).unwrap();
    assert_eq!(verdict("a", &short).await, Verdict::MatchRehash);
    assert_eq!(verdict("a\0a", &short).await, Verdict::NoMatch);
    assert_eq!(verdict("a\0", &short).await, Verdict::NoMatch);
}

#[tokio::test]
async fn broken_unknown_and_murderous_hashes_never_match_and_never_panic() {
    for stored in [
        "",
        "$",
        "$2b$",
        "$2b$10$",
        "$2b$10$äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüä",
        "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=18$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
        "$argon2id$v=19$m=64,t=1,p=1",
        "$scrypt$ln=1,r=4294967295,p=4294967295$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "\u{0}",
    ] {
        assert_eq!(verdict("password", stored).await, Verdict::NoMatch, "{stored}");
    }
    let long = format!("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ${}", "A".repeat(1_000_000));
    assert_eq!(verdict("password", &long).await, Verdict::NoMatch);
    assert_eq!(pool().scheme(&long), "unknown");
}

#[tokio::test]
async fn overlong_passwords_are_never_hashed_and_never_match() {
    let pool = pool();
    let fits = "p".repeat(1024);
    let stored = pool.hash(secret(&fits)).await.unwrap();
    assert_eq!(pool.verify(secret(&fits), &stored).await.unwrap(), Verdict::Match);
    let over = "p".repeat(1025);
    assert_eq!(pool.verify(secret(&over), &stored).await.unwrap(), Verdict::NoMatch);
    assert_eq!(pool.hash(secret(&over)).await.unwrap_err().kind, ErrorKind::PasswordWeak);
    pool.verify_nobody(secret(&"p".repeat(1 << 20))).await.unwrap();
}

#[tokio::test]
async fn nobody_costs_what_the_commonest_scheme_costs() {
    let pool = pool();
    for scheme in [
        "bcrypt$5",
        "scrypt$ln=10,r=8,p=1",
        "pbkdf2-sha256$i=2000,l=32",
        "pbkdf2-sha512$i=2000,l=64",
        "argon2i$m=128,t=2,p=1",
        "argon2id$m=64,t=1,p=1",
    ] {
        pool.imitate(scheme);
        let nobody = pool.nobody();
        assert_eq!(nobody.scheme.to_string(), scheme);
        assert_eq!(nobody.verify(b"x", pool.current, &pool.memory), Ok(Verdict::NoMatch), "{scheme}");
        pool.verify_nobody(secret("x")).await.unwrap();
    }
    pool.imitate("unknown");
    assert_eq!(pool.nobody().scheme.to_string(), "argon2id$m=64,t=1,p=1");
}

#[tokio::test]
async fn a_full_queue_sends_away_at_once_and_a_long_wait_ends() {
    let settings = HashSettings { workers: 1, max_waiting: 1, max_wait: Duration::from_millis(50), ..CHEAP };
    let pool = HashPool::new(settings, Arc::new(SystemEntropy)).unwrap();
    let held = pool.permit().await.unwrap();
    let (waited, refused) = tokio::join!(pool.verify_nobody(secret("x")), pool.verify_nobody(secret("x")));
    assert_eq!(waited.unwrap_err().kind, ErrorKind::Overloaded(RETRY_AFTER_WAIT));
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Overloaded(RETRY_AFTER_FULL));
    assert_eq!(pool.waiting.load(Ordering::SeqCst), 0);
    drop(held);
    pool.verify_nobody(secret("x")).await.unwrap();
}

#[test]
fn parameters_argon2_refuses_are_refused() {
    for (memory_kib, iterations, lanes) in [(1, 1, 1), (64, 0, 1), (64, 1, 0), (u32::MAX, 1, 1)] {
        let settings = HashSettings { memory_kib, iterations, lanes, ..CHEAP };
        assert!(HashPool::new(settings, Arc::new(SystemEntropy)).is_err());
    }
}

#[tokio::test]
async fn hashes_that_another_program_must_read_are_kept() {
    let stored = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    for (rehash, right) in [(true, Verdict::MatchRehash), (false, Verdict::Match)] {
        let pool = HashPool::new(HashSettings { rehash, ..CHEAP }, Arc::new(SystemEntropy)).unwrap();
        assert_eq!(pool.verify(secret("U*U"), stored).await.unwrap(), right);
        assert_eq!(pool.verify(secret("U*V"), stored).await.unwrap(), Verdict::NoMatch);
    }
}

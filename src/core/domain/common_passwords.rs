//! Passwords that everybody uses: the twelve thousand commonest of leaked ones, from the lists of zxcvbn (see
//! `common_passwords.license.txt`), and what people make of them where capitals, digits and symbols are demanded.

const COMMON: &str = include_str!("common_passwords.txt");

/// Whether many people use that password, in any case.
#[must_use]
pub fn is_common(password: &str) -> bool {
    let password = password.to_lowercase();
    // 100 kB are looked through in less time than a hundredth of one hashing takes.
    COMMON.lines().any(|common| common == password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_uses_is_known_in_any_case() {
        for password in ["123456", "password", "Password1!", "P@ssw0rd", "Welcome123!", "QWERTY"] {
            assert!(is_common(password), "{password}");
        }
        for password in
            ["", "Password#1", "Password2##", "UsersResetPassw0rd!", "correct horse battery staple"]
        {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn the_list_is_of_distinct_lines_in_lower_case() {
        let lines: Vec<_> = COMMON.lines().collect();
        assert!(lines.len() > 10_000);
        assert!(lines.is_sorted_by(|left, right| left < right), "sorted, each once");
        assert!(lines.iter().all(|line| !line.is_empty() && *line == line.to_lowercase()));
    }
}

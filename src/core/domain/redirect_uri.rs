//! Redirect URIs as registered (RFC 6749 §3.1.2).

const FORBIDDEN_SCHEMES: [&str; 6] = ["javascript", "data", "vbscript", "file", "blob", "about"];

/// Why a redirect URI cannot be registered. A path (`/signed-in`) can be: the old service put its web app's address before
/// it. It leads nowhere but there or to this service, and is no redirect URI in the sense of RFC 6749 §3.1.2.
///
/// # Errors
/// A sentence for the operator: not absolute, with a fragment, or with a scheme that runs code.
pub fn check_registration(uri: &str) -> Result<(), &'static str> {
    if uri.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("contains a space, a backslash or a control character");
    }
    if uri.contains('#') {
        return Err("has a fragment (RFC 6749 §3.1.2)");
    }
    if uri.starts_with('/') && !uri.starts_with("//") {
        return Ok(());
    }
    let (scheme, rest) = uri.split_once(':').ok_or("is not an absolute URI")?;
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !scheme_ok || rest.is_empty() {
        return Err("is not an absolute URI");
    }
    if FORBIDDEN_SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err("has a scheme that browsers run or open locally");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_registration;

    #[test]
    fn web_loopback_and_private_schemes_can_be_registered() {
        for uri in [
            "/cb",
            "/cb?x=1",
            "https://a.test/cb?x=1",
            "http://127.0.0.1:4200/cb",
            "myapp://cb",
            "com.example.app:/cb",
        ] {
            assert_eq!(check_registration(uri), Ok(()), "{uri}");
        }
    }

    #[test]
    fn what_browsers_would_run_or_misread_cannot() {
        let bad = [
            "",
            "//evil.test/cb",
            "/\\evil.test",
            "/cb#x",
            "a.test/cb",
            "https:",
            "javascript:alert(1)",
            "DATA:text/html,x",
            "https://a.test/#x",
            "https://a .test",
            "https://a\\b",
            "1x://a",
        ];
        for uri in bad {
            assert!(check_registration(uri).is_err(), "{uri}");
        }
    }
}

//! Redirect URIs as registered (RFC 6749 §3.1.2).

const FORBIDDEN_SCHEMES: [&str; 6] = ["javascript", "data", "vbscript", "file", "blob", "about"];

/// Why a redirect URI cannot be registered.
///
/// # Errors
/// A sentence for the operator: not absolute, with a fragment, or with a scheme that runs code.
pub fn check_registration(uri: &str) -> Result<(), &'static str> {
    let (scheme, rest) = uri.split_once(':').ok_or("is not an absolute URI")?;
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !scheme_ok || rest.is_empty() {
        return Err("is not an absolute URI");
    }
    if FORBIDDEN_SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err("has a scheme that browsers run or open locally");
    }
    if uri.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("contains a space, a backslash or a control character");
    }
    if uri.contains('#') {
        return Err("has a fragment (RFC 6749 §3.1.2)");
    }
    Ok(())
}

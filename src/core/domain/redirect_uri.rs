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

/// The hosts whose port a native app cannot know beforehand (RFC 8252 §7.3); `localhost` is not one.
const LOOPBACKS: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

/// Whether a request may send the browser there: character for character one of those registered, and not a path
/// (OpenID Connect Core §3.1.2.1, RFC 9700 §4.1.3). At a loopback address the port of a public client may be any.
#[must_use]
pub fn is_registered(given: &str, registered: &[String], is_public: bool) -> bool {
    let is_path = given.starts_with('/');
    let is_same = |own: &String| own == given || (is_public && is_same_but_for_port(own, given));
    !is_path && registered.iter().any(is_same)
}

fn is_same_but_for_port(own: &str, given: &str) -> bool {
    let own = without_port(own);
    own.is_some() && own == without_port(given)
}

/// Host and rest of a loopback address.
fn without_port(uri: &str) -> Option<(&'static str, &str)> {
    let host = LOOPBACKS.into_iter().find(|host| uri.starts_with(host))?;
    let rest = &uri[host.len()..];
    let rest = match rest.strip_prefix(':') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse::<u16>().ok()?;
            &rest[end..]
        }
        None => rest,
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

/// The origin of a web address as browsers write it (RFC 6454 §6.2); `None` for other schemes.
#[must_use]
pub fn web_origin(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest[..end].rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    (!authority.is_empty()).then(|| format!("{scheme}://{authority}"))
}

/// Whether a browser fetches it: other schemes lead to apps on the device.
#[must_use]
pub fn is_web(uri: &str) -> bool {
    web_origin(uri).is_some()
}

/// The address with parameters added to its query, percent-encoded.
#[must_use]
pub fn with_parameters(uri: &str, parameters: &[(String, String)]) -> String {
    let mut address = uri.to_owned();
    let mut separator = match uri.find('?') {
        None => "?",
        Some(at) if at + 1 == uri.len() || uri.ends_with('&') => "",
        Some(_) => "&",
    };
    for (name, value) in parameters {
        address.push_str(separator);
        encode_into(&mut address, name);
        address.push('=');
        encode_into(&mut address, value);
        separator = "&";
    }
    address
}

/// Everything but unreserved characters (RFC 3986 §2.3) is encoded.
fn encode_into(address: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push('%');
            address.push(char::from(HEX[usize::from(byte >> 4)]));
            address.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered() -> Vec<String> {
        [
            "https://a.test/cb",
            "/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:4000/cb?x=1",
            "http://localhost/cb",
            "myapp://cb",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn rfc9700_4_1_3_redirect_uris_match_character_for_character() {
        for uri in ["https://a.test/cb", "http://127.0.0.1/cb", "http://localhost/cb", "myapp://cb"] {
            assert!(is_registered(uri, &registered(), false), "{uri}");
        }
        let other = [
            "https://a.test/cb/",
            "https://a.test/cb/../x",
            "https://a.test/cb%2f..",
            "https://a.test/cb?x=1",
            "https://a.test/cb#f",
            "https://a.test:443/cb",
            "https://A.TEST/cb",
            "HTTPS://a.test/cb",
            "http://a.test/cb",
            "https://a.test.evil/cb",
            "https://evil@a.test/cb",
            "https://a.test@evil/cb",
            "https://x@y@evil/cb",
            "https://a.test\\@evil/cb",
            "https://a.test%00.evil/cb",
            "//a.test/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://\u{430}.test/cb",
            "",
            "/cb",
            "myapp://cb/",
            "http://127.0.0.1:4000/cb",
        ];
        for uri in other {
            assert!(!is_registered(uri, &registered(), false), "{uri}");
        }
        assert!(!is_registered(&format!("https://a.test/cb{}", "a".repeat(10_000)), &registered(), false));
    }

    #[test]
    fn rfc8252_7_3_public_clients_choose_the_port_of_a_loopback_address_and_nothing_else() {
        for uri in ["http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "http://[::1]/cb?x=1"] {
            assert!(is_registered(uri, &registered(), true), "{uri}");
        }
        let other = [
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:80@evil/cb",
            "http://127.0.0.1.evil/cb",
            "http://127.0.0.1:4000/cb/",
            "http://127.0.0.1:4000/cb?x=1",
            "https://127.0.0.1:4000/cb",
            "http://localhost:4000/cb",
            "http://127.0.0.2:4000/cb",
            "http://[::1]:4001/cb",
            "http://[::2]/cb?x=1",
            "http://127.0.0.1:+80/cb",
            "http://127.0.0.1:4000#/cb",
        ];
        for uri in other {
            assert!(!is_registered(uri, &registered(), true), "{uri}");
        }
    }

    #[test]
    fn origins_are_what_browsers_say() {
        let table = [
            ("https://A.test/cb?x", Some("https://a.test")),
            ("https://a.test:443", Some("https://a.test")),
            ("http://a.test:443/", Some("http://a.test:443")),
            ("http://127.0.0.1:4200?x", Some("http://127.0.0.1:4200")),
            ("http://[::1]:80/cb", Some("http://[::1]")),
            ("myapp://cb", None),
            ("com.example:/cb", None),
            ("https:///cb", None),
        ];
        for (uri, origin) in table {
            assert_eq!(web_origin(uri).as_deref(), origin, "{uri}");
            assert_eq!(is_web(uri), origin.is_some(), "{uri}");
        }
    }

    #[test]
    fn parameters_are_added_and_encoded() {
        let parameters =
            [("code".to_owned(), "a b".to_owned()), ("state".to_owned(), "\r\n&=%\"é~".to_owned())];
        let query = "code=a%20b&state=%0D%0A%26%3D%25%22%C3%A9~";
        for (uri, start) in [
            ("https://a.test/cb", "https://a.test/cb?"),
            ("https://a.test/?x=1", "https://a.test/?x=1&"),
            ("https://a.test/?", "https://a.test/?"),
            ("myapp:cb?x&", "myapp:cb?x&"),
            ("com.example.app:/cb", "com.example.app:/cb?"),
        ] {
            assert_eq!(with_parameters(uri, &parameters), format!("{start}{query}"));
        }
        assert_eq!(with_parameters("https://a.test/?", &[]), "https://a.test/?");
    }

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

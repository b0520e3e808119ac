//! The Content-Security-Policy of a page: what it wrote itself, and the operator's pictures and styles.

use super::look::Look;

/// What one page needs beyond its own text and styles.
#[derive(Clone, Copy, Default)]
pub(super) struct Needs<'a> {
    /// It has a script of ours.
    pub(super) has_script: bool,
    /// A picture of somebody else's, such as an app's.
    pub(super) picture: Option<&'a str>,
    /// The form goes there.
    pub(super) action: Option<&'a str>,
    /// Its forms lead to whatever provider is chosen.
    pub(super) leads_to_providers: bool,
    /// Its forms may lead to where [`Look::leads_to`] says.
    pub(super) leads_away: bool,
}

/// The header's value.
///
/// # Security
/// Chromium applies `form-action` to every redirect after the form, also to those of the client's own callback and of
/// a provider; lists of addresses would break sign-ins. So a page whose form leads away names their schemes, and
/// every other page only itself.
pub(super) fn policy(look: &Look, needs: &Needs<'_>) -> String {
    let nonce = look.nonce.as_str();
    let style = https_origin(look.pages.css_url.as_deref());
    let logo = https_origin(look.pages.logo_url.as_deref());
    let picture = https_origin(needs.picture);
    let mut directives = vec![
        "default-src 'none'".to_owned(),
        sources("style-src", &[&format!("'nonce-{nonce}'")], [style, None, None]),
        sources("img-src", &["'self'", "data:"], [style, logo, picture]),
        format!("form-action {}", targets(look, needs)),
        "base-uri 'none'".to_owned(),
        "frame-ancestors 'none'".to_owned(),
    ];
    if needs.has_script {
        directives.push(format!("script-src 'nonce-{nonce}'"));
    }
    if let Some(origin) = style {
        directives.push(format!("font-src {origin}"));
    }
    directives.join("; ")
}

fn sources(directive: &str, ours: &[&str], others: [Option<&str>; 3]) -> String {
    let mut list: Vec<&str> = ours.to_vec();
    for other in others.into_iter().flatten() {
        if !list.contains(&other) {
            list.push(other);
        }
    }
    format!("{directive} {}", list.join(" "))
}

/// The sources of `form-action`.
fn targets(look: &Look, needs: &Needs<'_>) -> String {
    let mut list = vec!["'self'".to_owned()];
    let away = look.leads_to.iter().map(String::as_str).filter(|_| needs.leads_away);
    for address in away.chain(needs.action) {
        list.extend(schemes(address));
    }
    if needs.leads_to_providers {
        list.push("https:".to_owned());
        if !look.is_https {
            list.push("http:".to_owned());
        }
    }
    list.sort();
    list.dedup();
    list.join(" ")
}

/// The schemes of wherever that address leads; none for what no form of ours leads to.
fn schemes(address: &str) -> Vec<String> {
    let scheme = address.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).unwrap_or_default();
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|each| each.is_ascii_alphanumeric() || "+-.".contains(each));
    match scheme.as_str() {
        "javascript" | "data" | "blob" | "file" | "vbscript" => Vec::new(),
        // An app on this machine goes on to wherever it likes, too.
        "http" => vec!["http:".to_owned(), "https:".to_owned()],
        _ if is_scheme => vec![format!("{scheme}:")],
        _ => Vec::new(),
    }
}

/// The origin of an `https` address that can stand in a policy; `None` = the address is not used.
pub(super) fn https_origin(address: Option<&str>) -> Option<&str> {
    let address = address?;
    let rest = address.strip_prefix("https:")?;
    let authority = authority(rest)?;
    let is_plain = address.chars().all(|each| each.is_ascii_graphic() && !"\"'<>\\`;,".contains(each));
    (is_plain && !authority.is_empty()).then(|| &address[.."https://".len() + authority.len()])
}

/// What stands between `//` and the path; empty where it is no name, number or port.
fn authority(rest: &str) -> Option<&str> {
    let authority = rest.strip_prefix("//")?.split(['/', '?', '#']).next()?;
    let is_plain = authority.chars().all(|each| each.is_ascii_alphanumeric() || ".-:".contains(each));
    Some(if is_plain { authority } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_its_scheme() {
        assert_eq!(schemes("https://a.test:8443/cb?x=1"), ["https:"]);
        assert_eq!(schemes("HTTP://127.0.0.1:4200/cb"), ["http:", "https:"]);
        assert_eq!(schemes("com.example.app:/cb"), ["com.example.app:"]);
    }

    #[test]
    fn nothing_breaks_out_of_the_policy() {
        for address in
            ["javascript:alert(1)", "data:text/html,x", "/cb", "", "x y:/z", "'none';script-src *:"]
        {
            assert!(schemes(address).is_empty(), "{address}");
        }
        for address in [
            "http://a.test/x",
            "//a.test/x",
            "https://a.test;script-src/x",
            "https://u@a.test/x",
            "https:///x",
        ] {
            assert_eq!(https_origin(Some(address)), None, "{address}");
        }
        assert_eq!(https_origin(Some("https://cdn.test/a/b.png?c=d")), Some("https://cdn.test"));
    }
}

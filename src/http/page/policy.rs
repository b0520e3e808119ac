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
        list.extend(target(address));
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

/// `https:`, `http://host:*`, or the scheme of an app; `None` for what no form of ours leads to.
fn target(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|each| each.is_ascii_alphanumeric() || "+-.".contains(each));
    let scheme = scheme.to_ascii_lowercase();
    if !is_scheme || ["javascript", "data", "blob", "file", "vbscript"].contains(&scheme.as_str()) {
        return None;
    }
    if scheme != "http" {
        return Some(format!("{scheme}:"));
    }
    // Only names and IPv4 addresses are host sources (CSP Level 3 §2.3.1); [::1] is not.
    let host = authority(rest)?.split(':').next().filter(|host| !host.is_empty());
    Some(host.map_or_else(|| "http:".to_owned(), |host| format!("http://{host}:*")))
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
    fn a_target_is_a_scheme_or_a_host() {
        assert_eq!(target("https://a.test:8443/cb?x=1").as_deref(), Some("https:"));
        assert_eq!(target("http://127.0.0.1:4200/cb").as_deref(), Some("http://127.0.0.1:*"));
        assert_eq!(target("http://[::1]:4200/cb").as_deref(), Some("http:"));
        assert_eq!(target("com.example.app:/cb").as_deref(), Some("com.example.app:"));
    }

    #[test]
    fn nothing_breaks_out_of_the_policy() {
        for address in ["javascript:alert(1)", "data:text/html,x", "/cb", "x y:/z", "'none';script-src *:"] {
            assert_eq!(target(address), None, "{address}");
        }
        assert_eq!(target("http://a.test; script-src *").as_deref(), Some("http:"));
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

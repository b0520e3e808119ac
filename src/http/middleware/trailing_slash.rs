//! `/auth/login/` is `/auth/login`, as in the old service's router.

use poem::http::Uri;

/// The address without one slash at the end of its path; anything odd stays as it is and finds no route.
pub(crate) fn without_trailing_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let trimmed = path.strip_suffix('/').filter(|trimmed| !trimmed.is_empty() && !trimmed.ends_with('/'))?;
    let text = match uri.query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(uri: &str) -> Option<String> {
        without_trailing_slash(&uri.parse().expect("a URI")).map(|uri| uri.to_string())
    }

    #[test]
    fn one_slash_goes() {
        assert_eq!(judge("/auth/me/").as_deref(), Some("/auth/me"));
        assert_eq!(judge("/auth/me/?a=b").as_deref(), Some("/auth/me?a=b"));
        assert_eq!(judge("http://host/auth/me/").as_deref(), Some("http://host/auth/me"));
        for other in ["/", "//", "/auth/me", "/auth/me//", "*"] {
            assert_eq!(judge(other), None, "{other}");
        }
    }
}

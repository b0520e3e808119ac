//! The languages of the pages, and which one a visitor wants.

/// A language there is a catalog of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Language {
    /// English, when nothing else is wanted.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
}

/// Entries of a preference list that are looked at.
const MOST_PREFERENCES: usize = 16;

impl Language {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::English, Self::German, Self::French, Self::Spanish];

    /// The tag for `lang` (RFC 5646 §2.1).
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// The first of `ui_locales` (OpenID Connect Core §3.1.2.1), otherwise the best of `Accept-Language`
    /// (RFC 9110 §12.5.4), otherwise English.
    pub(crate) fn choose(ui_locales: Option<&str>, accept_language: Option<&str>) -> Self {
        let mut asked = ui_locales.unwrap_or_default().split_ascii_whitespace().take(MOST_PREFERENCES);
        asked.find_map(Self::of_tag).unwrap_or_else(|| Self::accepted(accept_language))
    }

    fn accepted(header: Option<&str>) -> Self {
        let mut best: Option<(u16, Self)> = None;
        for entry in header.unwrap_or_default().split(',').take(MOST_PREFERENCES) {
            let (tag, parameter) = entry.split_once(';').unwrap_or((entry, ""));
            let (Some(language), weight) = (Self::of_tag(tag.trim()), weight(parameter)) else { continue };
            if weight > best.map_or(0, |(most, _)| most) {
                best = Some((weight, language));
            }
        }
        best.map_or(Self::English, |(_, language)| language)
    }

    /// By the primary subtag: "de-AT" is German.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }
}

/// `q=0.8` as thousandths; 1000 where there is none, 0 where it cannot be read (RFC 9110 §12.4.2).
fn weight(parameter: &str) -> u16 {
    let Some((name, value)) = parameter.split_once('=') else { return 1000 };
    if !name.trim().eq_ignore_ascii_case("q") {
        return 1000;
    }
    let value = value.trim();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, is_digits) {
        ("1", true) => 1000,
        ("0", true) => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_asks_for_comes_first() {
        assert_eq!(Language::choose(Some("it fr-CA de"), Some("de")), Language::French);
    }

    #[test]
    fn the_best_of_the_browsers_list_is_taken() {
        let accept = |header| Language::choose(None, Some(header));
        assert_eq!(accept("de-AT,de;q=0.9,en;q=0.8"), Language::German);
        assert_eq!(accept("en;q=0.5, es-419;q=0.75, fr;q=0.6"), Language::Spanish);
        assert_eq!(accept("ja, FR;Q=0.1"), Language::French);
        assert_eq!(accept("de;q=0, fr;q=x, *"), Language::English);
    }

    #[test]
    fn english_is_what_remains() {
        assert_eq!(Language::choose(None, None), Language::English);
        assert_eq!(Language::choose(Some("xx"), Some("yy;q=1.5,,;;=")), Language::English);
    }
}

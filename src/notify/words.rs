//! What a message says: the template of its kind and language, filled in.

use doorward_core::domain::message::Message;

use crate::template::{Templates, fill_html, fill_plain};
use crate::variables::variables;

/// The templates, and the name the operator goes by.
#[derive(Debug)]
pub struct Words {
    templates: Templates,
    organization: String,
}

/// A mail's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MailText {
    pub(crate) subject: String,
    pub(crate) plain: String,
    pub(crate) html: String,
    /// What the organisation is called in this mail.
    pub(crate) organization: String,
}

impl Words {
    /// `organization` is what the operator is called where a message names no tenant.
    #[must_use]
    pub fn new(templates: Templates, organization: String) -> Self {
        Self { templates, organization }
    }

    /// The mail.
    ///
    /// # Errors
    /// The template cannot be filled in.
    pub(crate) fn mail(&self, message: &Message) -> Result<MailText, String> {
        let template = self.templates.find(&message.locale, message.kind);
        let variables = variables(message, &self.organization, &template.locale);
        Ok(MailText {
            subject: one_line(&fill_plain(&template.subject, &variables)?),
            plain: fill_plain(&template.plain, &variables)?,
            html: fill_html(&template.html, &variables)?,
            organization: variables["organization"]["name"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// The text message.
    ///
    /// # Errors
    /// The template cannot be filled in.
    pub(crate) fn text(&self, message: &Message) -> Result<String, String> {
        let template = self.templates.find(&message.locale, message.kind);
        let variables = variables(message, &self.organization, &template.locale);
        fill_plain(&template.text, &variables).map(|text| one_line(&text))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A language whose words for periods are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Language {
    English,
    German,
    Other,
}

impl Language {
    /// The language of a locale such as `de-AT`.
    pub(crate) fn of(locale: &str) -> Self {
        match locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "en" => Self::English,
            "de" => Self::German,
            _ => Self::Other,
        }
    }

    /// `90` → `90 minutes`, `120` → `2 hours`, `2880` → `2 days`.
    pub(crate) fn period(self, minutes: u64) -> String {
        let (number, unit) = match minutes {
            minutes if minutes >= 2880 && minutes.is_multiple_of(1440) => (minutes / 1440, 2),
            minutes if minutes >= 60 && minutes.is_multiple_of(60) => (minutes / 60, 1),
            minutes => (minutes, 0),
        };
        let (one, many) = match self {
            Self::English => [("minute", "minutes"), ("hour", "hours"), ("day", "days")][unit],
            Self::German => [("Minute", "Minuten"), ("Stunde", "Stunden"), ("Tag", "Tagen")][unit],
            Self::Other => [("min", "min"), ("h", "h"), ("d", "d")][unit],
        };
        format!("{number} {}", if number == 1 { one } else { many })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_in_words() {
        let periods =
            |language: Language| [1, 30, 60, 90, 1440, 2880].map(|minutes| language.period(minutes));
        assert_eq!(
            periods(Language::of("en-GB")),
            ["1 minute", "30 minutes", "1 hour", "90 minutes", "24 hours", "2 days"]
        );
        assert_eq!(
            periods(Language::of("de_AT")),
            ["1 Minute", "30 Minuten", "1 Stunde", "90 Minuten", "24 Stunden", "2 Tagen"]
        );
        assert_eq!(periods(Language::of("fr"))[1], "30 min");
    }
}

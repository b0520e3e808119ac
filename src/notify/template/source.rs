//! How a template file is written: `subject:` and, if need be, `text:` lines, an empty line, then Markdown.

/// The parts of a file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) subject: String,
    /// The text message; the subject where there is none.
    pub(crate) text: String,
    pub(crate) body: String,
}

impl Source {
    /// Takes a file apart.
    ///
    /// # Errors
    /// One line about what is missing or unknown.
    pub(crate) fn parse(file: &str) -> Result<Self, String> {
        let file = file.strip_prefix('\u{feff}').unwrap_or(file).replace("\r\n", "\n");
        let (head, body) = file
            .split_once("\n\n")
            .ok_or("expected a line \"subject: …\", an empty line, and the mail's text")?;
        let (mut subject, mut text) = (None, None);
        for line in head.lines() {
            let (key, value) = line.split_once(':').unwrap_or((line, ""));
            let slot = match key.trim() {
                "subject" => &mut subject,
                "text" => &mut text,
                _ => return Err(format!("expected \"subject: …\" or \"text: …\" in place of {line:?}")),
            };
            *slot = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
        let subject = subject.ok_or("expected a first line \"subject: …\"")?;
        if body.trim().is_empty() {
            return Err("the mail has no text".to_owned());
        }
        Ok(Self { text: text.unwrap_or_else(|| subject.clone()), subject, body: body.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_a_head_and_a_body() {
        let source = Source::parse("subject: A: b\r\ntext: c\r\n\r\nBody\n").expect("well written");
        assert_eq!(
            (source.subject.as_str(), source.text.as_str(), source.body.as_str()),
            ("A: b", "c", "Body\n")
        );
        assert_eq!(Source::parse("subject: A\n\nB").expect("well written").text, "A");
    }

    #[test]
    fn what_is_missing_is_named() {
        let cases = [
            ("", "expected a line \"subject"),
            ("subject: A", "expected a line \"subject"),
            ("text: A\n\nB", "expected a first line \"subject"),
            ("subject:\n\nB", "expected a first line \"subject"),
            ("subjekt: A\n\nB", "in place of \"subjekt: A\""),
            ("subject: A\n\n \n", "no text"),
        ];
        for (file, expected) in cases {
            let complaint = Source::parse(file).expect_err("badly written");
            assert!(complaint.contains(expected), "{complaint}");
        }
    }
}

//! Markdown to HTML and to plain text, before any variable is filled in.
//!
//! # Security
//! A value is never read as Markdown: the Markdown is gone when values come. `[x](https://evil.test)` in a name stays text.

use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};

/// What stands for the variable with a number while Markdown is read: letters and digits, which Markdown leaves alone.
fn stand_in(number: usize) -> String {
    format!("doorwardvariable{number}z")
}

/// The plain text and the HTML of a body, with its variables still in it.
///
/// # Errors
/// A variable that is not closed.
pub(crate) fn render(body: &str) -> Result<(String, String), String> {
    let (shielded, variables) = shield(body)?;
    let mut page = String::new();
    html::push_html(&mut page, Parser::new(&shielded));
    let restore = |mut text: String| {
        for (number, variable) in variables.iter().enumerate() {
            text = text.replace(&stand_in(number), variable);
        }
        text
    };
    Ok((restore(plain(&shielded)), restore(page)))
}

/// Puts stand-ins in the places of `{{…}}` and `{{{…}}}`.
fn shield(body: &str) -> Result<(String, Vec<String>), String> {
    let (mut shielded, mut variables, mut rest) = (String::new(), Vec::new(), body);
    while let Some(start) = rest.find("{{") {
        let (before, variable) = rest.split_at(start);
        let closing = if variable.starts_with("{{{") { "}}}" } else { "}}" };
        let Some(end) = variable.find(closing) else {
            let shown: String = variable.chars().take(40).collect();
            return Err(format!("expected {closing} after {shown:?}"));
        };
        let (variable, after) = variable.split_at(end + closing.len());
        shielded.push_str(before);
        shielded.push_str(&stand_in(variables.len()));
        variables.push(variable.to_owned());
        rest = after;
    }
    shielded.push_str(rest);
    Ok((shielded, variables))
}

fn plain(markdown: &str) -> String {
    let (mut text, mut link) = (String::new(), None);
    for event in Parser::new(markdown) {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Item) => text.push('\n'),
            Event::Rule => text.push_str("---\n\n"),
            Event::Start(Tag::Item) => text.push_str("- "),
            Event::Start(Tag::Link { dest_url, .. }) => link = Some((text.len(), dest_url)),
            Event::End(TagEnd::Link) => {
                // The bare address: a mail program makes it a link, and whoever distrusts it can read it.
                if let Some((start, address)) = link.take()
                    && text.get(start..) != Some(&*address)
                {
                    text.push_str(": ");
                    text.push_str(&address);
                }
            }
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::List(_) | TagEnd::CodeBlock) => {
                text.push_str("\n\n");
            }
            _ => {}
        }
    }
    format!("{}\n", without_empty_paragraphs(&text).trim_end())
}

/// What optional parts leave behind.
pub(crate) fn without_empty_paragraphs(text: &str) -> String {
    let mut text = text.to_owned();
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text
}

/// A whole HTML document. Nothing is fetched when it is opened.
pub(crate) fn page(locale: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<style>\n{STYLE}\n</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n",
        handlebars::html_escape(locale)
    )
}

const STYLE: &str = "\
body { font-family: sans-serif; line-height: 1.5; color: #222; max-width: 36em; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.4em; font-weight: 600 }
a { color: #0645ad }
code { font-size: 1.6em; letter-spacing: 0.15em }";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_survive_markdown() {
        let (plain, html) =
            render("# Hi {{a.b}}\n\nGo\non: [here *now*]({{{url}}}), **{{#if x}}y{{/if}}**\\\nend")
                .expect("fine");
        assert_eq!(plain, "Hi {{a.b}}\n\nGo\non: here now: {{{url}}}, {{#if x}}y{{/if}}\nend\n");
        assert_eq!(
            html,
            "<h1>Hi {{a.b}}</h1>\n<p>Go\non: <a href=\"{{{url}}}\">here <em>now</em></a>, \
             <strong>{{#if x}}y{{/if}}</strong><br />\nend</p>\n"
        );
    }

    #[test]
    fn lists_code_and_bare_links_are_readable() {
        let (plain, _) = render("- a\n- b\n\n`{{c}}`\n\n<{{{url}}}>\n\n---\nEnd").expect("fine");
        assert_eq!(plain, "- a\n- b\n\n{{c}}\n\n<{{{url}}}>\n\n---\n\nEnd\n".replace("<{{{url}}}>\n\n", ""));
        let (plain, _) = render("[https://a.test/](https://a.test/)").expect("fine");
        assert_eq!(plain, "https://a.test/\n");
    }

    #[test]
    fn variables_are_closed() {
        assert!(render("a {{b").expect_err("open").contains("expected }}"));
        assert!(render("a {{{b}}").expect_err("open").contains("expected }}}"));
    }
}

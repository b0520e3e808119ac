//! Templates: Markdown with Mustache variables, one file for each kind of mail and language.

mod built_in;
mod markdown;
mod source;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use doorward_core::domain::message::MailKind;
use handlebars::{Handlebars, RenderErrorReason};
use serde_json::Value;

use self::built_in::BUILT_IN;
use self::source::Source;
use crate::variables::sample_variables;

/// What is spoken where nothing else is.
const LAST_RESORT: &str = "en";

/// One template, its Markdown already turned into text and HTML, its variables still open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Template {
    /// Lower-case language tag.
    pub(crate) locale: String,
    pub(crate) subject: String,
    /// The text message, on one line.
    pub(crate) text: String,
    pub(crate) plain: String,
    pub(crate) html: String,
}

/// All templates by language and kind.
#[derive(Debug)]
pub struct Templates {
    of: HashMap<(String, MailKind), Template>,
}

/// A template of the operator's that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {complaint}", path.display())]
pub struct TemplateProblem {
    path: PathBuf,
    complaint: String,
}

impl TemplateProblem {
    fn new(path: &Path, complaint: impl Into<String>) -> Self {
        Self { path: path.to_owned(), complaint: complaint.into() }
    }
}

impl Templates {
    /// The built-in ones (English and German), with the operator's `DIRECTORY/<locale>/<type>.md` in their place. Every
    /// file is tried: a mistake shows at the start, not when somebody waits for a mail.
    ///
    /// # Errors
    /// A file that cannot be read, has no subject, names an unknown variable, or is called like no kind of mail.
    pub fn load(directory: Option<&Path>) -> Result<Self, TemplateProblem> {
        let mut templates = Self { of: HashMap::new() };
        for (locale, language) in BUILT_IN {
            for (kind, text) in language {
                let path = PathBuf::from(format!("{locale}/{}.md", kind.as_str()));
                templates.add(locale, *kind, text, &path)?;
            }
        }
        if let Some(directory) = directory {
            for locale in entries(directory)?.iter().filter(|entry| entry.is_dir()) {
                templates.add_language(locale)?;
            }
        }
        Ok(templates)
    }

    fn add_language(&mut self, directory: &Path) -> Result<(), TemplateProblem> {
        let locale = file_name(directory);
        for path in entries(directory)?.iter().filter(|path| !file_name(path).starts_with('.')) {
            let name = file_name(path);
            let kind = MailKind::ALL.into_iter().find(|kind| name.strip_suffix(".md") == Some(kind.as_str()));
            let kind = kind.ok_or_else(|| {
                let names: Vec<String> =
                    MailKind::ALL.iter().map(|kind| format!("{}.md", kind.as_str())).collect();
                TemplateProblem::new(path, format!("expected one of {}", names.join(", ")))
            })?;
            let text = fs::read_to_string(path)
                .map_err(|error| TemplateProblem::new(path, format!("cannot be read: {error}")))?;
            self.add(&locale, kind, &text, path)?;
        }
        Ok(())
    }

    fn add(&mut self, locale: &str, kind: MailKind, text: &str, path: &Path) -> Result<(), TemplateProblem> {
        let locale = tag(locale);
        let source = Source::parse(text).map_err(|complaint| TemplateProblem::new(path, complaint))?;
        let (plain, html) =
            markdown::render(&source.body).map_err(|complaint| TemplateProblem::new(path, complaint))?;
        let html = markdown::page(&locale, &html);
        let template =
            Template { locale: locale.clone(), subject: source.subject, text: source.text, plain, html };
        template.try_out(kind).map_err(|complaint| TemplateProblem::new(path, complaint))?;
        self.of.insert((locale, kind), template);
        Ok(())
    }

    /// The template for a reader: in his locale, else in his language, else in English.
    ///
    /// # Security
    /// Locales come from accounts. They are looked up among what was loaded and never become part of a path.
    pub(crate) fn find(&self, locale: &str, kind: MailKind) -> &Template {
        let exact = tag(locale);
        let language = exact.split('-').next().unwrap_or_default().to_owned();
        let mut choices = [exact, language, LAST_RESORT.to_owned()].into_iter();
        choices.find_map(|locale| self.of.get(&(locale, kind))).unwrap_or(&NOTHING)
    }
}

/// Stands for a template that cannot be missing: `built_in` holds every kind in English, which a test proves.
static NOTHING: LazyLock<Template> = LazyLock::new(|| Template {
    locale: LAST_RESORT.to_owned(),
    subject: String::new(),
    text: String::new(),
    plain: String::new(),
    html: String::new(),
});

impl Template {
    fn try_out(&self, kind: MailKind) -> Result<(), String> {
        let variables = sample_variables(kind, &self.locale);
        for part in [&self.subject, &self.text, &self.plain] {
            fill_plain(part, &variables)?;
        }
        fill_html(&self.html, &variables).map(|_| ())
    }
}

static PLAIN: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut mustache = Handlebars::new();
    mustache.set_strict_mode(true);
    mustache.register_escape_fn(handlebars::no_escape);
    mustache
});

static HTML: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut mustache = Handlebars::new();
    mustache.set_strict_mode(true);
    mustache
});

/// Fills in text that nobody reads as HTML.
pub(crate) fn fill_plain(template: &str, variables: &Value) -> Result<String, String> {
    let filled = PLAIN.render_template(template, variables).map_err(|error| complaint(&error))?;
    Ok(markdown::without_empty_paragraphs(&filled))
}

/// Fills in HTML: `{{x}}` is escaped, `{{{x}}}` is not.
pub(crate) fn fill_html(template: &str, variables: &Value) -> Result<String, String> {
    HTML.render_template(template, variables).map_err(|error| complaint(&error))
}

/// In one line, and without the variables' values.
fn complaint(error: &handlebars::RenderError) -> String {
    if let RenderErrorReason::MissingVariable(Some(name)) = error.reason() {
        return format!("there is no variable {name}");
    }
    let text = error.reason().to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

/// `de_AT` and `de-AT` are one.
fn tag(locale: &str) -> String {
    locale.replace('_', "-").to_ascii_lowercase()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What a directory holds, sorted.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, TemplateProblem> {
    let problem = |error: std::io::Error| TemplateProblem::new(directory, format!("cannot be read: {error}"));
    let entries = fs::read_dir(directory).map_err(problem)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(problem)?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests;

//! An HTML page as tests look at it: elements by id, what is to be read, and what its forms would send.

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer};

/// Elements that have no end tag.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];
/// Elements whose content nobody reads.
const UNREAD: [&str; 4] = ["script", "style", "template", "title"];

/// An element.
#[derive(Clone, Default, Debug)]
pub struct Element {
    /// In lower case.
    pub tag: String,
    /// By name; those without a value are empty.
    pub attributes: BTreeMap<String, String>,
    /// All text in it, white space collapsed.
    pub text: String,
    /// The place of the form it belongs to, among all elements.
    form: Option<usize>,
}

impl Element {
    /// An attribute; empty when it is absent.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Whether it has this attribute.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    fn is_button(&self) -> bool {
        let kind = self.attribute("type").to_lowercase();
        match self.tag.as_str() {
            "button" => !matches!(kind.as_str(), "button" | "reset"),
            "input" => matches!(kind.as_str(), "submit" | "image"),
            _ => false,
        }
    }

    /// The name and value that its form sends when it is not pressed.
    fn sends(&self) -> Option<(String, String)> {
        let kind = self.attribute("type").to_lowercase();
        let is_sent = match self.tag.as_str() {
            "input" => match kind.as_str() {
                "checkbox" | "radio" => self.has("checked"),
                "submit" | "image" | "button" | "reset" => false,
                _ => true,
            },
            "textarea" | "select" => true,
            _ => false,
        };
        let name = self.attribute("name");
        if !is_sent || name.is_empty() || self.has("disabled") {
            return None;
        }
        let value = match (self.tag.as_str(), kind.as_str()) {
            ("textarea", _) => self.text.as_str(),
            (_, "checkbox" | "radio") if !self.has("value") => "on",
            _ => self.attribute("value"),
        };
        Some((name.to_owned(), value.to_owned()))
    }
}

/// A page.
#[derive(Clone, Default, Debug)]
pub struct Document {
    /// In the page's order.
    pub elements: Vec<Element>,
    /// What is to be read, white space collapsed.
    pub text: String,
}

/// What a form is sent with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Submission {
    /// As the page says, often relative; empty = the page's own address.
    pub action: String,
    /// In upper case.
    pub method: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

impl Document {
    /// Reads a page.
    #[must_use]
    pub fn parse(html: &str) -> Self {
        let mut reader = Reader::default();
        let mut emitter = DefaultEmitter::default();
        // Without it the text of scripts would be taken for tags.
        emitter.naively_switch_states(true);
        let tokens = Tokenizer::new_with_emitter(html, emitter);
        for token in tokens {
            match token.expect("a text in memory can be read") {
                Token::StartTag(tag) => reader.open(&tag),
                Token::EndTag(tag) => reader.close(&text(&tag.name)),
                Token::String(words) => reader.read(&text(&words)),
                _ => {}
            }
        }
        reader.end()
    }

    /// The element with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Element> {
        self.elements.iter().find(|element| element.attribute("id") == id)
    }

    /// All elements of that name.
    pub fn all<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.tag == tag)
    }

    /// All ids.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        self.elements.iter().map(|element| element.attribute("id")).filter(|id| !id.is_empty()).collect()
    }

    /// The first form's submission, as when somebody presses Enter; `None` where there is no form.
    #[must_use]
    pub fn first_form(&self) -> Option<Submission> {
        let form = self.elements.iter().position(|element| element.tag == "form")?;
        Some(self.submission(form, None, &[]))
    }

    /// What is sent when somebody fills in the fields with these ids and presses the button with that id, or Enter.
    ///
    /// # Panics
    /// When the page has no such field or button, or the fields are in several forms.
    #[must_use]
    #[track_caller]
    pub fn filled_in(&self, fields: &[(&str, &str)], button: Option<&str>) -> Submission {
        let ids = fields.iter().map(|(id, _)| *id).chain(button);
        let mut forms: Vec<usize> = ids.map(|id| self.form_of(id)).collect();
        forms.dedup();
        if forms.is_empty() {
            forms.extend(self.elements.iter().position(|element| element.tag == "form"));
        }
        let [form] = forms[..] else { unreachable!("not one form, but {forms:?}, in {:?}", self.text) };
        self.submission(form, button, fields)
    }

    #[track_caller]
    fn form_of(&self, id: &str) -> usize {
        let element = self.find(id);
        let form = element.and_then(|element| element.form);
        form.unwrap_or_else(|| unreachable!("no form has #{id}; there are {:?}: {}", self.ids(), self.text))
    }

    fn submission(&self, form: usize, button: Option<&str>, filled: &[(&str, &str)]) -> Submission {
        let own = || self.elements.iter().filter(|element| element.form == Some(form));
        let pressed = match button {
            Some(id) => self.find(id),
            // As browsers do when somebody presses Enter.
            None => own().find(|element| element.is_button() && !element.has("disabled")),
        };
        let mut fields: Vec<(String, String)> = Vec::new();
        for element in own() {
            let value = filled.iter().find(|(id, _)| *id == element.attribute("id")).map(|(_, value)| *value);
            let name = element.attribute("name");
            match value {
                Some(value) if !name.is_empty() => fields.push((name.to_owned(), value.to_owned())),
                _ => fields.extend(element.sends()),
            }
        }
        let pressed_name = pressed.map_or("", |button| button.attribute("name"));
        if let Some(button) = pressed.filter(|_| !pressed_name.is_empty()) {
            fields.push((pressed_name.to_owned(), button.attribute("value").to_owned()));
        }
        let said = |button_says: &str, form_says: &str| {
            let by_button = pressed.map_or("", |button| button.attribute(button_says));
            let by_form = self.elements[form].attribute(form_says);
            if by_button.is_empty() { by_form.to_owned() } else { by_button.to_owned() }
        };
        let method = said("formmethod", "method").to_uppercase();
        let method = if method.is_empty() { "GET".to_owned() } else { method };
        Submission { action: said("formaction", "action"), method, fields }
    }
}

/// Elements in the midst of a line.
const INLINE: [&str; 7] = ["a", "b", "code", "em", "i", "span", "strong"];

/// A page while it is read.
#[derive(Default)]
struct Reader {
    document: Document,
    /// Places of the elements that are not closed yet.
    open: Vec<usize>,
}

impl Reader {
    fn open(&mut self, tag: &StartTag<()>) {
        let attributes = tag.attributes.iter();
        let attributes: BTreeMap<String, String> =
            attributes.map(|(name, value)| (text(name), text(&value.value))).collect();
        let name = text(&tag.name);
        let place = self.document.elements.len();
        let around =
            self.open.iter().rev().find(|place| self.document.elements[**place].tag == "form").copied();
        let form = match attributes.get("form") {
            Some(id) => self.document.elements.iter().position(|element| element.attribute("id") == id),
            None => around,
        };
        if name == "option" {
            self.select(&attributes);
        }
        self.separate(&name);
        if !VOID.contains(&name.as_str()) {
            self.open.push(place);
        }
        self.document.elements.push(Element { tag: name, attributes, text: String::new(), form });
    }

    /// The open list has the value of the option that is selected, or else of the first.
    fn select(&mut self, option: &BTreeMap<String, String>) {
        let elements = &mut self.document.elements;
        let list = self.open.iter().rev().find(|place| elements[**place].tag == "select");
        if let Some(list) = list.map(|place| &mut elements[*place])
            && (option.contains_key("selected") || !list.has("value"))
        {
            list.attributes.insert("value".to_owned(), option.get("value").cloned().unwrap_or_default());
        }
    }

    /// Words of different blocks are not one word.
    fn separate(&mut self, name: &str) {
        if !INLINE.contains(&name) {
            self.read(" ");
        }
    }

    fn close(&mut self, name: &str) {
        let elements = &self.document.elements;
        if let Some(depth) = self.open.iter().rposition(|place| elements[*place].tag == name) {
            self.open.truncate(depth);
        }
        self.separate(name);
    }

    fn read(&mut self, words: &str) {
        let is_read =
            !self.open.iter().any(|place| UNREAD.contains(&self.document.elements[*place].tag.as_str()));
        for place in &self.open {
            self.document.elements[*place].text.push_str(words);
        }
        if is_read {
            self.document.text.push_str(words);
        }
    }

    fn end(mut self) -> Document {
        for element in &mut self.document.elements {
            // Scripts are looked at as they are.
            if !matches!(element.tag.as_str(), "script" | "style" | "textarea") {
                element.text = collapsed(&element.text);
            }
        }
        self.document.text = collapsed(&self.document.text);
        self.document
    }
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text(bytes: &HtmlString) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><title>Sign in</title><main><h1>Sign &amp; in</h1>
<script nonce="n">if (1 < 2) { "<form>" }</script>
<p id="error" role="alert">No <b>such</b>
 user</p>
<form method="post" action="/sign-in?a=1&amp;b=2"><input type="hidden" name="transaction" value="t&quot;1">
<input id="username" name="username"><input id="password" name="password" type="password" value="">
<input type="checkbox" name="remember"><select name="language"><option value="en"><option value="de" selected></select>
<button id="submit" name="step" value="password">Go</button><button id="cancel" formaction="/cancel">No</button></form>
<form action="/other"><input name="x" value="1"></form></main>"#;

    #[test]
    fn a_form_sends_what_a_browser_would_send() {
        let page = Document::parse(PAGE);
        let sent = page.filled_in(&[("username", "alice"), ("password", "p")], None);
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!((sent.action.as_str(), sent.method.as_str()), ("/sign-in?a=1&b=2", "POST"));
        let expected = [
            field("transaction", "t\"1"),
            field("username", "alice"),
            field("password", "p"),
            field("language", "de"),
            field("step", "password"),
        ];
        assert_eq!(sent.fields, expected);
        assert_eq!(page.filled_in(&[], Some("cancel")).action, "/cancel");
    }

    #[test]
    fn a_page_is_read_without_its_scripts() {
        let page = Document::parse(PAGE);
        assert!(page.text.starts_with("Sign & in No such user"), "{}", page.text);
        assert_eq!(page.find("error").map(|error| error.text.as_str()), Some("No such user"));
        assert_eq!(page.all("form").count(), 2);
        assert!(page.find("nobody").is_none());
    }
}

//! Where a journey through the hosted pages ended.

use std::ops::Deref;

use reqwest::Url;

use super::document::Document;
use super::reply::Reply;

/// A page of the server, or whatever else it answered that leads nowhere by itself.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it is, as browsers know it.
    pub url: Url,
    /// The answer it came with.
    pub reply: Reply,
    pub(super) document: Document,
}

impl Page {
    /// The text of the element with this id; `None` where there is none.
    #[must_use]
    pub fn text_of(&self, id: &str) -> Option<&str> {
        self.document.find(id).map(|element| element.text.as_str())
    }

    /// It is a page of this status that has all these ids.
    #[track_caller]
    pub fn assert_shows(&self, status: u16, ids: &[&str]) {
        assert_eq!(self.reply.status, status, "{}: {}", self.url, self.reply.text);
        assert!(self.reply.header("content-type").starts_with("text/html"), "{:?}", self.reply.headers);
        for id in ids {
            assert!(self.find(id).is_some(), "{} has no #{id} but {:?}: {}", self.url, self.ids(), self.text);
        }
    }
}

impl Deref for Page {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.document
    }
}

/// What came to the client's address.
#[derive(Clone, Debug)]
pub struct Departure {
    /// The client's address with its query.
    pub url: Url,
    /// The fields of a form that sends itself there (`response_mode=form_post`).
    pub form: Option<Vec<(String, String)>>,
    /// The answer that leads there.
    pub reply: Reply,
}

impl Departure {
    /// A parameter of the form, or else of the query.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The parameters of the form, or else of the query, in their order.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, String)> {
        self.form.clone().unwrap_or_else(|| self.url.query_pairs().into_owned().collect())
    }

    /// The code.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn code(&self) -> String {
        self.parameter("code")
            .unwrap_or_else(|| unreachable!("no code in {:?} to {}", self.parameters(), self.url))
    }

    /// The `error`, if any.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        self.parameter("error")
    }
}

/// Where a journey ended.
#[derive(Clone, Debug)]
pub enum Landing {
    /// At one of the server's own pages.
    Here(Page),
    /// At the client.
    Away(Departure),
}

impl Landing {
    /// The page.
    ///
    /// # Panics
    /// When it got away.
    #[must_use]
    #[track_caller]
    pub fn here(self) -> Page {
        match self {
            Self::Here(page) => page,
            Self::Away(departure) => unreachable!("it got away to {}", departure.url),
        }
    }

    /// What came to the client.
    ///
    /// # Panics
    /// When it ended here.
    #[must_use]
    #[track_caller]
    pub fn away(self) -> Departure {
        match self {
            Self::Away(departure) => departure,
            Self::Here(page) => unreachable!("still at {}: {} {}", page.url, page.reply.status, page.text),
        }
    }
}

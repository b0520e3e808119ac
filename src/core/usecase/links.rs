//! Links in mails: how they are made, and what a token is worth.

use std::time::Duration;

use super::Core;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::ids::{ClientKey, Id as _, UserId};
use crate::domain::link::{Link, LinkPurpose, LinkState, subject};
use crate::domain::message::Particulars;
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::user::User;

/// Stands for an account that does not exist, where the same questions are asked for it.
pub(super) fn nobody() -> UserId {
    UserId::from_uuid(uuid::Uuid::nil())
}

/// What a link is about.
pub(super) struct About<'a> {
    pub(super) purpose: LinkPurpose,
    /// A newer link about the same takes this one's place.
    pub(super) subject: &'a str,
    pub(super) client: Option<ClientKey>,
    pub(super) user: Option<&'a User>,
    pub(super) email: Option<&'a str>,
    pub(super) data: Option<String>,
}

/// A link that is to be sent: its row, and what the mail says of it.
pub(super) struct NewLink {
    pub(super) link: Link,
    pub(super) token: Secret<String>,
    pub(super) url: String,
    pub(super) minutes: u64,
}

impl NewLink {
    /// The words of the mail that carries it.
    pub(super) fn particulars(&self) -> Particulars {
        Particulars { url: Some(self.url.clone()), minutes: Some(self.minutes), ..Particulars::default() }
    }
}

impl Core {
    /// A link whose address is made of the configured one only.
    pub(super) fn new_link(&self, about: About<'_>) -> NewLink {
        let (base, ttl) = self.page(about.purpose);
        let token = self.opaque_token();
        let now = self.now();
        let link = Link {
            id: self.new_id(),
            purpose: about.purpose,
            token_hash: TokenHash::of(token.expose()),
            subject_hash: subject(about.subject),
            client: about.client,
            user: about.user.map(|user| user.id),
            email: about.email.map(str::to_owned),
            data: about.data,
            invited_to: None,
            credential_version: about.user.map_or(0, |user| user.credential_version),
            created_at: now,
            expires_at: now.plus(ttl),
        };
        let url = format!("{base}?token={}", token.expose());
        NewLink { link, token, url, minutes: minutes(ttl) }
    }

    fn page(&self, purpose: LinkPurpose) -> (&str, Duration) {
        let links = &self.settings.links;
        match purpose {
            LinkPurpose::ResetPassword => (&links.reset_password, links.reset_password_ttl),
            LinkPurpose::SignUp => (&links.sign_up, links.sign_up_ttl),
            LinkPurpose::VerifyEmail => (&links.verify_email, links.verify_email_ttl),
        }
    }

    /// The link of a token that can be used; uses nothing up.
    ///
    /// # Errors
    /// LinkTokenMissing, LinkUnknown (another purpose's too), LinkSpent.
    pub(super) async fn fresh_link(
        &self,
        purpose: LinkPurpose,
        token: &Secret<String>,
    ) -> Result<Link, Error> {
        if token.expose().is_empty() {
            return Err(ErrorKind::LinkTokenMissing.into());
        }
        let hash = TokenHash::of(token.expose());
        match self.reading("link").await?.link(purpose, &hash, self.now()).await? {
            LinkState::Fresh(link) => Ok(link),
            LinkState::Spent => Err(ErrorKind::LinkSpent.into()),
            LinkState::Absent => Err(ErrorKind::LinkUnknown.into()),
        }
    }
}

/// Whole minutes, rounded up: what a reader is told.
pub(super) fn minutes(ttl: Duration) -> u64 {
    ttl.as_secs().div_ceil(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_told_whole_minutes() {
        let told = [0, 1, 60, 61, 1800].map(|seconds| minutes(Duration::from_secs(seconds)));
        assert_eq!(told, [0, 1, 1, 2, 30]);
    }
}

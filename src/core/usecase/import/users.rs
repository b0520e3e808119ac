//! Users, a batch in one transaction: a run that is cut short leaves whole users only.

use std::collections::HashSet;

use super::{ImportError, Importer, Kind, Topic};
use crate::domain::error::Error;
use crate::domain::import::{FoundUser, Known, NewUser, USER_BATCH};
use crate::domain::user::username_key;
use crate::ports::import::Predecessor;
use crate::usecase::{Core, rerun};

/// What is stored already, for quick asking.
pub(super) struct Stored {
    users: HashSet<uuid::Uuid>,
    usernames: HashSet<String>,
    pub(super) memberships: HashSet<uuid::Uuid>,
    pub(super) identities: HashSet<(String, String)>,
}

impl Importer<'_> {
    pub(super) async fn users(&mut self, source: &mut dyn Predecessor) -> Result<(), ImportError> {
        loop {
            let found = source.next_users(USER_BATCH).await?;
            if found.is_empty() {
                return Ok(());
            }
            let stored = self.stored(&found).await?;
            let new: Vec<NewUser> = found.iter().filter_map(|found| self.user(found, &stored)).collect();
            self.count(&new);
            if !self.options.dry_run && !new.is_empty() {
                rerun(|| write(self.core, &new)).await?;
            }
        }
    }

    async fn stored(&self, found: &[FoundUser]) -> Result<Stored, ImportError> {
        let asked = Known {
            users: found.iter().map(|user| user.id).collect(),
            usernames: found.iter().map(|user| username_key(&user.username)).collect(),
            memberships: found.iter().flat_map(|user| &user.memberships).map(|place| place.id).collect(),
            identities: found.iter().filter_map(super::judge::account_at_provider).collect(),
        };
        let known = self.core.reading("import users").await?.known(&asked).await?;
        Ok(Stored {
            users: known.users.into_iter().collect(),
            usernames: known.usernames.into_iter().collect(),
            memberships: known.memberships.into_iter().collect(),
            identities: known.identities.into_iter().collect(),
        })
    }

    fn user(&mut self, found: &FoundUser, stored: &Stored) -> Option<NewUser> {
        if stored.users.contains(&found.id) {
            self.report.count(Kind::Users).unchanged += 1;
            return None;
        }
        if !found.is_deleted {
            let key = username_key(&found.username);
            if stored.usernames.contains(&key) || !self.usernames.insert(key) {
                self.report.count(Kind::Users).left_out += 1;
                self.report.note(Topic::UsernameTaken, format_args!("{} ({})", found.username, found.id));
                return None;
            }
            if found.username != found.username.to_lowercase() {
                self.report.note(Topic::UsernameCapitals, &found.username);
            }
        }
        Some(self.judge(found, stored))
    }

    fn count(&mut self, new: &[NewUser]) {
        for new in new {
            self.report.count(Kind::Users).added += 1;
            self.report.count(Kind::Memberships).added += new.memberships.len() as u64;
            self.report.count(Kind::Identities).added += u64::from(new.identity.is_some());
            if let Some((_, scheme)) = &new.password {
                *self.report.schemes.entry(scheme.clone()).or_default() += 1;
            }
        }
    }
}

async fn write(core: &Core, new: &[NewUser]) -> Result<(), Error> {
    let mut tx = core.writing("import users").await?;
    tx.add_users(new, core.now()).await?;
    Ok(tx.commit().await?)
}

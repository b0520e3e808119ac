//! The login activity: copied as it is.

use std::collections::HashSet;

use super::{ImportError, Importer, Kind, Topic};
use crate::domain::activity::Activity;
use crate::domain::error::Error;
use crate::domain::ids::{ActivityId, Id as _};
use crate::domain::import::{ACTIVITY_BATCH, FoundActivity};
use crate::domain::time::Timestamp;
use crate::ports::import::Predecessor;
use crate::usecase::{Core, rerun};

impl Importer<'_> {
    pub(super) async fn activity(&mut self, source: &mut dyn Predecessor) -> Result<(), ImportError> {
        loop {
            let found = source.next_activities(ACTIVITY_BATCH).await?;
            if found.is_empty() {
                return Ok(());
            }
            let ids: Vec<_> = found.iter().map(|row| row.id).collect();
            let stored = self.core.reading("import activity").await?.known_activities(&ids).await?;
            let stored: HashSet<_> = stored.into_iter().collect();
            self.report.count(Kind::Activity).unchanged += stored.len() as u64;
            let fresh = found.into_iter().filter(|row| !stored.contains(&row.id));
            let new: Vec<Activity> = fresh.filter_map(|row| self.judged_activity(row)).collect();
            self.report.count(Kind::Activity).added += new.len() as u64;
            if !self.options.dry_run && !new.is_empty() {
                rerun(|| write(self.core, &new)).await?;
            }
        }
    }

    fn judged_activity(&mut self, found: FoundActivity) -> Option<Activity> {
        let Some(login_time) = found.login_time else {
            self.report.count(Kind::Activity).left_out += 1;
            self.report.note(Topic::ActivityTime, found.id);
            return None;
        };
        let tenant = found.tenant.as_ref().and_then(|text| text.parse().ok());
        if tenant.is_none() {
            self.report.note(Topic::ActivityTenant, found.id);
        }
        Some(Activity {
            id: ActivityId::from_uuid(found.id),
            actor: found.actor,
            tenant,
            login_time: Timestamp::new(login_time),
            token_payload: found.token_payload,
            login_type: found.login_type,
            device_info: found.device_info,
            ip_address: found.ip_address,
        })
    }
}

async fn write(core: &Core, new: &[Activity]) -> Result<(), Error> {
    let mut tx = core.writing("import activity").await?;
    tx.add_activities(new).await?;
    Ok(tx.commit().await?)
}

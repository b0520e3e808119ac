//! `doorward outbox`: messages that were given up.

use anyhow::{Context as _, bail};
use doorward_core::domain::error::ErrorKind;
use doorward_core::domain::ids::MessageId;
use doorward_core::usecase::Core;

use crate::cli::Outbox;
use crate::config::Settings;
use crate::wire::{self, Overrides, Purpose};

/// Does what the command says; answers what to print.
///
/// # Errors
/// One line about what cannot be used, or a message that was not given up.
pub(crate) async fn operate(settings: &Settings, command: Outbox) -> anyhow::Result<String> {
    let core = wire::assemble(settings, Overrides::default(), Purpose::Look).await?.core;
    match command {
        Outbox::List => list(&core).await,
        Outbox::Retry { id } => {
            let id: MessageId =
                id.parse().with_context(|| format!("{id:?} is no id: see `doorward outbox list`"))?;
            match core.retry_message(id).await {
                Ok(()) => {
                    Ok(format!("message {id} is sent again by the next server that works on this database\n"))
                }
                Err(error) if error.kind == ErrorKind::NotFound => {
                    bail!("there is no message {id} that was given up")
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}

async fn list(core: &Core) -> anyhow::Result<String> {
    let depth = core.queue_depth().await?;
    let counts = format!("{} waiting, {} given up\n", depth.waiting, depth.dead);
    let dead = core.dead_messages().await?;
    let head = (!dead.is_empty()).then(|| HEAD.to_owned());
    let lines = dead.iter().map(|message| {
        format!(
            "{} {:<24} {} {:<8} {}\n",
            message.id,
            message.kind,
            message.created_at.to_iso_millis(),
            message.attempts,
            message.last_error.as_deref().unwrap_or("-")
        )
    });
    Ok([counts].into_iter().chain(head).chain(lines).collect())
}

const HEAD: &str = "ID                                   KIND                     WRITTEN                  ATTEMPTS LAST FAILURE\n";

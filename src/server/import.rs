//! `doorward import`: takes over another service's data.

use anyhow::{Context as _, bail};
use doorward_core::domain::secret::Secret;
use doorward_core::usecase::import::ImportOptions;

use crate::cli::Sourceloop;
use crate::command::blank_database;
use crate::config::Settings;
use crate::wire::{self, Assembly, Overrides, Purpose};

/// Imports, or only looks; answers the lines to print.
///
/// # Errors
/// One line about the old database, or about ours. What was imported before the error stays.
pub(crate) async fn sourceloop(settings: &Settings, from: &Sourceloop) -> anyhow::Result<String> {
    let url = address(from)?;
    // First: when the old database cannot be read, ours must not even be made.
    let mut source = doorward_store::open_predecessor(url.expose(), &from.schema).await.context("import")?;
    let blank = if from.dry_run { blank_database(settings).await? } else { None };
    let settings = blank.as_ref().map_or(settings, |(settings, _)| settings);
    if blank.is_some() {
        wire::open_store(settings).await?.migrations.migrate().await.context("database")?;
    }
    let purpose = if from.dry_run { Purpose::Look } else { Purpose::Work };
    let Assembly { core, .. } = wire::assemble(settings, Overrides::default(), purpose).await?;
    let options = ImportOptions {
        dry_run: from.dry_run,
        without_activity: from.without_activity,
        activate_tenants: from.activate_tenants,
        public_clients: from.public_clients,
        hs256_clients: from.hs256_clients,
        algorithm: from.algorithm,
        providers: settings.providers.keys().cloned().collect(),
    };
    let report = core.import(source.as_mut(), &options).await.context("import")?;
    let closing = if from.dry_run { "dry run: nothing was changed\n" } else { "" };
    Ok(format!("{report}{closing}"))
}

fn address(from: &Sourceloop) -> anyhow::Result<Secret<String>> {
    match (&from.from, &from.from_file) {
        (Some(url), None) => Ok(Secret::from(url.as_str())),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            Ok(Secret::from(text.trim()))
        }
        _ => bail!("give either --from or --from-file"),
    }
}

//! `mosdat atspi-dump`: what programs on a machine's desktop say about their widgets.

use crate::{
    cli::{
        arguments::{DumpArguments, DumpFormat},
        error::CliError,
        exit::Ended,
        face,
        session::Visit,
        settings::Settings,
        view::widgets::{self, Shown},
        workplace::Workplace,
    },
    model::{Layer, LayerName, NodeQuery, Tree},
    port::{AccessibilityTree, Command, Guest, Process, ProviderError, TreeError},
};
use std::time::Duration;
use tokio::time::timeout;

/// Programs that have said nothing new for so long have shown what they are about to show.
const QUIET: Duration = Duration::from_millis(700);

/// How long a launched program may take to end.
const END_LIMIT: Duration = Duration::from_secs(10);

pub(in crate::cli) fn run(settings: &Settings, typed: &DumpArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let visit = Visit {
        machine: place.machine(&typed.vms)?,
        from: layer(typed)?,
    };
    let tree = place.locked("atspi-dump", |store, _| {
        place.block_on(async {
            let drivers = place.drivers()?;
            let look = async |guest: &dyn Guest| look(guest, typed).await;
            visit.with(&drivers, store, look).await
        })?
    })?;
    let shown = Shown {
        app: typed.app_filter.clone(),
        depth: typed.max_depth,
        hidden: typed.raw,
    };
    seen(&tree, &shown)?;
    let mut text = Vec::new();
    match typed.format {
        DumpFormat::Tree => widgets::outline(&mut text, &tree, &shown)?,
        DumpFormat::Roles => widgets::roles(&mut text, &tree, &shown)?,
        DumpFormat::Json => {
            let machine = visit.machine.name.as_str();
            widgets::document(&mut text, machine, &tree, &shown)?;
        }
    }
    match &typed.output {
        None => settings.face.result(|out| out.write_all(&text)),
        Some(file) => {
            face::write_file(file, &text)?;
            Ok(Ended::GOOD)
        }
    }
}

fn layer(typed: &DumpArguments) -> Result<Layer, CliError> {
    let Some(name) = &typed.layer else {
        return Ok(Layer::Base);
    };
    let parsed = LayerName::parse(name).map(Layer::Kept);
    parsed.ok_or_else(|| CliError::Usage(format!("`{name}` is no layer; one reads `mosdat-..`")))
}

/// Fails when there is nothing to show: an empty tree would read like an empty desktop.
fn seen(tree: &Tree, shown: &Shown) -> Result<(), CliError> {
    if tree.apps.iter().any(|app| shown.is_meant(app)) {
        return Ok(());
    }
    let silent = tree.silent_apps.iter().map(|app| app.label.as_str());
    let silent: Vec<&str> = silent.collect();
    let apps = tree.apps.join(", ");
    Err(CliError::Unseen(match (apps.as_str(), silent.as_slice()) {
        ("", []) => "no application shows itself to assistive technologies".into(),
        ("", silent) => format!("no application answers; silent: {}", silent.join(", ")),
        (apps, _) => format!("no application is called `{}`, only {apps}", shown.app),
    }))
}

async fn look(guest: &dyn Guest, typed: &DumpArguments) -> Result<Tree, CliError> {
    let tree = guest.tree().await?;
    let limit = Duration::from_secs(typed.timeout) * guest.slowness();
    let Some(command) = &typed.launch else {
        ready(&*tree, typed, limit).await?;
        return Ok(tree.read_placed().await.map_err(ProviderError::from)?);
    };
    let program = guest.start(&Command::shell(command)).await?;
    let looked = async {
        ready(&*tree, typed, limit).await?;
        Ok(tree.read_placed().await.map_err(ProviderError::from)?)
    };
    let looked = tokio::select! {
        looked = looked => looked,
        ended = ended(&*program, command) => Err(ended),
    };
    drop(timeout(END_LIMIT, program.end()).await);
    looked
}

/// Returns what it means that a launched program has ended. One that leaves without a fault may have
/// handed its work to another.
async fn ended(program: &dyn Process, command: &str) -> CliError {
    match program.wait().await {
        Ok(crate::port::Exit::Code(0)) => std::future::pending().await,
        Ok(exit) => {
            let output = program.output();
            CliError::Unseen(format!("`{command}` {exit}\n{}", output.trim()))
        }
        Err(err) => err.into(),
    }
}

/// Waits until there is what is waited for: the widget that was named, or an application, and no
/// further change for a moment.
async fn ready(
    tree: &dyn AccessibilityTree,
    typed: &DumpArguments,
    limit: Duration,
) -> Result<(), CliError> {
    let awaited = typed.wait.as_deref().map(|text| awaited(text, typed));
    let found = timeout(limit, async {
        match &awaited {
            Some(query) => until_found(tree, query).await,
            None => until_quiet(tree, typed).await,
        }
    });
    match (found.await, awaited) {
        (Ok(found), _) => Ok(found.map_err(ProviderError::from)?),
        (Err(_), Some(query)) => {
            let seconds = limit.as_secs();
            let why = format!("no {query} showed within {seconds} s");
            Err(CliError::Unseen(why))
        }
        // What never comes to rest is told as it is; that nothing is there is said later.
        (Err(_), None) => Ok(()),
    }
}

/// Reads `push button:Save`.
fn awaited(text: &str, typed: &DumpArguments) -> NodeQuery {
    let (role, name) = match text.split_once(':') {
        Some((role, name)) => (role, Some(name.to_owned())),
        None => (text, None),
    };
    NodeQuery {
        role: role.to_lowercase(),
        name,
        name_is_part: true,
        app: typed.app_filter.clone(),
        ..NodeQuery::default()
    }
}

async fn until_found(tree: &dyn AccessibilityTree, query: &NodeQuery) -> Result<(), TreeError> {
    loop {
        let since = tree.generation();
        if !tree.find(query).await?.0.is_empty() {
            return Ok(());
        }
        // Some programs do not say that they changed.
        if let Ok(changed) = timeout(QUIET, tree.changed(since)).await {
            changed?;
        }
    }
}

async fn until_quiet(tree: &dyn AccessibilityTree, typed: &DumpArguments) -> Result<(), TreeError> {
    let wanted = typed.app_filter.to_lowercase();
    loop {
        let since = tree.generation();
        match timeout(QUIET, tree.changed(since)).await {
            Ok(changed) => changed?,
            Err(_) if typed.launch.is_none() => return Ok(()),
            Err(_) => {
                let seen = tree.read().await?;
                let is_wanted = |app: &String| app.to_lowercase().contains(&wanted);
                if seen.apps.iter().any(is_wanted) && !seen.nodes.is_empty() {
                    return Ok(());
                }
            }
        }
    }
}

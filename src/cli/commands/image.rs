//! `mosdat image`: makes, lists, removes and takes in guest images.

use crate::{
    cli::{
        arguments::image::{
            BuildArguments, ImageCommand, ImportArguments, ListArguments, PruneArguments,
            RemoveArguments, WhereArguments,
        },
        error::CliError,
        exit::Ended,
        progress::making::Making,
        settings::Settings,
        view::images,
    },
    driver::{
        disk::SystemClock,
        image::{
            ImageMaker, ImageRequest, ImageStore, ImportRequest, Made, MakeError, Progress, Recipe,
        },
    },
    model::Image,
    port::Clock as _,
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

pub(in crate::cli) fn run(settings: &Settings, typed: &ImageCommand) -> Result<Ended, CliError> {
    match typed {
        ImageCommand::Build(typed) => build(settings, typed),
        ImageCommand::List(typed) => list(settings, typed),
        ImageCommand::Rm(typed) => remove(settings, typed),
        ImageCommand::Prune(typed) => prune(settings, typed),
        ImageCommand::Import(typed) => import(settings, typed),
    }
}

fn build(settings: &Settings, typed: &BuildArguments) -> Result<Ended, CliError> {
    let recipe = Recipe {
        release: typed.release.parse().map_err(CliError::Usage)?,
        sessions: typed.session.iter().copied().map(Into::into).collect(),
        packages: packages(&typed.packages)?,
    };
    let request = ImageRequest {
        name: checked_name(typed.name.as_deref().unwrap_or(&typed.release))?,
        recipe,
        mirror: typed.mirror.clone(),
        anew: typed.force,
    };
    let maker = maker(settings, &typed.place)?;
    let (made, took) = watched(settings, &request.name, async |stop, report| {
        maker.make(&request, stop, report).await
    })?;
    settings.face.result(|out| match &made {
        Made::WasThere(image) => writeln!(
            out,
            "the image `{}` is there already: {}",
            image.name,
            folder(image)
        ),
        Made::New(image) => writeln!(
            out,
            "made the image `{}` in {} s: {}",
            image.name,
            took.as_secs(),
            folder(image)
        ),
    })
}

fn import(settings: &Settings, typed: &ImportArguments) -> Result<Ended, CliError> {
    let request = ImportRequest {
        file: typed.file.clone(),
        name: checked_name(&typed.name)?,
        user: typed.user.clone(),
        key: typed.key.clone(),
        session: typed.session.into(),
        has_agent: !typed.no_agent,
    };
    let maker = maker(settings, &typed.place)?;
    let (image, _) = watched(settings, &request.name, async |stop, report| {
        maker.import(&request, stop, report).await
    })?;
    settings.face.result(|out| {
        writeln!(
            out,
            "took in the image `{}`: {}",
            image.name,
            folder(&image)
        )
    })
}

fn list(settings: &Settings, typed: &ListArguments) -> Result<Ended, CliError> {
    let store = store(settings, &typed.place)?;
    let mut found = store.survey()?;
    if typed.check {
        for stored in &mut found {
            if let Ok(image) = &stored.image
                && let Err(error) = store.check(image)
            {
                stored.image = Err(error);
            }
        }
    }
    let is_sound = found.iter().all(|stored| stored.image.is_ok());
    settings.face.result(|out| {
        if typed.json {
            return writeln!(out, "{}", images::document(&found));
        }
        if found.is_empty() {
            let dir = store.dir().display();
            return writeln!(
                out,
                "there are no images in `{dir}`; `mosdat image build` makes one"
            );
        }
        write!(out, "{}", images::table(&found))
    })?;
    Ok(if is_sound { Ended::GOOD } else { Ended::ERROR })
}

fn remove(settings: &Settings, typed: &RemoveArguments) -> Result<Ended, CliError> {
    let store = store(settings, &typed.place)?;
    for name in &typed.names {
        let count = store.remove(&checked_name(name)?)?;
        settings.face.result(|out| {
            let also = match count {
                0 => ": an attempt to make it".to_owned(),
                1 => String::new(),
                _ => format!(", and {} that it had replaced", count - 1),
            };
            writeln!(out, "removed the image `{name}`{also}")
        })?;
    }
    Ok(Ended::GOOD)
}

fn prune(settings: &Settings, typed: &PruneArguments) -> Result<Ended, CliError> {
    let store = store(settings, &typed.place)?;
    let names = if typed.names.is_empty() {
        store.names()?
    } else {
        typed.names.clone()
    };
    let mut removed = 0;
    for name in names {
        let (gone, kept) = store.prune(&checked_name(&name)?)?;
        removed += gone;
        for by in kept {
            let text = format!("one that `{name}` has replaced stays: it is in use by {by}");
            settings.face.say(&text);
        }
    }
    settings
        .face
        .result(|out| writeln!(out, "removed {removed} replaced images"))
}

/// Does `work` while showing how it goes, and ends it when the user has had enough. Returns how
/// long it took as well.
fn watched<T>(
    settings: &Settings,
    name: &str,
    work: impl AsyncFnOnce(
        &CancellationToken,
        &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<T, MakeError>,
) -> Result<(T, Duration), CliError> {
    let clock = SystemClock;
    let began = clock.now();
    let making = Making::new(io::stderr(), name, settings.face.is_live, began);
    let making = Mutex::new(making);
    let lock = || making.lock().unwrap_or_else(PoisonError::into_inner);
    let report = |happened: Progress| lock().take(happened, clock.now());
    let stop = CancellationToken::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let made = runtime.block_on(async {
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        let working = work(&stop, &report);
        tokio::pin!(working);
        let mut ticks = tokio::time::interval(Duration::from_millis(250));
        loop {
            tokio::select! {
                made = &mut working => return Ok::<_, CliError>(made),
                _ = interrupt.recv() => stop.cancel(),
                _ = terminate.recv() => stop.cancel(),
                _ = ticks.tick() => lock().tick(clock.now()),
            }
        }
    })?;
    lock().finish();
    Ok((made?, clock.now().since(began)))
}

fn maker(settings: &Settings, place: &WhereArguments) -> Result<ImageMaker, CliError> {
    let store = store(settings, place)?;
    let environment = settings.environment.clone();
    Ok(ImageMaker::new(store, environment, Arc::new(SystemClock)))
}

fn store(settings: &Settings, place: &WhereArguments) -> Result<ImageStore, CliError> {
    let dir = settings.images_dir(place.images.as_deref(), None)?;
    Ok(ImageStore::new(dir))
}

fn checked_name(name: &str) -> Result<String, CliError> {
    if ImageStore::is_name(name) {
        return Ok(name.into());
    }
    Err(CliError::Usage(format!(
        "`{name}` is no name for an image: letters, digits, `-`, `_` and `.`, a letter or digit first"
    )))
}

/// Makes sure that names of packages are no options and no patterns.
fn packages(typed: &[String]) -> Result<std::collections::BTreeSet<String>, CliError> {
    let is_name = |name: &str| {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
        name.len() > 1
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(is_plain)
            // To apt, these ask for a package to be removed or left alone.
            && !name.ends_with('-')
    };
    let names = typed
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty());
    names
        .map(|name| {
            if is_name(name) {
                return Ok(name.to_owned());
            }
            Err(CliError::Usage(format!(
                "`{name}` is no name of a Debian package"
            )))
        })
        .collect()
}

fn folder(image: &Image) -> String {
    let folder = image.disk.parent().unwrap_or(&image.disk);
    folder.display().to_string()
}

//! The second stage: packages become the root of a guest, without starting one.
//!
//! mmdebstrap unpacks and configures them, offline, in a folder; a script of ours makes a guest of
//! it. Both run as root, of this computer or of a namespace.

use super::{
    error::{MakeError, Stage},
    files, guest, keys,
    maker::Report,
    packages::{self, packages_in},
    progress::Progress,
    recipe::{LEFT_OUT, Recipe, USER},
    tool::{Call, Tools, text},
    work::Work,
};
use crate::port::ImageError;

/// Where the script and what it needs lie within the root, while it runs.
const INSIDE: &str = "/guest";

/// Where the script leaves what is no part of the root.
const LEFT_FOR_US: &str = "boot/mosdat";

/// Makes the root, unless it is there.
pub(super) async fn make(
    recipe: &Recipe,
    work: &Work,
    tools: &Tools,
    report: Report<'_>,
) -> Result<(), MakeError> {
    let root = work.scratch("root");
    if root.exists() {
        report(Progress::Kept(Stage::Root));
        return Ok(());
    }
    work.check_room(3_000_000_000)?;
    report(Progress::Began(Stage::Root));
    write_guest(recipe, work)?;
    let total = packages_in(&work.path("apt/cache/archives")).len();
    let mut halves = 0;
    let mut take = |line: &str| {
        if ["Unpacking ", "Setting up "]
            .iter()
            .any(|word| line.starts_with(word))
        {
            halves += 1;
            let done = total.min(halves / 2);
            report(Progress::Count { done, total });
        }
    };
    tools
        .run(Stage::Root, call(recipe, work), &mut take)
        .await?;
    tools.check_stop()?;
    let new = work.scratch("root.new");
    let left = new.join(LEFT_FOR_US);
    let boot = work.path("boot");
    files::remove(&boot)?;
    files::make_folder(&boot)?;
    for name in files::names(&left)? {
        files::copy(&left.join(&name), &boot.join(&name))?;
    }
    let remove = work.as_root(["rm", "-rf", "--", &text(&left)]);
    tools.run(Stage::Root, remove, &mut |_| ()).await?;
    // A root that is there after a loss of power must have its content, and so must what belongs to it.
    files::sync_all_below(&new)?;
    files::sync_all_below(&boot)?;
    Ok(files::rename(&new, &root)?)
}

/// Writes what the root is made a guest with.
fn write_guest(recipe: &Recipe, work: &Work) -> Result<(), ImageError> {
    let dir = work.path("guest");
    files::remove(&dir)?;
    for file in recipe.files() {
        let path = dir.join("files").join(file.path);
        files::make_folder(path.parent().unwrap_or(&dir))?;
        let mode = if file.is_program { 0o755 } else { 0o644 };
        files::write(&path, file.text.as_bytes(), mode)?;
    }
    let keys = work.path("keys");
    if !keys.join("public").exists() {
        let pair = keys::make().map_err(files::failed("make a key in", &keys))?;
        files::remove(&keys)?;
        files::make_folder(&keys)?;
        files::write(&keys.join("private"), pair.private.as_bytes(), 0o600)?;
        files::replace(
            &keys.join("public"),
            format!("{}\n", pair.public).as_bytes(),
        )?;
    }
    let public = files::read(&keys.join("public"))?;
    for (name, bytes) in [
        ("authorized-keys", public.as_slice()),
        ("configure", guest::CONFIGURE.as_bytes()),
        ("init", guest::INIT.as_bytes()),
        ("initrd-modules", guest::INITRD_MODULES.as_bytes()),
        ("masked", guest::MASKED.as_bytes()),
        ("modules", guest::MODULES.as_bytes()),
        ("user", USER.as_bytes()),
    ] {
        files::write(&dir.join(name), bytes, 0o644)?;
    }
    Ok(())
}

fn call(recipe: &Recipe, work: &Work) -> Call {
    let packages: Vec<&str> = recipe.all_packages().into_iter().collect();
    let lists = quoted(&text(&work.path("apt/state/lists")));
    let archives = quoted(&text(&work.path("apt/cache/archives")));
    let guest = quoted(&text(&work.path("guest")));
    let left_out = LEFT_OUT
        .iter()
        .map(|pattern| format!("path-exclude={pattern}"));
    Call::new(["mmdebstrap", "--variant=apt", "--verbose"])
        .arguments([format!("--mode={}", packages::mode(work))])
        .arguments(recipe.release.bootstrap().iter().copied())
        // Packages and what apt knows of them come from the stage before.
        .arguments(["--skip=update,cleanup/reproducible"])
        .arguments(["--setup-hook=mkdir -p \"$1/var/cache/apt/archives\"".to_owned()])
        .arguments([format!("--setup-hook=sync-in {lists} /var/lib/apt/lists")])
        .arguments([format!(
            "--setup-hook=sync-in {archives} /var/cache/apt/archives"
        )])
        .arguments([format!("--include={}", packages.join(","))])
        .arguments(["--aptopt=APT::Install-Suggests \"false\""])
        .arguments([format!("--aptopt={}", text(&work.path("apt/network.conf")))])
        .arguments(["--dpkgopt=force-unsafe-io"])
        .arguments(left_out.map(|pattern| format!("--dpkgopt={pattern}")))
        .arguments([format!("--customize-hook=copy-in {guest} /")])
        .arguments([format!(
            "--customize-hook=chroot \"$1\" sh {INSIDE}/configure"
        )])
        .arguments([format!("--customize-hook=rm -rf \"$1{INSIDE}\"")])
        .arguments([
            "--format=directory".to_owned(),
            recipe.release.suite().to_owned(),
            text(&work.scratch("root.new")),
            text(&work.path("apt/sources.list")),
        ])
        // The initrd is made by our script.
        .variable("INITRD", "No")
}

/// Quotes a path for mmdebstrap, which takes a hook apart as a shell does.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''"))
}

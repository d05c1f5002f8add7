//! The third stage: the root becomes a disk, and everything that makes an image comes together.
//!
//! No loop device and no mount: the file system is written into a file by the program that makes it.

use super::{
    error::{MakeError, Stage},
    files::{self, failed},
    maker::Report,
    manifest::{self, Draft, Manifest},
    progress::Progress,
    recipe::{ARGUMENTS, Recipe, USER},
    tool::{Call, Tools, text},
    work::Work,
};
use crate::{
    model::{ContentHash, Timestamp},
    port::ImageError,
};
use std::{fs::File, os::unix::fs::PermissionsExt as _, path::Path};

/// How large the disk is for the guest. On this computer it takes what is in it.
const SIZE: u64 = 8 << 30;

/// What is told to the program that makes the file system. Its tables are written at once, or each
/// guest would write them again onto its own disk after the start.
const FILE_SYSTEM: &[&str] = &[
    "-q",
    "-F",
    "-L",
    "mosdat",
    "-O",
    "^huge_file",
    "-J",
    "size=16",
    "-m",
    "0",
    "-N",
    "262144",
    "-E",
    "lazy_itable_init=0,lazy_journal_init=0,nodiscard",
];

/// Makes the finished folder of an image, unless it is there, and returns what describes it.
pub(super) async fn make(
    name: &str,
    recipe: &Recipe,
    now: Timestamp,
    work: &Work,
    tools: &Tools,
    report: Report<'_>,
) -> Result<Manifest, MakeError> {
    let image = work.path("image");
    if image.exists() {
        report(Progress::Kept(Stage::Disk));
        return Ok(Manifest::read(&image)?);
    }
    work.check_room(2_000_000_000)?;
    report(Progress::Began(Stage::Disk));
    let new = work.path("image.new");
    files::make_folder(&new)?;
    fill(work, tools, &new).await?;
    for (from, to, mode) in [
        ("boot/vmlinuz", manifest::KERNEL, 0o444),
        ("boot/initrd.img", manifest::INITRD, 0o444),
        ("boot/packages", "packages", 0o444),
        ("keys/private", manifest::KEY, 0o600),
        ("keys/public", manifest::PUBLIC_KEY, 0o444),
    ] {
        files::write(&new.join(to), &files::read(&work.path(from))?, mode)?;
    }
    let host_key = files::read(&work.path("boot/host-key"))?;
    let manifest = Manifest::of(
        Draft {
            name: name.into(),
            recipe: Some(recipe.digest()),
            made: now,
            arguments: Some(ARGUMENTS.into()),
            user: USER.into(),
            host_key: Some(String::from_utf8_lossy(&host_key).trim().to_owned()),
            sessions: recipe.sessions.iter().copied().collect(),
            has_agent: true,
        },
        &new,
    )?;
    manifest.write(&new)?;
    files::sync_all_below(&new)?;
    files::rename(&new, &image)?;
    Ok(manifest)
}

/// Makes the disk.
async fn fill(work: &Work, tools: &Tools, new: &Path) -> Result<(), MakeError> {
    let raw = work.scratch("disk.raw");
    make_room(&raw, work.is_root())?;
    let root = text(&work.scratch("root"));
    let call = work
        .as_root(["mkfs.ext4"])
        .arguments(FILE_SYSTEM.iter().copied())
        .arguments(["-d".to_owned(), root, text(&raw)]);
    tools.run(Stage::Disk, call, &mut |_| ()).await?;
    let call = Call::new(["qemu-img", "convert", "-f", "raw", "-O", "qcow2"])
        .arguments([text(&raw), text(&new.join(manifest::DISK))]);
    tools.run(Stage::Disk, call, &mut |_| ()).await?;
    Ok(files::remove(&raw)?)
}

/// Makes an empty file as large as the disk. Root of a namespace is another user, who has to write
/// into it as well.
fn make_room(raw: &Path, is_root: bool) -> Result<(), ImageError> {
    files::remove(raw)?;
    let mode = if is_root { 0o600 } else { 0o666 };
    let make = || {
        let file = File::create_new(raw)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.set_len(SIZE)
    };
    make().map_err(failed("write", raw))
}

/// Returns what an image that was made is known by: its recipe and its packages' sources.
pub(super) fn key(recipe: &Recipe, sources: &str) -> ContentHash {
    let text = format!("{}\n{sources}", recipe.digest());
    ContentHash::of(text.as_bytes())
}

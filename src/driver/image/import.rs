//! Takes a disk that somebody else made in as an image: looks at it, copies it, changes nothing.

use super::{
    error::{MakeError, Stage},
    files::{self, failed},
    maker::{ImageMaker, Report},
    manifest::{self, Draft, Manifest},
    progress::Progress,
    tool::{Call, Tools, text},
    work::Work,
};
use crate::model::{Image, Session};
use serde::Deserialize;
use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use tokio_util::sync::CancellationToken;

/// Which file is to be an image, and what cannot be seen from outside.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The disk: qcow2, raw, or whatever else `qemu-img` reads.
    pub file: PathBuf,
    /// What the image is going to be called.
    pub name: String,
    /// The user whose desktop it shows.
    pub user: String,
    /// The private key that lets that user in; the user's SSH agent is asked when missing.
    pub key: Option<PathBuf>,
    /// The session it shows.
    pub session: Session,
    /// Whether the QEMU guest agent runs in it.
    pub has_agent: bool,
}

/// What `qemu-img` knows of a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Known {
    format: String,
    virtual_size: u64,
    backing_filename: Option<String>,
    #[serde(default)]
    encrypted: bool,
}

impl ImageMaker {
    /// Takes a disk in. An image that had the name before is replaced, and stays until it is
    /// removed, like any other.
    pub async fn import(
        &self,
        request: &ImportRequest,
        stop: &CancellationToken,
        report: Report<'_>,
    ) -> Result<Image, MakeError> {
        self.check_programs(|program| program == "qemu-img")?;
        let work = Work::open(self.store(), &request.name)?;
        work.end_left().await;
        let tools = self.tools(&work, stop)?;
        files::remove(&work.path("image.new"))?;
        let known = look(&request.file, &tools).await?;
        check(&request.file, &known, &tools).await?;
        report(Progress::Began(Stage::Disk));
        work.check_room(room_for(&request.file)?)?;
        let new = work.path("image.new");
        files::make_folder(&new)?;
        let disk = new.join(manifest::DISK);
        if known.format == "qcow2" && known.backing_filename.is_none() {
            files::copy(&request.file, &disk)?;
        } else {
            convert(&request.file, &known, &disk, &tools).await?;
        }
        if let Some(key) = &request.key {
            files::write(&new.join(manifest::KEY), &read_key(key)?, 0o600)?;
        }
        let manifest = Manifest::of(
            Draft {
                name: request.name.clone(),
                recipe: None,
                made: self.now(),
                arguments: None,
                user: request.user.clone(),
                host_key: None,
                sessions: vec![request.session],
                has_agent: request.has_agent,
            },
            &new,
        )?;
        tools.check_stop()?;
        report(Progress::Began(Stage::Image));
        manifest.write(&new)?;
        let image = self.store().take_in(&manifest, &new)?;
        work.finish(&tools).await?;
        Ok(image)
    }
}

/// Asks what a file is.
async fn look(file: &Path, tools: &Tools) -> Result<Known, MakeError> {
    // A better word for what is most often wrong.
    File::open(file).map_err(failed("read", file))?;
    let mut document = String::new();
    let call = Call::new(["qemu-img", "info", "--output=json"]).arguments([text(file)]);
    tools
        .run(Stage::Disk, call, &mut |line| document.push_str(line))
        .await?;
    serde_json::from_str(&document).map_err(|error| no_disk(file, error.to_string()))
}

/// Makes sure that it is a disk that a machine can start from, as far as can be seen from here.
async fn check(file: &Path, known: &Known, tools: &Tools) -> Result<(), MakeError> {
    if known.encrypted {
        return Err(no_disk(file, "it is encrypted".into()));
    }
    if known.virtual_size == 0 {
        return Err(no_disk(file, "it is empty".into()));
    }
    if known.format == "raw" {
        // Any file at all is a raw disk to QEMU.
        return check_boot_sector(file);
    }
    let call = Call::new(["qemu-img", "check", "-q", "-f", &known.format]);
    let call = call.arguments([text(file)]);
    // Room that is lost is no damage, and not every format can be checked.
    tools
        .run_if(Stage::Disk, call, |code| matches!(code, 0 | 3 | 63))
        .await
}

/// What every disk that a PC starts from has at the end of its first sector.
const BOOT_SIGNATURE: [u8; 2] = [0x55, 0xAA];

fn check_boot_sector(file: &Path) -> Result<(), MakeError> {
    let mut sector = [0; 512];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut sector));
    match read {
        Ok(()) if sector[510..] == BOOT_SIGNATURE => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Err(failed("read", file)(error).into())
        }
        _ => Err(no_disk(
            file,
            "it is no disk image that `qemu-img` knows, and no raw disk with a boot sector".into(),
        )),
    }
}

async fn convert(file: &Path, known: &Known, disk: &Path, tools: &Tools) -> Result<(), MakeError> {
    let call = Call::new(["qemu-img", "convert", "-f", &known.format, "-O", "qcow2"]);
    let call = call.arguments([text(file), text(disk)]);
    tools.run(Stage::Disk, call, &mut |_| ()).await
}

/// Returns how much room a copy may take, and a little more.
fn room_for(file: &Path) -> Result<u64, MakeError> {
    use std::os::unix::fs::MetadataExt as _;
    let data = file.metadata().map_err(failed("read", file))?;
    Ok(data.blocks() * 512 + 100_000_000)
}

fn read_key(path: &Path) -> Result<Vec<u8>, MakeError> {
    let key = files::read(path)?;
    if key.starts_with(b"-----BEGIN ") {
        return Ok(key);
    }
    let why = "it is no private key; one begins with `-----BEGIN`".into();
    Err(MakeError::NoKey {
        path: path.into(),
        why,
    })
}

fn no_disk(file: &Path, why: String) -> MakeError {
    MakeError::NoDisk {
        path: file.into(),
        why,
    }
}

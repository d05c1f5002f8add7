//! Makes a video of pictures, with the program `ffmpeg`. A video is for people: nothing is judged by
//! it, and a run needs none.
//!
//! Knows nothing of runs: which pictures, and how long each is shown, is the caller's to say.

use crate::driver::process::{Spawn, SpawnError, spawn};
use crate::port::Exit;
use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::{Builder, NamedTempFile};

/// How long one video may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// How long the last picture is shown once more, so that the time before it counts.
const LAST: Duration = Duration::from_millis(1);

/// What a video is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// H.264 in MP4, which every player and page shows.
    Mp4,
    /// VP9 in `WebM`.
    Webm,
}

impl Container {
    /// Returns the ending of such files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Webm => "webm",
        }
    }

    fn codec(self) -> &'static [&'static str] {
        match self {
            // Frames that wait for later ones make players misread the length of the last.
            Self::Mp4 => &[
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-crf",
                "20",
                "-bf",
                "0",
                "-movflags",
                "+faststart",
            ],
            Self::Webm => &[
                "-c:v",
                "libvpx-vp9",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
                "-b:v",
                "0",
                "-crf",
                "30",
            ],
        }
    }
}

/// A video could not be made.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// The program is not there.
    #[error("failed to make a video: `ffmpeg` is not installed, or not in PATH")]
    NoFfmpeg,
    /// The program could not be started.
    #[error("failed to make a video")]
    Start(#[source] SpawnError),
    /// A picture is none.
    #[error("failed to make a video: `{0}` is no PNG")]
    NoPicture(PathBuf),
    /// The program did not do it.
    #[error("failed to make the video `{path}`: `ffmpeg` {how}: {said}")]
    Failed {
        /// Which video.
        path: PathBuf,
        /// How it ended.
        how: String,
        /// The last that it said.
        said: String,
    },
    /// A file could not be used.
    #[error("failed to {what} `{path}`")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
}

/// Writes a video of `shots`, PNG files of which each is shown for a time, to `to`: as a whole, or not
/// at all. Smaller pictures stand in the middle of the largest. `environment` has the `PATH` that
/// `ffmpeg` is looked for in.
pub async fn write(
    shots: &[(PathBuf, Duration)],
    container: Container,
    to: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<(), VideoError> {
    let size = largest(shots)?;
    let (list, video) = files(to, container).map_err(failed("make a file beside", to))?;
    list.as_file()
        .write_all(listed(shots).as_bytes())
        .map_err(failed("write", list.path()))?;
    let mut order = Spawn::new(arguments(list.path(), size, container, video.path()));
    let path = environment.get("PATH").cloned().unwrap_or_default();
    order.env.insert("PATH".into(), path);
    let tree = spawn(order, None).map_err(|err| {
        if let SpawnError::Missing { .. } = err {
            VideoError::NoFfmpeg
        } else {
            VideoError::Start(err)
        }
    })?;
    let exit = tokio::time::timeout(PATIENCE, tree.wait()).await;
    if exit != Ok(Exit::Code(0)) {
        tree.end().await;
        let said = tree.output();
        return Err(VideoError::Failed {
            path: to.into(),
            how: exit.map_or("did not end".into(), |exit| exit.to_string()),
            said: said.lines().last().unwrap_or("it said nothing").into(),
        });
    }
    let kept = video.persist(to);
    kept.map_err(|err| failed("write", to)(err.error)).map(drop)
}

/// Makes the list of pictures, and the file that becomes the video once it is whole. Both are
/// removed when they are dropped.
fn files(to: &Path, container: Container) -> io::Result<(NamedTempFile, NamedTempFile)> {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let list = Builder::new().prefix("mosdat-video").tempfile()?;
    let ending = format!(".{}", container.ending());
    let mut builder = Builder::new();
    builder.prefix(".").suffix(&ending);
    let readable = Permissions::from_mode(0o666);
    Ok((list, builder.permissions(readable).tempfile_in(folder)?))
}

/// Writes what `ffmpeg` reads: each picture and its time. Without the rate, times are rounded to that
/// of films; without the last picture once more, its own time is not known.
fn listed(shots: &[(PathBuf, Duration)]) -> String {
    let last = shots.last().map(|(file, _)| (file.clone(), LAST));
    let entries = shots.iter().cloned().chain(last).map(|(file, held)| {
        let file = file.to_string_lossy().replace('\'', r"'\''");
        let held = held.as_secs_f64();
        format!("file '{file}'\noption framerate 1000\nduration {held:.3}\n")
    });
    let entries: String = entries.collect();
    format!("ffconcat version 1.0\n{entries}")
}

fn arguments(list: &Path, size: (u32, u32), container: Container, to: &Path) -> Vec<String> {
    // Colours have half as many columns and rows as brightness.
    let (width, height) = (size.0.next_multiple_of(2), size.1.next_multiple_of(2));
    let fit = format!(
        "scale={width}:{height}:force_original_aspect_ratio=decrease,\
         pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1"
    );
    let (list, to) = (list.to_string_lossy(), to.to_string_lossy());
    let input = [
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-y",
        "-f",
        "concat",
    ];
    let place = ["-safe", "0", "-i", &list, "-an", "-vf", &fit];
    let times = [
        "-fps_mode",
        "vfr",
        "-enc_time_base",
        "1:1000",
        "-pix_fmt",
        "yuv420p",
    ];
    let output = ["-f", container.ending(), &to];
    let all = [
        &["ffmpeg"],
        &input[..],
        &place,
        &times,
        container.codec(),
        &output,
    ];
    all.concat().into_iter().map(str::to_owned).collect()
}

/// Returns the width and height that every picture fits into.
fn largest(shots: &[(PathBuf, Duration)]) -> Result<(u32, u32), VideoError> {
    let mut largest = (0, 0);
    for (file, _) in shots {
        let (width, height) = size(file)?;
        largest = (width.max(largest.0), height.max(largest.1));
    }
    Ok(largest)
}

/// Reads the size of a PNG from its head.
fn size(file: &Path) -> Result<(u32, u32), VideoError> {
    let mut head = [0; 24];
    let mut opened = fs::File::open(file).map_err(failed("read", file))?;
    let no_picture = || VideoError::NoPicture(file.into());
    opened.read_exact(&mut head).map_err(|_| no_picture())?;
    let number =
        |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let size = (number(16), number(20));
    if !head.starts_with(b"\x89PNG\r\n\x1a\n") || size.0 == 0 || size.1 == 0 {
        return Err(no_picture());
    }
    Ok(size)
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> VideoError {
    let path = path.to_path_buf();
    move |source| VideoError::File { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_a_file_can_be_listed() {
        let shots = [("/runs/it's/01.png".into(), Duration::from_millis(1_234))];
        assert_eq!(
            listed(&shots),
            "ffconcat version 1.0\n\
             file '/runs/it'\\''s/01.png'\noption framerate 1000\nduration 1.234\n\
             file '/runs/it'\\''s/01.png'\noption framerate 1000\nduration 0.001\n"
        );
    }
}

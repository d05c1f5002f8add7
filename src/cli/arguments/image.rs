//! What can be typed after `mosdat image`. Says nothing about what is done with it.

use crate::model::Session;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ImageCommand {
    /// Make an image from Debian packages, unless it is there
    ///
    /// Takes about 4 GB while it works and 700 MB afterwards. An attempt that was broken off is gone
    /// on with. Nothing is installed on this computer, and no machine is started.
    Build(BuildArguments),
    /// List images, those that newer ones have replaced as well
    List(ListArguments),
    /// Remove images, with those of the same name that they have replaced
    Rm(RemoveArguments),
    /// Remove images that newer ones of the same name have replaced
    ///
    /// They stay until then, because layers of machines may rest on them.
    Prune(PruneArguments),
    /// Take a disk with a desktop on it in as an image; the file itself is only read
    Import(ImportArguments),
}

/// A kind of desktop session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SessionChoice {
    X11,
    Wayland,
    None,
}

impl From<SessionChoice> for Session {
    fn from(choice: SessionChoice) -> Self {
        match choice {
            SessionChoice::X11 => Self::X11,
            SessionChoice::Wayland => Self::Wayland,
            SessionChoice::None => Self::None,
        }
    }
}

/// Where images lie.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct WhereArguments {
    #[arg(
        help = "The folder of images; MOSDAT_IMAGES or `mosdat/images` in your data folder when left out"
    )]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) images: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct BuildArguments {
    /// Which release
    #[arg(value_name = "RELEASE", value_parser = ["debian12", "debian13"])]
    pub(in crate::cli) release: String,
    /// The sessions it can show, one of which a machine picks when it starts
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "SESSIONS",
        default_value = "x11,wayland,none"
    )]
    pub(in crate::cli) session: Vec<SessionChoice>,
    /// Debian packages that it has besides
    #[arg(long, value_delimiter = ',', value_name = "PACKAGES")]
    pub(in crate::cli) packages: Vec<String>,
    /// Where packages come from: an address, or a line of apt's sources; this computer's own mirror
    /// when left out, or else Debian's
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) mirror: Option<String>,
    /// What it is called; as the release when left out
    #[arg(long)]
    pub(in crate::cli) name: Option<String>,
    /// Make it anew, with today's packages, although it is there
    #[arg(long)]
    pub(in crate::cli) force: bool,
    #[command(flatten)]
    pub(in crate::cli) place: WhereArguments,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArguments {
    /// Write one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Read every image whole and make sure that it is what it was
    #[arg(long)]
    pub(in crate::cli) check: bool,
    #[command(flatten)]
    pub(in crate::cli) place: WhereArguments,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RemoveArguments {
    /// Which
    #[arg(value_name = "NAME", required = true)]
    pub(in crate::cli) names: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) place: WhereArguments,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PruneArguments {
    /// Only of these names
    #[arg(value_name = "NAME")]
    pub(in crate::cli) names: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) place: WhereArguments,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArguments {
    /// The disk: qcow2, raw, or whatever else `qemu-img` reads
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// What the image is going to be called
    #[arg(long)]
    pub(in crate::cli) name: String,
    /// The user whose desktop it shows, and who may use `sudo` without a password
    #[arg(long)]
    pub(in crate::cli) user: String,
    /// The private key that lets that user in; your SSH agent is asked when left out
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) key: Option<PathBuf>,
    /// The session it shows
    #[arg(long, value_enum, default_value = "x11")]
    pub(in crate::cli) session: SessionChoice,
    /// The QEMU guest agent does not run in it
    #[arg(long)]
    pub(in crate::cli) no_agent: bool,
    #[command(flatten)]
    pub(in crate::cli) place: WhereArguments,
}

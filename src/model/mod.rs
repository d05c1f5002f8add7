//! The nouns of mosdat: plain values, compared and hashed but never performed.
//!
//! Nothing here reads a file, a clock or a socket, and nothing here is async.

mod desired;
mod diagnostic;
mod event;
mod files;
mod hash;
mod image;
mod layer;
mod lease;
mod name;
mod observed;
mod plan;
mod recorded;
mod scenarios;
mod screen;
mod secret;
mod settings;
mod time;
mod tree;
mod verdict;

pub use desired::{
    Abilities, App, Build, Cell, Desired, Expectation, Gpu, Hardware, LiveLayers, Machine, Network,
    Package, ProviderKind, Reach, Scenario, Session, Source, VncServer,
};
pub use diagnostic::{Diagnostic, Place, Severity, did_you_mean, place_of_offset};
pub use event::{Event, EvidenceKind, Summary, Totals};
pub use files::{FileError, Files};
pub use hash::{ContentHash, Describe, Ingredient, Manifest, fingerprint, ingredients};
pub use image::{Boot, Image};
pub use layer::{Layer, LayerKind, LayerName};
pub use lease::{Lease, LeaseId};
pub use name::{
    BuildName, FormatName, GpuName, MachineName, MatrixName, NameError, Phase, PoolName, RunId,
    ScenarioName, StepKey, StepParts,
};
pub use observed::{Observed, Presence, SourceSeen};
pub use plan::{
    Action, ApprovedPlan, Fact, Plan, Reason, Release, Skip, Step, StepHash, StepIndex,
};
pub use recorded::{History, Record, Recorded, Serial, StepRecord};
pub use scenarios::Scenarios;
pub use screen::{Button, Chord, Frame, FrameCause, FrameSeq, KeyError, Point, Rect, keysym};
pub use secret::{Secret, SecretSource};
pub use settings::{
    Accelerator, LocalSettings, ProxmoxSettings, ProxmoxTrust, QemuSettings, SessionLayers,
    Settings, SimSettings,
};
pub use time::Timestamp;
pub use tree::{Node, NodeQuery, Placement, SilentApp, Tree};
pub use verdict::{Outcome, Verdict};

//! The nouns of mosdat: plain values, compared and hashed but never performed.
//!
//! Nothing here reads a file, a clock or a socket, and nothing here is async.

mod answer;
mod capability;
mod desired;
mod diagnostic;
mod event;
mod files;
mod hash;
mod image;
mod key;
mod layer;
mod lease;
mod motion;
mod name;
mod observed;
mod past;
mod plan;
mod platform;
mod query;
mod recorded;
mod role;
mod scenarios;
mod screen;
mod secret;
mod settings;
mod sight;
mod time;
mod tree;
mod verdict;
mod vlm;

pub use answer::{Answer, Asked, Judged, Located, Reading, Spot, TextLine, TextWord};
pub use capability::{Capabilities, KeyEffect};
pub use desired::{
    Abilities, App, Build, Cell, Desired, Expectation, Gpu, Hardware, LiveLayers, Machine, Network,
    Package, ProviderKind, Reach, Scenario, Session, Source, VncServer,
};
pub use diagnostic::{Diagnostic, Place, Severity, did_you_mean, place_of_offset};
pub use event::{CLEANUP, Event, EvidenceKind, InstructionKind, Summary, Totals};
pub use files::{FileError, Files};
pub use hash::{ContentHash, Describe, Ingredient, Manifest, fingerprint, ingredients};
pub use image::{Boot, Image};
pub use key::{Chord, KeyError, KeyLayout, Keyboard, NoKey, Stroke, keysym};
pub use layer::{Layer, LayerKind, LayerName};
pub use lease::{Lease, LeaseId};
pub use motion::{Motion, Profile};
pub use name::{
    BuildName, FormatName, GpuName, MachineName, MatrixName, NameError, Phase, PoolName, RunId,
    ScenarioName, StepKey, StepParts,
};
pub use observed::{Observed, Presence, SourceSeen};
pub use past::{Cause, Inputs, Latency, PastAttempt, PastInstruction, Suspect};
pub use plan::{
    Action, ApprovedPlan, Fact, Plan, Reason, Release, Skip, Step, StepHash, StepIndex,
};
pub use platform::Platform;
pub use query::{NodeQuery, STATES, is_state};
pub use recorded::{History, Record, Recorded, Serial, StepRecord};
pub use role::is_same_role;
pub use scenarios::Scenarios;
pub use screen::{Button, Frame, FrameCause, FrameSeq, Point, Rect, Wheel};
pub use secret::{MASK, Secret, SecretSource, Secrets};
pub use settings::{
    Accelerator, LocalSettings, ProxmoxSettings, ProxmoxTrust, QemuSettings, SessionLayers,
    Settings, SignIn, SimSettings,
};
pub use sight::{Candidate, ReadLine, Sight, SightKind};
pub use time::Timestamp;
pub use tree::{Node, Placement, SilentApp, Tree};
pub use verdict::{Outcome, Verdict};
pub use vlm::{AxisOrder, Coordinates, FAMILIES, ModelFamily, Shape, Unit, VlmSettings};

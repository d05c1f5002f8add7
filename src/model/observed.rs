//! What the outside world looked like when it was last asked.
//!
//! Always possibly incomplete and out of date: a machine that did not answer is a value here, not
//! an error.

use super::{Abilities, BuildName, ContentHash, LayerName, MachineName};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, collections::BTreeSet};

/// What was seen of each machine and source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// By name; a machine that was not asked is missing.
    pub machines: BTreeMap<MachineName, Presence>,
    /// By name; a build whose source was not looked at is missing.
    pub sources: BTreeMap<BuildName, SourceSeen>,
    /// Packages of earlier builds that are no longer kept.
    pub lost_artifacts: BTreeSet<ContentHash>,
}

/// Whether a machine is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It exists, or can be made at will.
    Present {
        /// What tells its base snapshot from one retaken under the same name.
        base: String,
        /// The layers it has.
        layers: BTreeSet<LayerName>,
        /// What its provider can do with it, where that is not the same for all machines of it.
        abilities: Option<Abilities>,
    },
    /// The provider says that there is no such machine.
    Absent {
        /// In words for the user: what is missing and how to get it.
        why: String,
    },
    /// The provider could not say.
    Unknown {
        /// Why, in words for the user.
        why: String,
    },
}

/// What was seen of a build's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceSeen {
    /// It was read.
    Known {
        /// Stands for all of its content: a commit, or a digest over its files.
        identity: String,
        /// Its files and their digests, by path; empty where the identity says it all.
        files: BTreeMap<String, ContentHash>,
    },
    /// It could not be read.
    Unknown {
        /// Why, in words for the user.
        why: String,
    },
}

//! How much memory a machine takes that has nothing to do.

use crate::{
    lab::{Lab, Opened},
    loaded,
    table::{Row, Target, median},
    usage::Memory,
};
use futures_util::future::join_all;
use mosdat::model::Layer;
use std::time::Duration;

/// How many clones are open at once.
const AT_ONCE: usize = 4;

/// How long a machine is left alone before it is looked at.
const IDLE: Duration = Duration::from_secs(5);

/// Measures clones of `session` beside a machine that booted.
pub(crate) async fn rows(lab: &Lab, session: &Layer) -> Vec<Row> {
    let booted = lab.open(&Layer::Base).await;
    tokio::time::sleep(IDLE).await;
    let peer = Memory::of(booted.pid);
    booted.close().await;

    let clones: Vec<Opened> = join_all((0..AT_ONCE).map(|_| lab.open(session))).await;
    tokio::time::sleep(IDLE).await;
    let ram = lab.layer_folder(session).join("ram");
    let of_clones = |what: &dyn Fn(u32) -> f64| {
        let values = clones.iter().map(|clone| what(clone.pid));
        median(values.collect())
    };
    // What a clone has written to is its own; other pages of the file are the template's.
    let shared = |pid| {
        let mapped = Memory::of_mapping(pid, &ram);
        mapped.resident - mapped.anonymous
    };
    let row = |name: &str, mosdat, peer, target| Row {
        name: loaded(name),
        unit: "MiB",
        mosdat,
        peer: Some(("one that booted", peer)),
        target,
    };
    let written = |pid| Memory::of_mapping(pid, &ram).anonymous;
    let rows = vec![
        row(
            "idle clone: resident memory, with pages of the template",
            of_clones(&|pid| Memory::of(pid).resident),
            peer.resident,
            Target::Shown,
        ),
        row(
            "idle clone: resident memory beyond its template",
            of_clones(&|pid| Memory::of(pid).resident - shared(pid)),
            peer.resident,
            Target::AtMost(200.0),
        ),
        row(
            &format!("idle clone: what one of {AT_ONCE} adds (proportional)"),
            of_clones(&|pid| Memory::of(pid).proportional),
            peer.proportional,
            Target::Shown,
        ),
        row(
            "idle clone: private pages, which go when it closes",
            of_clones(&|pid| Memory::of(pid).private),
            peer.private,
            Target::Shown,
        ),
        Row {
            peer: None,
            ..row(
                "idle clone: the guest's memory that it has written to",
                of_clones(&written),
                0.0,
                Target::Shown,
            )
        },
    ];
    for clone in clones {
        clone.close().await;
    }
    rows
}

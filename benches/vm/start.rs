//! How long a scenario's machine takes to be there.

use crate::{
    lab::{Cost, Lab},
    loaded,
    table::{Row, Target, median},
};
use futures_util::future::join_all;
use mosdat::model::Layer;
use std::time::Instant;

/// How many clones are opened one after the other, the first of which warms up.
const CLONES: usize = 8;

/// How many clones are asked for at once.
const AT_ONCE: usize = 4;

/// Measures starts from `session` beside `boots`, which were from the image.
pub(crate) async fn rows(lab: &Lab, session: &Layer, boots: &[Cost]) -> Vec<Row> {
    let (mut clones, mut closing) = (Vec::new(), Vec::new());
    for _ in 0..CLONES {
        let opened = lab.open(session).await;
        clones.push(opened.cost);
        let start = Instant::now();
        opened.close().await;
        closing.push(start.elapsed().as_secs_f64());
    }
    let first = clones.remove(0);
    let wall = |costs: &[Cost]| median(costs.iter().map(|cost| cost.wall).collect());
    let qemu = |costs: &[Cost]| median(costs.iter().map(|cost| cost.qemu).collect());
    let own = |costs: &[Cost]| median(costs.iter().map(|cost| cost.own).collect());
    let row = |name: &str, mosdat, boot: Option<f64>, target| Row {
        name: loaded(name),
        unit: "s",
        mosdat,
        peer: boot.map(|boot| ("cold boot", boot)),
        target,
    };
    vec![
        row(
            "scenario start: clone asked -> desktop proved alive",
            wall(&clones),
            Some(wall(boots)),
            Target::AtMost(1.0),
        ),
        row(
            "the first of them, which checks the layer's digests",
            first.wall,
            None,
            Target::Shown,
        ),
        row(
            "processor time of a start, in QEMU",
            qemu(&clones),
            Some(qemu(boots)),
            Target::Shown,
        ),
        row(
            "processor time of a start, in mosdat",
            own(&clones),
            Some(own(boots)),
            Target::Shown,
        ),
        row("closing it again", median(closing), None, Target::Shown),
        row(
            &format!("{AT_ONCE} clones asked at once -> all alive"),
            at_once(lab, session).await,
            None,
            Target::Shown,
        ),
    ]
}

async fn at_once(lab: &Lab, session: &Layer) -> f64 {
    let start = Instant::now();
    let opened = join_all((0..AT_ONCE).map(|_| lab.open(session))).await;
    let took = start.elapsed().as_secs_f64();
    for one in opened {
        one.close().await;
    }
    took
}

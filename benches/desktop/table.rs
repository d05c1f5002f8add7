//! The table that a benchmark prints: what mosdat takes beside what its peer takes.

use std::{fmt, time::Duration};

/// What a row must reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// At most this many times what the peer takes.
    Ratio(f64),
    /// At most this, whatever the peer takes.
    AtMost(f64),
    /// Nothing: it is there to be looked at.
    Shown,
}

/// What a row says that could not be measured. It never holds.
pub(crate) const NOT_MEASURED: f64 = f64::NAN;

/// One thing measured, lower being better.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) mosdat: f64,
    /// Who the peer is, and what it takes.
    pub(crate) peer: Option<(&'static str, f64)>,
    pub(crate) target: Target,
}

impl Row {
    pub(crate) fn holds(&self) -> bool {
        match self.target {
            Target::Ratio(most) => self.ratio().is_some_and(|ratio| ratio <= most),
            Target::AtMost(most) => self.mosdat <= most,
            Target::Shown => !self.mosdat.is_nan(),
        }
    }

    fn ratio(&self) -> Option<f64> {
        self.peer.map(|(_, peer)| self.mosdat / peer)
    }

    fn cells(&self) -> [String; 6] {
        let value = |value: f64| {
            if value.is_nan() {
                "not measured".to_owned()
            } else {
                format!("{} {}", short(value), self.unit)
            }
        };
        let none = || "-".to_owned();
        [
            self.name.clone(),
            value(self.mosdat),
            self.peer
                .map_or_else(none, |(name, peer)| format!("{} ({name})", value(peer))),
            self.ratio()
                .filter(|ratio| !ratio.is_nan())
                .map_or_else(none, |ratio| format!("{ratio:.2}")),
            match self.target {
                Target::Ratio(most) => format!("<= {most}x"),
                Target::AtMost(most) => format!("<= {}", value(most)),
                Target::Shown => none(),
            },
            match (self.target, self.holds()) {
                (Target::Shown, true) => none(),
                (_, true) => "ok".into(),
                (_, false) => "MISS".into(),
            },
        ]
    }
}

/// All rows, with aligned columns.
pub(crate) struct Table(pub(crate) Vec<Row>);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["name", "mosdat", "peer", "ratio", "target", ""].map(str::to_owned);
        let lines: Vec<_> = [head]
            .into_iter()
            .chain(self.0.iter().map(Row::cells))
            .collect();
        for line in &lines {
            let columns = line.iter().enumerate().map(|(at, cell)| {
                let width = lines.iter().map(|line| line[at].chars().count()).max();
                format!("{cell:<0$}", width.unwrap_or(0))
            });
            writeln!(f, "{}", columns.collect::<Vec<_>>().join(" | ").trim_end())?;
        }
        Ok(())
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Three digits, as many as a benchmark can promise.
fn short(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

//! Whether a failure may be the machine's rather than the app's: looked into only once something has
//! failed. What cannot be told raises no doubt.

use super::{Halt, stage::Stage};
use crate::{
    model::{Point, Rect},
    port::{Command, Window},
    scenario::{Action, Instruction},
};
use std::{collections::BTreeSet, time::Duration};

/// How long the machine may take to tell how it is.
const ASKING: Duration = Duration::from_secs(5);

/// Tells the time, and how much room there is where programs write.
const STATE: &str = "date +%s; df -Pk \"$HOME\" /tmp 2>/dev/null";

/// With less than this, in KiB, a disk is full.
const ROOM: u64 = 1024;

/// A clock that is off by more than this many seconds was set by somebody.
const OFF: i64 = 60;

/// Returns why the failure of a step says nothing about the app.
pub(super) async fn doubt(stage: &Stage<'_>, instruction: &Instruction) -> Option<String> {
    if let Some(why) = state(stage).await {
        return Some(why);
    }
    let is_seen =
        !matches!(instruction.action, Action::Shell { .. }) || !instruction.expect.is_empty();
    if is_seen {
        covered(stage).await.ok().flatten()
    } else {
        None
    }
}

/// Returns what is the matter with the machine's disk or clock.
async fn state(stage: &Stage<'_>) -> Option<String> {
    let now = || stage.watcher.clock.now().0 as i64 / 1000;
    let before = now();
    let command = Command::shell(STATE);
    let told = stage.context.guest.run(&command, ASKING).await.ok()?;
    full(&told.text).or_else(|| off(&told.text, before, now()))
}

/// Names the folder without room.
fn full(text: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        // File system, size, used, available, capacity, where.
        let [_, size, _, available, _, place] = words.as_slice() else {
            return None;
        };
        let (size, available): (u64, u64) = (size.parse().ok()?, available.parse().ok()?);
        Some((size, available, (*place).to_owned()))
    });
    let mut full = lines.filter(|(size, available, _)| *size > 0 && *available < ROOM);
    let (_, available, place) = full.next()?;
    Some(format!(
        "the machine's disk is full: {available} KiB are left at `{place}`"
    ))
}

/// Says how far off the clock is, given when it was asked, in seconds since 1970.
fn off(text: &str, before: i64, after: i64) -> Option<String> {
    let told: i64 = text.lines().next()?.trim().parse().ok()?;
    let seconds = if told < before {
        told - before
    } else {
        (told - after).max(0)
    };
    (seconds.abs() > OFF).then(|| {
        let way = if seconds < 0 { "slow" } else { "fast" };
        format!("the machine's clock is {} s {way}", seconds.abs())
    })
}

/// Names a window of somebody else that lies over one of the app's.
async fn covered(stage: &Stage<'_>) -> Result<Option<String>, Halt> {
    let mut own = BTreeSet::new();
    for app in &stage.apps {
        own.extend(app.process.pid());
        own.extend(app.process.family().await?.unwrap_or_default());
    }
    let guest = stage.context.guest;
    let windows = guest.windows().await?;
    let is_own = |window: &Window| window.pid.is_some_and(|pid| own.contains(&pid));
    for rect in windows
        .iter()
        .filter(|it| is_own(it))
        .filter_map(|it| it.rect)
    {
        for point in points(rect) {
            let Some(above) = guest.window_at(point).await? else {
                continue;
            };
            if above.pid.is_some() && !is_own(&above) {
                let (title, pid) = (&above.title, above.pid.unwrap_or_default());
                return Ok(Some(format!(
                    "the app is covered by the window `{title}` of process {pid}, which is not the app's"
                )));
            }
        }
    }
    Ok(None)
}

/// Points all over a window.
fn points(rect: Rect) -> impl Iterator<Item = Point> {
    const PARTS: i32 = 4;
    let each = (1..PARTS).flat_map(|column| (1..PARTS).map(move |row| (column, row)));
    each.map(move |(column, row)| Point {
        x: rect.x + rect.width * column / PARTS,
        y: rect.y + rect.height * row / PARTS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DF: &str = "1000\nFilesystem 1024-blocks Used Available Capacity Mounted on\n\
        /dev/vda 100000 99900 AVAILABLE 100% /home\ntmpfs 5000 0 5000 0% /tmp\n";

    #[test]
    fn a_disk_without_room_is_full() {
        let told = full(&DF.replace("AVAILABLE", "100"));
        let expected = "the machine's disk is full: 100 KiB are left at `/home`";
        assert_eq!(told.as_deref(), Some(expected));
        assert_eq!(full(&DF.replace("AVAILABLE", "90000")), None);
        // Something that has no size has no room by nature.
        assert_eq!(full("proc 0 0 0 - /proc"), None);
        assert_eq!(full(""), None);
    }

    #[test]
    fn a_clock_may_be_off_by_a_minute_and_by_as_long_as_asking_takes() {
        assert_eq!(off("1000\n", 1000, 1000), None);
        assert_eq!(off("1055\n", 1000, 1000), None);
        assert_eq!(off("1155\n", 1000, 1100), None);
        let told = off("4600\n", 1000, 1000);
        assert_eq!(told.as_deref(), Some("the machine's clock is 3600 s fast"));
        let told = off("1000\n", 1070, 1075);
        assert_eq!(told.as_deref(), Some("the machine's clock is 70 s slow"));
        assert_eq!(off("no time\n", 1000, 1000), None);
    }
}

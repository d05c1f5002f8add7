//! Whether a program runs on the machine, by the file it was started from: asked of the system, not
//! of names that are cut off or fit the asking command as well.

use super::{Halt, stage::Stage, step::Found};
use crate::{
    port::{Command, Exit},
    scenario::AppState,
};
use std::time::Duration;
use tokio::time::Instant;

/// Prints the processes of this session whose program has the name `$MOSDAT_NAME`: the file that
/// runs, or the script that it runs. What belongs to another session is left out.
const FIND: &str = r#"
own=
[ -n "$DBUS_SESSION_BUS_ADDRESS" ] && own="DBUS_SESSION_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS"
find_programs() {
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    [ "$pid" = "$$" ] && continue
    exe=$(readlink "$folder/exe" 2>/dev/null) || continue
    exe=${exe% (deleted)}
    words=$(tr '\0' '\n' < "$folder/cmdline" 2>/dev/null | head -n 2)
    first=$(printf '%s\n' "$words" | sed -n 1p)
    second=$(printf '%s\n' "$words" | sed -n 2p)
    fits=no
    [ "${exe##*/}" = "$MOSDAT_NAME" ] && fits=yes
    [ "${first##*/}" = "$MOSDAT_NAME" ] && fits=yes
    case "${exe##*/}" in
      python*|perl*|ruby*|node|sh|bash|dash)
        [ "${second##*/}" = "$MOSDAT_NAME" ] && fits=yes ;;
    esac
    [ "$fits" = yes ] || continue
    if [ -n "$own" ]; then
      tr '\0' '\n' < "$folder/environ" 2>/dev/null | grep -qxF "$own" || continue
    fi
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "$folder/status" 2>/dev/null)
    [ "$state" = Z ] && continue
    echo "$pid"
  done
}
"#;

/// Waits until one runs (`$1` is `yes`) or none does.
const AWAIT: &str = r#"
while :; do
  found=$(find_programs)
  if [ -n "$found" ]; then is=yes; else is=no; fi
  [ "$is" = "$MOSDAT_WANTED" ] && { echo "$found"; exit 0; }
  sleep 0.1
done
"#;

/// Asks them to end, makes them end after a while, and waits until none is left.
const KILL: &str = r#"
found=$(find_programs)
[ -z "$found" ] && exit 0
kill -TERM $found 2>/dev/null
tries=0
while [ -n "$(find_programs)" ]; do
  tries=$((tries + 1))
  [ "$tries" = 30 ] && kill -KILL $(find_programs) 2>/dev/null
  sleep 0.1
done
"#;

/// Sees to it that the program is in the state that is wanted, or says that it is not.
pub(super) async fn see_to(
    stage: &mut Stage<'_>,
    name: &str,
    state: AppState,
    deadline: Instant,
) -> Result<Found, Halt> {
    let (body, wanted) = match state {
        AppState::Runs => (AWAIT, "yes"),
        AppState::RunsNot => (AWAIT, "no"),
        AppState::Killed => (KILL, "no"),
    };
    let mut command = Command::shell(&format!("{FIND}{body}"));
    command.env.insert("MOSDAT_NAME".into(), Some(name.into()));
    command
        .env
        .insert("MOSDAT_WANTED".into(), Some(wanted.into()));
    let limit = deadline.saturating_duration_since(Instant::now());
    let limit = limit.max(Duration::from_secs(1));
    let output = stage.context.guest.run(&command, limit).await?;
    stage.last_shell = Some(Instant::now());
    match (output.exit, state) {
        (Some(Exit::Code(0)), _) => Ok(Found {
            rung: "processes".into(),
            ..Found::default()
        }),
        (None, AppState::Runs) => Err(Halt::Failed(format!("`{name}` does not run"))),
        (None, AppState::RunsNot) => Err(Halt::Failed(format!("`{name}` runs"))),
        (None, AppState::Killed) => Err(Halt::passing(format!("`{name}` could not be ended"))),
        (Some(exit), _) => Err(Halt::passing(format!(
            "the processes could not be looked at: the shell {exit}: {}",
            output.text
        ))),
    }
}

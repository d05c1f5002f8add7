//! Putting a text where other programs paste it from. A program of the machine holds it, as long as
//! the scenario runs.

use super::{Halt, stage::Stage, step::Found};
use crate::{
    model::Session,
    port::{Command, Exit},
};
use std::time::Duration;
use tokio::time::Instant;

/// Holds the text in `$MOSDAT_TEXT` on X11.
const HOLD_X11: &str = r#"
if command -v xclip > /dev/null; then
  printf %s "$MOSDAT_TEXT" | exec xclip -quiet -selection clipboard
elif command -v xsel > /dev/null; then
  printf %s "$MOSDAT_TEXT" | exec xsel --nodetach --clipboard --input
else
  echo 'neither xclip nor xsel is there' >&2
  exit 127
fi
"#;

/// Holds it on Wayland.
const HOLD_WAYLAND: &str = r#"
command -v wl-copy > /dev/null || { echo 'wl-copy (package wl-clipboard) is not there' >&2; exit 127; }
printf %s "$MOSDAT_TEXT" | exec wl-copy --foreground
"#;

/// Waits until the clipboard holds the text in `$MOSDAT_TEXT`.
const AWAIT: &str = r#"
read_clipboard() {
  if [ -n "$WAYLAND_DISPLAY" ]; then wl-paste --no-newline
  elif command -v xclip > /dev/null; then xclip -selection clipboard -o
  else xsel --clipboard --output
  fi
}
until [ "$(read_clipboard 2>/dev/null; echo .)" = "$MOSDAT_TEXT." ]; do sleep 0.05; done
"#;

/// Puts `text` into the clipboard and makes sure that it is there.
pub(super) async fn copy(
    stage: &mut Stage<'_>,
    text: &str,
    deadline: Instant,
) -> Result<Found, Halt> {
    let hold = match stage.context.guest.session() {
        Session::Wayland => HOLD_WAYLAND,
        Session::X11 | Session::None => HOLD_X11,
    };
    let with_text = |script: &str| {
        let mut command = Command::shell(script);
        command.env.insert("MOSDAT_TEXT".into(), Some(text.into()));
        command
    };
    let holder = stage.context.guest.start(&with_text(hold)).await?;
    let limit = deadline.saturating_duration_since(Instant::now());
    let limit = limit.max(Duration::from_secs(1));
    let awaiting = with_text(AWAIT);
    let arrived = stage.context.guest.run(&awaiting, limit);
    let arrived = tokio::select! {
        biased;
        arrived = arrived => arrived?.exit,
        ended = holder.wait() => {
            let ended = ended?;
            let why = format!("nothing holds the clipboard: the shell {ended}: {}", holder.output());
            return Err(Halt::blocked(why));
        }
    };
    stage.helpers.push(holder);
    match arrived {
        Some(Exit::Code(0)) => Ok(Found {
            rung: "clipboard".into(),
            ..Found::default()
        }),
        Some(_) | None => Err(Halt::passing("the clipboard does not hold what was copied")),
    }
}

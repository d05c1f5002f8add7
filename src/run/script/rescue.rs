//! A model that tries to put right what went wrong, with keyboard and pointer. Whether it did is for
//! somebody else to say: a check.

use super::{
    Halt, field, hand,
    look::{Look, Purpose},
    stage::Stage,
    step::Found,
    wait,
};
use crate::{
    model::{Button, Chord, Spot},
    port::{View, Vision, VisionError},
    scenario::{Aim, Rescue},
};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What a model may do in one turn.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "action", rename_all = "lowercase")]
enum Turn {
    /// Clicks on something.
    Click { target: String },
    /// Types a text.
    Type { text: String },
    /// Presses keys.
    Key { key: String },
    /// Waits.
    Wait {
        #[serde(default)]
        seconds: f64,
    },
    /// Says that it is done.
    Done,
    /// Says that it cannot be done.
    GiveUp,
}

/// Lets a model try to reach the goal. A step that was rescued passed only when it was done again.
pub(super) async fn rescue(
    stage: &mut Stage<'_>,
    rescue: &Rescue,
    why: &str,
) -> Result<Found, Halt> {
    let model = stage.context.eyes.vision.clone().ok_or(VisionError::None)?;
    let screen = stage.screen().await?;
    let mut history: Vec<String> = Vec::new();
    for turn in 1..=rescue.turns {
        wait::still(&*screen, Instant::now() + Duration::from_millis(1500)).await?;
        let frame = screen.frame().await?;
        let answer = model
            .ask(&View::of(&frame), &prompt(&rescue.goal, &history))
            .await?;
        let Some(next) = read(&answer) else {
            history.push("an answer that was no JSON object".into());
            continue;
        };
        stage.watcher.log(&format!("rescue, turn {turn}: {next:?}"));
        history.push(format!("{next:?}"));
        if next == Turn::GiveUp {
            break;
        }
        take(stage, &*model, &next).await?;
        let deadline = Instant::now() + stage.context.time(Duration::from_secs(3));
        let look = wait::once(stage, &rescue.check, Purpose::Check, deadline).await?;
        if let Look::There(seen) = look {
            return Ok(Found {
                rung: format!("rescued in {turn} turns; {}", seen.rung),
                frame: seen.frame,
                attempts: 2,
            });
        }
    }
    Err(Halt::Failed(format!(
        "{why}; the model could not put it right"
    )))
}

/// Does what the model wants.
async fn take(stage: &mut Stage<'_>, model: &dyn Vision, turn: &Turn) -> Result<(), Halt> {
    match turn {
        Turn::Click { target } => {
            let frame = stage.screen().await?.frame().await?;
            let located = model.locate(&View::of(&frame), target).await?;
            if let Spot::At { point, .. } = located.spot {
                hand::click_at(stage, point, Button::Left, 1, Aim::default()).await?;
            }
            Ok(())
        }
        Turn::Type { text } => {
            let deadline = Instant::now() + Duration::from_secs(10);
            field::type_text(stage, text, deadline).await.map(drop)
        }
        Turn::Key { key } => match Chord::parse(key) {
            Ok(chord) => hand::press(stage, &chord).await,
            Err(_) => Ok(()),
        },
        Turn::Wait { seconds } => {
            sleep(Duration::from_secs_f64(seconds.clamp(1.0, 5.0))).await;
            Ok(())
        }
        Turn::Done | Turn::GiveUp => Ok(()),
    }
}

fn prompt(goal: &str, history: &[String]) -> String {
    let done = if history.is_empty() {
        "nothing yet".to_owned()
    } else {
        history.join("; ")
    };
    format!(
        "You operate this desktop to reach a goal: {goal}\nDone so far: {done}\nAnswer with one JSON object and \
         nothing else, the next single action: {{\"action\":\"click\",\"target\":\"what to click\"}}, \
         {{\"action\":\"type\",\"text\":\"..\"}}, {{\"action\":\"key\",\"key\":\"ctrl+s\"}}, \
         {{\"action\":\"wait\",\"seconds\":2}}, {{\"action\":\"done\"}} or {{\"action\":\"giveup\"}}."
    )
}

/// Returns the last JSON object in an answer, when it says what to do.
fn read(answer: &str) -> Option<Turn> {
    let end = answer.rfind('}')? + 1;
    let starts = answer[..end].match_indices('{').map(|(at, _)| at);
    let mut found = starts.map(|at| serde_json::from_str(&answer[at..end]).ok());
    found.find_map(|turn| turn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_is_read_from_among_other_words() {
        let answer = "I will {think}. {\"action\": \"key\", \"key\": \"Escape\"} then.";
        assert_eq!(
            read(answer),
            Some(Turn::Key {
                key: "Escape".into()
            })
        );
        assert_eq!(read("{\"action\": \"dance\"}"), None);
        assert_eq!(read("done"), None);
        assert_eq!(read("{\"action\": \"done\"}"), Some(Turn::Done));
    }
}

//! Whether what the model says can be believed: before its first verdict counts, it has to judge a
//! picture that is known. One that says yes to everything would make every test pass.

use super::{
    picture::Shown,
    probe,
    vision::{Inner, Vlm},
};
use crate::{
    model::{Answer, Judged},
    port::{View, VisionError},
};

impl Vlm {
    /// Returns a verdict, which is unclear when the model says what is not so of a picture that is
    /// known.
    pub(super) async fn believed(
        &self,
        inner: &Inner,
        judged: Judged,
    ) -> Result<Judged, VisionError> {
        if judged.answer == Answer::Unclear || !inner.has_control {
            return Ok(judged);
        }
        let lie = self.lie.get_or_try_init(|| lie(inner)).await?;
        Ok(match lie {
            None => judged,
            Some(why) => Judged {
                answer: Answer::Unclear,
                why: why.clone(),
                ..judged
            },
        })
    }
}

/// Returns what the model says wrongly of a picture that is known.
async fn lie(inner: &Inner) -> Result<Option<String>, VisionError> {
    let frame = probe::picture();
    let view = View {
        area: Some(probe::CORNER),
        ..View::of(&frame)
    };
    let shown = Shown::of(&view).expect("the picture is not empty");
    for (statement, right, wrong) in [
        (probe::false_statement(), Answer::No, Answer::Yes),
        (probe::true_statement(), Answer::Yes, Answer::No),
    ] {
        let answer = inner.judge(&shown, 0, &statement).await?.answer;
        if answer == wrong {
            let (said, right) = (wrong.as_str(), right.as_str());
            return Ok(Some(format!(
                "the model cannot be believed: of a picture that is known it says {said} to `{statement}`, \
                 which is {right}; `mosdat vlm probe` tells more"
            )));
        }
    }
    Ok(None)
}

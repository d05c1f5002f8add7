//! Whether a statement about a picture is true.

use super::{
    asker::{Question, Trail},
    cache::Kept,
    memory::Topic,
    picture::Shown,
    prompt, verdict,
    vision::Inner,
};
use crate::{
    model::{Answer, Asked, Judged},
    port::VisionError,
};

/// How often a question is asked whose answer cannot be read.
const TRIES: u32 = 2;

/// How much a model may write.
const MAX_TOKENS: u32 = 1024;

impl Inner {
    pub(super) async fn judge(
        &self,
        shown: &Shown,
        sample: u32,
        statement: &str,
    ) -> Result<Judged, VisionError> {
        let judge = self.judge.as_ref().map_err(super::vision::unusable)?;
        let statement = self.asker.secrets.mask(statement);
        let parameters = format!("{:?}", judge.sizes);
        let topic = Topic {
            kind: "judge",
            shown,
            text: &statement,
            sample,
            models: &[&judge.model],
            parameters: &parameters,
        };
        if let Some((Kept::Judged { answer, why }, asked)) =
            self.memory.recall(topic, &self.asker.log)
        {
            return Ok(Judged { answer, why, asked });
        }
        let sent = shown.sent(judge.sizes.next_to(shown.width(), shown.height()));
        let (mut trail, first) = (Trail::of(&judge.model), prompt::judge(&statement));
        let (mut prompt, mut why) = (first.clone(), String::new());
        for _ in 0..TRIES {
            let question = Question {
                kind: "judge",
                model: &judge.model,
                prompt: &prompt,
                shown,
                sent: &sent,
                sample,
                max_tokens: MAX_TOKENS,
            };
            let said = self.asker.ask(question, &mut trail).await?;
            let Some(read) = verdict::read(&said.text) else {
                let raw: String = said.raw.chars().take(200).collect();
                why = format!("the model said neither yes nor no: `{}`", raw.trim());
                prompt = prompt::again(&first, "it was not the JSON object");
                continue;
            };
            let (answer, why) = (read.answer, self.asker.secrets.mask(&read.seen));
            if answer != Answer::Unclear {
                let why = why.clone();
                self.memory
                    .keep(topic, Kept::Judged { answer, why }, &trail);
            }
            let asked = trail.asked();
            return Ok(Judged { answer, why, asked });
        }
        Ok(unclear(why, trail.asked()))
    }
}

/// Returns that nothing can be told.
pub(super) fn unclear(why: String, asked: Asked) -> Judged {
    let answer = Answer::Unclear;
    Judged { answer, why, asked }
}

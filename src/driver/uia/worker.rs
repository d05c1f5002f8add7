//! The worker on the machine: put there, started in the user's session, asked, and ended.

use super::{
    exchange::Exchange,
    reply::Reply,
    roles,
    scripts::{self, FOLDER, PART},
};
use crate::port::{Shell, TreeError};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Where the worker lies on machines with Windows.
pub const WORKER_PATH: &str = r"C:\tmp\mosdat_uia_worker.ps1";

/// A question that is longer than this, in bytes, is sent as a file.
const LONGEST_QUESTION: usize = 1_000;

/// Returns the worker's text, as it is put onto machines.
pub fn program() -> String {
    // PowerShell of Windows takes a file without this mark for one in an old code page.
    let text = include_str!("worker.ps1").replace("#ROLES#", &roles::as_script());
    format!("\u{feff}{text}")
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UiaLimits {
    /// The start of the worker, and its first answer.
    pub start: Duration,
    /// Any other answer of the worker.
    pub answer: Duration,
    /// PowerShell and the network, besides.
    pub network: Duration,
}

impl Default for UiaLimits {
    fn default() -> Self {
        Self {
            start: Duration::from_mins(1),
            answer: Duration::from_secs(30),
            network: Duration::from_secs(30),
        }
    }
}

/// A worker that has shown that it can see the desktop.
#[derive(Debug)]
pub(super) struct Worker {
    exchange: Exchange,
    folder: String,
    task: String,
    limits: UiaLimits,
    questions: AtomicU64,
}

impl Worker {
    /// Puts the worker onto the machine, unless it is there, and starts it in the session of the
    /// user who is logged in. `token`, of lower-case letters and digits, tells it from others.
    pub(super) async fn start(
        shell: Arc<dyn Shell>,
        token: &str,
        limits: UiaLimits,
    ) -> Result<Self, TreeError> {
        let exchange = Exchange::new(shell, limits.network);
        put(&exchange).await?;
        let worker = Self {
            exchange,
            folder: format!(r"{FOLDER}\mosdat-uia-{token}"),
            task: format!("mosdat-uia-{token}"),
            limits,
            questions: AtomicU64::new(0),
        };
        let script = scripts::start(&worker.folder, &worker.task);
        let user = worker.exchange.run(&script).await?.of("ok")?;
        match worker.ask_within(&json!([]), limits.start).await {
            Ok(_) => Ok(worker),
            Err(AskError::Late) => Err(TreeError::Blind(format!(
                "no worker answers in a session of `{user}` within {} s ({}); is that user logged \
                 in at the screen?",
                limits.start.as_secs(),
                worker.explanation().await
            ))),
            Err(other) => Err(other.plain(limits.start)),
        }
    }

    /// Has the worker carry out `ops`, and returns its reply, which proves that it could see.
    pub(super) async fn ask(&self, ops: &Value) -> Result<Reply, AskError> {
        self.ask_within(ops, self.limits.answer).await
    }

    /// Returns how long an answer may take.
    pub(super) fn limit(&self) -> Duration {
        self.limits.answer
    }

    /// Ends the worker.
    pub(super) async fn stop(&self) -> Result<(), TreeError> {
        let script = scripts::stop(&self.folder, &self.task);
        self.exchange.run(&script).await?.of("ok").map(drop)
    }

    async fn ask_within(&self, ops: &Value, limit: Duration) -> Result<Reply, AskError> {
        let number = self.questions.fetch_add(1, Ordering::Relaxed) + 1;
        let nonce = number.to_string();
        let text = json!({ "nonce": nonce, "ops": ops }).to_string();
        let question = if text.len() > LONGEST_QUESTION {
            let part = format!(r"{}\req-{number}.json.part", self.folder);
            send(&self.exchange, &part, text.as_bytes()).await?;
            scripts::Question::File
        } else {
            scripts::Question::Text(&text)
        };
        let script = scripts::ask(&self.folder, number, &question, limit.as_millis());
        let answered = self.exchange.run_for(&script, limit).await;
        let answered = answered.map_err(AskError::Unknown)?;
        match answered.word.as_str() {
            "reply" => Ok(Reply::read(&answered.text, &nonce)?),
            "late" => Err(AskError::Late),
            "taken" => Err(AskError::Taken),
            _ => Err(AskError::Plain(answered.unexpected())),
        }
    }

    async fn explanation(&self) -> String {
        let said = self.exchange.run(&scripts::explain(&self.task)).await;
        let why = said.and_then(|answered| answered.of("why"));
        why.unwrap_or_else(|err| err.to_string())
    }
}

/// A question was not answered.
#[derive(Debug)]
pub(super) enum AskError {
    /// The worker never saw it, and will not.
    Late,
    /// The worker has it and is silent: it may do it yet.
    Taken,
    /// It may have arrived or not.
    Unknown(TreeError),
    /// It did not come to that, or what came back cannot be used.
    Plain(TreeError),
}

impl AskError {
    /// Returns the error, where nothing was to be done but to look.
    pub(super) fn plain(self, limit: Duration) -> TreeError {
        match self {
            Self::Late | Self::Taken => TreeError::TimedOut { limit },
            Self::Unknown(err) | Self::Plain(err) => err,
        }
    }
}

impl From<TreeError> for AskError {
    fn from(err: TreeError) -> Self {
        Self::Plain(err)
    }
}

/// Puts the worker's file onto the machine, unless this very one is there.
async fn put(exchange: &Exchange) -> Result<(), TreeError> {
    let program = program();
    let digest = hex(&Sha256::digest(program.as_bytes()));
    let there = exchange.run(&scripts::digest()).await?.of("digest")?;
    if there == digest {
        return Ok(());
    }
    let part = format!("{WORKER_PATH}.part");
    send(exchange, &part, program.as_bytes()).await?;
    let script = scripts::put(&part, WORKER_PATH, &digest);
    exchange.run(&script).await?.of("ok").map(drop)
}

/// Writes a file in parts.
async fn send(exchange: &Exchange, file: &str, bytes: &[u8]) -> Result<(), TreeError> {
    for (index, bytes) in bytes.chunks(PART).enumerate() {
        let script = scripts::part(file, bytes, index == 0);
        exchange.run(&script).await?.of("ok")?;
    }
    Ok(())
}

/// Writes bytes as PowerShell writes digests.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02X}").expect("writing to a string");
    }
    text
}

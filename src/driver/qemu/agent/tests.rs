//! The guest agent's client against an agent that is stricter than the real one, and worse.

use super::{Agent, AgentError, Ran, commands::FIRST_LOOK, talk::Talk};
use crate::{driver::qemu::line::Lines, port::Exit};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncWriteExt, ReadHalf, WriteHalf},
    net::UnixStream,
    sync::Notify,
    time,
};

const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(50);
const SYNC: &str = "guest-sync-delimited";

/// An agent that expects questions and answers as it is told to.
struct Fake {
    lines: Lines<ReadHalf<UnixStream>>,
    writer: WriteHalf<UnixStream>,
}

impl Fake {
    fn new() -> (Self, UnixStream) {
        let (own, other) = UnixStream::pair().unwrap();
        let (reader, writer) = tokio::io::split(own);
        let lines = Lines::new(reader);
        (Self { lines, writer }, other)
    }

    fn with_client() -> (Self, Agent) {
        let (fake, stream) = Self::new();
        (fake, Agent::new(stream))
    }

    async fn raw(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
    }

    async fn answer(&mut self, value: Value) {
        let answer = json!({"return": value});
        self.raw(format!("{answer}\n").as_bytes()).await;
    }

    /// Takes the next question, which must be this one, and returns its arguments. A byte that
    /// resets the reader of a real agent stands before the first question only, and before those
    /// that bring both in step.
    async fn expect(&mut self, command: &str) -> Value {
        let line = self.lines.next().await.unwrap().expect("a question");
        let text = match (line.iter().rposition(|byte| *byte == 0xFF), command) {
            // Whatever stands before it is forgotten.
            (Some(at), SYNC) => &line[at + 1..],
            (None, _) if command != SYNC => &line[..],
            (at, _) => panic!("`{command}` with a reset at {at:?}: {line:?}"),
        };
        let mut said: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(said["execute"], command);
        said["arguments"].take()
    }

    /// Takes the question that brings both in step, and returns its number.
    async fn expect_sync(&mut self) -> Value {
        self.expect(SYNC).await["id"].take()
    }

    /// Answers it as the real one does, which found the byte before it odd.
    async fn answer_sync(&mut self, number: &Value) {
        let error = json!({"error": {"class": "GenericError", "desc": "stray '\u{FFFD}'"}});
        self.raw(format!("{error}\n").as_bytes()).await;
        self.raw(b"\xFF").await;
        self.answer(number.clone()).await;
    }

    async fn sync(&mut self) {
        let number = self.expect_sync().await;
        self.answer_sync(&number).await;
    }

    async fn serve(&mut self, command: &str, value: Value) -> Value {
        let arguments = self.expect(command).await;
        self.answer(value).await;
        arguments
    }

    async fn refuse(&mut self, command: &str, desc: &str) {
        self.expect(command).await;
        let error = json!({"error": {"class": "GenericError", "desc": desc}});
        self.raw(format!("{error}\n").as_bytes()).await;
    }

    /// Makes sure that nothing was asked that is not expected yet.
    async fn nothing_more(&mut self) {
        let more = time::timeout(SHORT, self.lines.next()).await;
        assert!(more.is_err(), "{more:?}");
    }
}

#[tokio::test]
async fn both_are_in_step_before_the_first_call_and_not_again() {
    let (mut fake, agent) = Fake::with_client();
    // What QEMU kept for whoever listened before.
    fake.raw(b"{\"return\": {}}\nhalf an ans\xFFwer\n\xFF{\"return\": 7}\n")
        .await;
    let serve = async {
        fake.sync().await;
        fake.serve("guest-ping", json!({})).await;
        let line = "{\"return\": {}}\n";
        fake.expect("guest-ping").await;
        for byte in line.bytes() {
            fake.raw(&[byte]).await;
            tokio::task::yield_now().await;
        }
    };
    let ask = async { (agent.ping(LONG).await, agent.ping(LONG).await) };
    let ((), answers) = tokio::join!(serve, ask);
    assert_eq!(answers, (Ok(()), Ok(())));
}

#[tokio::test]
async fn a_late_answer_is_not_taken_for_the_next_calls() {
    let (mut fake, agent) = Fake::with_client();
    let serve = async {
        fake.sync().await;
        fake.expect("guest-fsfreeze-freeze").await;
    };
    let ((), frozen) = tokio::join!(serve, agent.freeze(SHORT));
    let silent = AgentError::Silent {
        what: "guest-fsfreeze-freeze",
        limit: SHORT,
    };
    assert_eq!(frozen, Err(silent));
    let serve = async {
        // The answer comes when the next call is on its way.
        let number = fake.expect_sync().await;
        fake.answer(json!(1)).await;
        fake.answer_sync(&number).await;
        fake.serve("guest-fsfreeze-thaw", json!(2)).await;
    };
    let ((), thawed) = tokio::join!(serve, agent.thaw(LONG));
    assert_eq!(thawed, Ok(2));
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_nothing_behind() {
    let (mut fake, agent) = Fake::with_client();
    let serve = async {
        fake.sync().await;
        fake.expect("guest-fsfreeze-freeze").await;
    };
    tokio::select! {
        () = serve => {}
        frozen = agent.freeze(LONG) => panic!("{frozen:?}"),
    }
    let serve = async {
        fake.answer(json!(1)).await;
        fake.sync().await;
        fake.serve("guest-fsfreeze-thaw", json!(2)).await;
    };
    let ((), thawed) = tokio::join!(serve, agent.thaw(LONG));
    assert_eq!(thawed, Ok(2));
}

#[tokio::test]
async fn only_the_newest_number_brings_both_in_step() {
    let (mut fake, stream) = Fake::new();
    let mut talk = Talk::new(stream);
    // The guest boots: it takes what it is sent much later.
    assert!(time::timeout(SHORT, talk.get_in_step()).await.is_err());
    assert!(time::timeout(SHORT, talk.get_in_step()).await.is_err());
    let quiet = Notify::new();
    let serve = async {
        fake.sync().await;
        fake.sync().await;
        fake.nothing_more().await;
        quiet.notify_one();
        fake.sync().await;
        fake.serve("guest-get-time", json!(5)).await;
    };
    let ask = async {
        quiet.notified().await;
        talk.ask("guest-get-time", Value::Null, LONG).await
    };
    let ((), answer) = tokio::join!(serve, ask);
    assert_eq!(answer, Ok(json!(5)));
}

#[tokio::test]
async fn one_call_at_a_time() {
    let (mut fake, agent) = Fake::with_client();
    let serve = async {
        fake.sync().await;
        fake.expect("guest-fsfreeze-freeze").await;
        fake.nothing_more().await;
        fake.answer(json!(1)).await;
        fake.serve("guest-fsfreeze-thaw", json!(2)).await;
    };
    let ((), one, two) = tokio::join!(serve, agent.freeze(LONG), agent.thaw(LONG));
    assert_eq!((one, two), (Ok(1), Ok(2)));
}

#[tokio::test]
async fn an_agent_that_never_answers_is_silent() {
    let (_fake, agent) = Fake::with_client();
    let what = "guest-sync-delimited";
    let silent = agent.ready(SHORT).await.unwrap_err();
    assert_eq!(silent, AgentError::Silent { what, limit: SHORT });
    let text = "the guest agent did not answer `guest-sync-delimited` within 0.05 s";
    assert_eq!(silent.to_string(), text);
    let silent = agent.ping(SHORT).await.unwrap_err();
    let what = "guest-ping";
    assert_eq!(silent, AgentError::Silent { what, limit: SHORT });
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let (mut fake, agent) = Fake::with_client();
    let serve = async {
        fake.sync().await;
        fake.refuse("guest-fsfreeze-freeze", "not supported").await;
        fake.serve("guest-ping", json!({})).await;
    };
    let ask = async { (agent.freeze(LONG).await, agent.ping(LONG).await) };
    let ((), (frozen, ping)) = tokio::join!(serve, ask);
    let why = "not supported".to_owned();
    let what = "guest-fsfreeze-freeze";
    assert_eq!(frozen, Err(AgentError::Refused { what, why }));
    ping.unwrap();
}

#[tokio::test]
async fn what_cannot_be_understood_is_not_trusted_nor_is_what_follows() {
    for odd in [&b"Segmentation fault\n"[..], b"{}\n", b"{\"return\"\n"] {
        let (mut fake, agent) = Fake::with_client();
        let serve = async {
            fake.sync().await;
            fake.expect("guest-ping").await;
            fake.raw(odd).await;
            fake.sync().await;
            fake.serve("guest-ping", json!({})).await;
        };
        let ask = async { (agent.ping(LONG).await, agent.ping(LONG).await) };
        let ((), (first, second)) = tokio::join!(serve, ask);
        assert!(matches!(first, Err(AgentError::Odd { .. })), "{first:?}");
        second.unwrap();
    }
}

#[tokio::test]
async fn an_agent_whose_machine_ends_is_gone() {
    let (mut fake, agent) = Fake::with_client();
    let serve = async {
        fake.sync().await;
        fake.expect("guest-ping").await;
        drop(fake);
    };
    let ((), gone) = tokio::join!(serve, agent.ping(LONG));
    assert!(matches!(gone, Err(AgentError::Gone(_))), "{gone:?}");
    let gone = agent.ready(LONG).await;
    assert!(matches!(gone, Err(AgentError::Gone(_))), "{gone:?}");
}

#[tokio::test]
async fn a_guest_that_changed_is_met_anew() {
    let (mut fake, agent) = Fake::with_client();
    let serve = async {
        fake.sync().await;
        fake.serve("guest-ping", json!({})).await;
        fake.sync().await;
        fake.serve("guest-ping", json!({})).await;
    };
    let ask = async {
        agent.ping(LONG).await.unwrap();
        agent.guest_changed().await;
        agent.ping(LONG).await
    };
    let ((), ping) = tokio::join!(serve, ask);
    ping.unwrap();
}

#[tokio::test]
async fn commands_run_to_their_end() {
    let (mut fake, agent) = Fake::with_client();
    let encode = |text: &str| BASE64_STANDARD.encode(text);
    let serve = async {
        fake.sync().await;
        let started = fake.serve("guest-exec", json!({"pid": 9})).await;
        let want = json!({"path": "/bin/ls", "arg": ["-l"], "capture-output": true});
        assert_eq!(started, want);
        let asked = fake
            .serve("guest-exec-status", json!({"exited": false}))
            .await;
        assert_eq!(asked, json!({"pid": 9}));
        let ended = json!({
            "exited": true, "exitcode": 3,
            "out-data": encode("out"), "err-data": encode("err"),
        });
        fake.serve("guest-exec-status", ended).await;
        fake.serve("guest-exec", json!({"pid": 10})).await;
        fake.serve("guest-exec-status", json!({"exited": true, "signal": 9}))
            .await;
    };
    let ask = async {
        let ran = agent.run(&["/bin/ls", "-l"], LONG).await;
        (ran.unwrap(), agent.run(&["/bin/a"], LONG).await.unwrap())
    };
    let ((), (first, second)) = tokio::join!(serve, ask);
    let ran = |exit, stdout: &[u8], stderr: &[u8]| Ran {
        exit,
        stdout: stdout.into(),
        stderr: stderr.into(),
    };
    assert_eq!(first, ran(Exit::Code(3), b"out", b"err"));
    assert_eq!(second, ran(Exit::Signal(9), b"", b""));
}

#[tokio::test]
async fn a_command_without_an_end_is_no_success() {
    let (mut fake, agent) = Fake::with_client();
    let serve = async {
        fake.sync().await;
        fake.serve("guest-exec", json!({"pid": 9})).await;
        fake.serve("guest-exec-status", json!({"exited": true}))
            .await;
    };
    let ((), ran) = tokio::join!(serve, agent.run(&["/bin/ls"], LONG));
    assert!(matches!(ran, Err(AgentError::Odd { .. })), "{ran:?}");
}

impl Fake {
    /// Takes the program that sets the clock, and ends it with `code`.
    async fn run_date(&mut self, code: i32) {
        let command = self.serve("guest-exec", json!({"pid": 7})).await;
        assert_eq!(command["path"], "date");
        assert_eq!(command["arg"], json!(["-u", "-s", "@1700000000.000"]));
        let ended = json!({"exited": true, "exitcode": code});
        self.serve("guest-exec-status", ended).await;
    }
}

const NOW: Duration = Duration::from_secs(1_700_000_000);

#[tokio::test]
async fn a_clock_is_set_by_a_program() {
    let (mut fake, agent) = Fake::with_client();
    let serve = async {
        fake.sync().await;
        fake.run_date(0).await;
        fake.nothing_more().await;
    };
    let ((), set) = tokio::join!(serve, agent.set_time(NOW));
    set.unwrap();
}

#[tokio::test]
async fn where_no_program_sets_the_clock_the_agent_does() {
    for is_allowed in [true, false] {
        let (mut fake, agent) = Fake::with_client();
        let serve = async {
            fake.sync().await;
            if is_allowed {
                fake.run_date(1).await;
            } else {
                fake.refuse("guest-exec", "Command guest-exec has been disabled")
                    .await;
            }
            fake.serve("guest-set-time", json!({})).await
        };
        let (arguments, set) = tokio::join!(serve, agent.set_time(NOW));
        set.unwrap();
        let nanoseconds = u128::from(arguments["time"].as_u64().unwrap());
        let late = nanoseconds.checked_sub(NOW.as_nanos()).unwrap();
        // What came before took its time.
        assert!(!is_allowed || late >= FIRST_LOOK.as_nanos(), "{late}");
    }
}

#[tokio::test]
async fn a_clock_is_set_when_it_tells_the_time() {
    let no_program = "hwclock failed to set hardware clock to system time";
    let earlier = Duration::from_secs(1_699_999_940);
    for (clock, is_set) in [(NOW, true), (earlier, false)] {
        let (mut fake, agent) = Fake::with_client();
        let serve = async {
            fake.sync().await;
            fake.run_date(1).await;
            fake.refuse("guest-set-time", no_program).await;
            fake.serve("guest-get-time", json!(clock.as_nanos() as u64))
                .await;
        };
        let ((), set) = tokio::join!(serve, agent.set_time(NOW));
        assert_eq!(set.is_ok(), is_set, "{set:?}");
    }
}

#[tokio::test]
async fn a_guest_that_is_shut_down_does_not_answer() {
    let (mut fake, agent) = Fake::with_client();
    let serve = async {
        fake.sync().await;
        fake.expect("guest-shutdown").await
    };
    let (arguments, told) = tokio::join!(serve, agent.shut_down());
    told.unwrap();
    assert_eq!(arguments, json!({"mode": "powerdown"}));
}

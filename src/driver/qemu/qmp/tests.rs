//! The control connection against a QEMU that is stricter than the real one, and worse.

use super::{MemoryIn, Qmp, QmpError, RunState, Shutdown, owner::Board};
use crate::driver::qemu::line::Lines;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};
use tokio::{
    io::{AsyncWriteExt, ReadHalf, WriteHalf},
    net::UnixStream,
    sync::{Notify, watch},
};

const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(50);

/// A QEMU that expects commands and says what it is told to.
struct Fake {
    lines: Lines<ReadHalf<UnixStream>>,
    writer: WriteHalf<UnixStream>,
}

impl Fake {
    /// A connection on which nothing was said yet, and the other end of it.
    fn silent() -> (Self, UnixStream) {
        let (own, other) = UnixStream::pair().unwrap();
        let (reader, writer) = tokio::io::split(own);
        let lines = Lines::new(reader);
        (Self { lines, writer }, other)
    }

    /// A connection that is ready for commands.
    async fn ready() -> (Self, Qmp) {
        let (mut fake, stream) = Self::silent();
        let greet = async {
            fake.say(&json!({"QMP": {"version": {}, "capabilities": ["oob"]}}))
                .await;
            let id = fake.expect("qmp_capabilities").await.0;
            fake.answer(&id, json!({})).await;
        };
        let ((), qmp) = tokio::join!(greet, Qmp::new(stream));
        (fake, qmp.unwrap())
    }

    async fn raw(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
    }

    async fn say(&mut self, value: &Value) {
        self.raw(format!("{value}\r\n").as_bytes()).await;
    }

    async fn event(&mut self, name: &str, data: Value) {
        let time = json!({"seconds": 1, "microseconds": 2});
        self.say(&json!({"event": name, "data": data, "timestamp": time}))
            .await;
    }

    async fn answer(&mut self, id: &Value, value: Value) {
        self.say(&json!({"return": value, "id": id})).await;
    }

    async fn refuse(&mut self, id: &Value, class: &str, desc: &str) {
        self.say(&json!({"id": id, "error": {"class": class, "desc": desc}}))
            .await;
    }

    /// Takes the next command, which must be this one; returns its name and its arguments.
    async fn expect(&mut self, command: &str) -> (Value, Value) {
        let line = self.lines.next().await.unwrap().expect("a command");
        let mut said: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(said["execute"], command);
        (said["id"].take(), said["arguments"].take())
    }

    /// Takes the next command and answers it.
    async fn serve(&mut self, command: &str, value: Value) -> Value {
        let (id, arguments) = self.expect(command).await;
        self.answer(&id, value).await;
        arguments
    }
}

#[tokio::test]
async fn answers_are_told_from_events_however_they_arrive() {
    let (mut fake, qmp) = Fake::ready().await;
    let serve = async {
        let (id, _) = fake.expect("query-status").await;
        fake.event("RESET", json!({"guest": true, "reason": "guest-reset"}))
            .await;
        let answer = json!({"return": {"status": "running", "running": true}, "id": id});
        for byte in format!("{answer}\n").bytes() {
            fake.raw(&[byte]).await;
            tokio::task::yield_now().await;
        }
    };
    let ((), state) = tokio::join!(serve, qmp.run_state());
    assert_eq!(state, Ok(RunState::Running));
    assert_eq!(qmp.signs().resets, 1);
}

#[tokio::test]
async fn callers_get_their_own_answers() {
    let (mut fake, qmp) = Fake::ready().await;
    let serve = async {
        let (first, second) = (fake.expect("one").await.0, fake.expect("two").await.0);
        fake.answer(&second, json!(2)).await;
        fake.answer(&first, json!(1)).await;
    };
    let one = qmp.call::<u8>("one", Value::Null, LONG);
    let two = qmp.call::<u8>("two", Value::Null, LONG);
    let ((), one, two) = tokio::join!(serve, one, two);
    assert_eq!((one, two), (Ok(1), Ok(2)));
}

#[tokio::test]
async fn a_late_answer_is_not_taken_for_the_next_commands() {
    let (mut fake, qmp) = Fake::ready().await;
    let first = qmp.call::<u8>("one", Value::Null, SHORT).await;
    let timed_out = QmpError::TimedOut {
        what: "one",
        limit: SHORT,
    };
    assert_eq!(first, Err(timed_out));
    let serve = async {
        let late = fake.expect("one").await.0;
        let id = fake.expect("two").await.0;
        fake.answer(&late, json!(1)).await;
        fake.answer(&id, json!(2)).await;
    };
    let ((), two) = tokio::join!(serve, qmp.call::<u8>("two", Value::Null, LONG));
    assert_eq!(two, Ok(2));
}

#[tokio::test]
async fn a_refusal_tells_class_and_reason() {
    let (mut fake, qmp) = Fake::ready().await;
    let serve = async {
        let id = fake.expect("screendump").await.0;
        fake.refuse(&id, "GenericError", "There is no console")
            .await;
    };
    let file = Path::new("/tmp/a.png");
    let ((), refused) = tokio::join!(serve, qmp.screendump(file, super::Picture::Png));
    let want = QmpError::Refused {
        what: "screendump",
        class: "GenericError".into(),
        why: "There is no console".into(),
    };
    assert_eq!(refused, Err(want));
}

#[tokio::test]
async fn an_answer_of_another_kind_is_no_answer() {
    let (mut fake, qmp) = Fake::ready().await;
    let serve = fake.serve("query-status", json!({"status": 7}));
    let (_, state) = tokio::join!(serve, qmp.run_state());
    assert!(matches!(state, Err(QmpError::Odd { .. })), "{state:?}");
}

/// Says `bytes` while somebody waits for an answer and somebody for a sign, and returns what they
/// get, which must be the same, for ever.
async fn lost_by(bytes: &[u8]) -> String {
    let (mut fake, qmp) = Fake::ready().await;
    let serve = async {
        fake.expect("query-status").await;
        fake.raw(bytes).await;
        drop(fake);
    };
    let sign = qmp.seen(|signs| signs.shutdown.clone());
    let ((), state, sign) = tokio::join!(serve, qmp.run_state(), sign);
    let Err(QmpError::Lost(why)) = state else {
        panic!("{state:?}");
    };
    assert_eq!(sign, Err(QmpError::Lost(why.clone())));
    assert_eq!(qmp.run_state().await, Err(QmpError::Lost(why.clone())));
    assert_eq!(qmp.signs().lost.as_ref(), Some(&why));
    why
}

#[tokio::test]
async fn whoever_waits_learns_why_the_connection_ended() {
    assert_eq!(lost_by(b"").await, "QEMU closed its control connection");
    assert_eq!(
        lost_by(b"{\"half").await,
        "QEMU closed its control connection"
    );
    assert_eq!(
        lost_by(b"Segmentation\n").await,
        "`Segmentation` is not QMP"
    );
    let odd = lost_by(b"{\"return\": {}}\n").await;
    assert_eq!(odd, "`{\"return\": {}}` answers nothing that was asked");
    let odd = lost_by(b"{\"return\": {}, \"id\": 99}\n").await;
    assert_eq!(odd, "QEMU answers `99`, which was not asked");
    let odd = lost_by(b"{\"QMP\": {}}\n").await;
    assert_eq!(odd, "QEMU greets twice");
}

#[tokio::test]
async fn who_does_not_greet_is_not_qemu() {
    let (mut fake, stream) = Fake::silent();
    fake.say(&json!({"event": "RESUME"})).await;
    let lost = Qmp::new(stream).await.unwrap_err();
    assert_eq!(lost, QmpError::Lost("QEMU does not greet".into()));
}

#[test]
fn an_owner_that_panics_says_so() {
    let (sender, signs) = watch::channel(super::Signs::default());
    let board = Board(sender);
    let owner = std::thread::spawn(move || {
        let _board = board;
        panic!("a mistake");
    });
    owner.join().unwrap_err();
    assert!(
        signs
            .borrow()
            .lost
            .as_ref()
            .unwrap()
            .contains("mistake in mosdat")
    );
}

#[tokio::test]
async fn a_client_that_is_dropped_ends_the_connection() {
    let (mut fake, qmp) = Fake::ready().await;
    drop(qmp);
    assert!(fake.lines.next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_qemu_that_quits_at_once_has_quit() {
    let (mut fake, qmp) = Fake::ready().await;
    let serve = async {
        fake.expect("quit").await;
        let data = json!({"guest": false, "reason": "host-qmp-quit"});
        fake.event("SHUTDOWN", data).await;
        drop(fake);
    };
    let ((), quit) = tokio::join!(serve, qmp.quit());
    quit.unwrap();
    let shutdown = Shutdown {
        by_guest: false,
        reason: "host-qmp-quit".into(),
    };
    assert_eq!(qmp.signs().shutdown, Some(shutdown));
}

#[tokio::test]
async fn a_state_has_arrived_when_the_event_says_so() {
    let (mut fake, qmp) = Fake::ready().await;
    let answered = Notify::new();
    let serve = async {
        fake.serve("migrate-set-parameters", json!({})).await;
        let (id, arguments) = fake.expect("migrate").await;
        assert_eq!(arguments, json!({"uri": "unix:/run/a, b.sock"}));
        for status in ["setup", "active"] {
            fake.event("MIGRATION", json!({"status": status})).await;
        }
        // QEMU may be done before it answers.
        fake.event("MIGRATION", json!({"status": "completed"}))
            .await;
        fake.answer(&id, json!({})).await;
        // What became of the one before says nothing about this one.
        fake.serve("migrate-set-parameters", json!({})).await;
        let id = fake.expect("migrate").await.0;
        fake.answer(&id, json!({})).await;
        answered.notify_one();
        fake.serve("query-status", json!({})).await;
        fake.event("MIGRATION", json!({"status": "failed"})).await;
        fake.serve(
            "query-migrate",
            json!({"status": "failed", "error-desc": "No room"}),
        )
        .await;
    };
    let migrate = async {
        let socket = Path::new("/run/a, b.sock");
        (
            qmp.migrate_to(socket, LONG).await,
            qmp.migrate_to(socket, LONG).await,
        )
    };
    // Once this is answered the answer before it was heard, too.
    let heard = async {
        answered.notified().await;
        let status = qmp.call::<Value>("query-status", Value::Null, LONG);
        status.await.unwrap();
    };
    let ((), (first, second), ()) = tokio::join!(serve, migrate, heard);
    assert_eq!(first, Ok(()));
    let why = "QEMU failed to carry over the machine's state: No room";
    assert_eq!(second.unwrap_err().to_string(), why);
}

#[tokio::test]
async fn what_qemu_does_not_know_is_not_set() {
    let check = async |known: &[&str], memory, wanted: Value| {
        let (mut fake, qmp) = Fake::ready().await;
        let known: Vec<_> = known
            .iter()
            .map(|name| json!({"capability": name, "state": true}))
            .collect();
        let serve = async {
            if memory == MemoryIn::State {
                fake.serve("query-migrate-capabilities", json!(known)).await;
            }
            fake.serve("migrate-set-capabilities", json!({})).await
        };
        let (arguments, prepared) = tokio::join!(serve, qmp.prepare_migration(memory));
        prepared.unwrap();
        assert_eq!(arguments["capabilities"], wanted);
    };
    let events = json!({"capability": "events", "state": true});
    let ignore = |state| json!({"capability": "x-ignore-shared", "state": state});
    check(&["events"], MemoryIn::State, json!([events])).await;
    // It may have been set before.
    let both = ["events", "x-ignore-shared"];
    check(&both, MemoryIn::State, json!([events, ignore(false)])).await;
    check(&both, MemoryIn::File, json!([events, ignore(true)])).await;
}

/// Serves a job that ends with `error`; a job that has ended must be dismissed.
async fn serve_job(fake: &mut Fake, command: &str, error: Option<&str>) -> Value {
    let (id, arguments) = fake.expect(command).await;
    let job = arguments["job-id"].clone();
    fake.answer(&id, json!({})).await;
    for status in ["created", "running", "aborting", "concluded"] {
        let data = json!({"status": status, "id": job});
        fake.event("JOB_STATUS_CHANGE", data).await;
    }
    let other = json!({"id": "another", "status": "running", "error": "not this one"});
    let mut ended = json!({"id": job, "status": "concluded"});
    if let Some(error) = error {
        ended["error"] = json!(error);
    }
    fake.serve("query-jobs", json!([other, ended])).await;
    let dismissed = fake.serve("job-dismiss", json!({})).await;
    assert_eq!(dismissed, json!({"id": job}));
    fake.event("JOB_STATUS_CHANGE", json!({"status": "null", "id": job}))
        .await;
    arguments
}

#[tokio::test]
async fn snapshots_are_jobs() {
    let (mut fake, qmp) = Fake::ready().await;
    let serve = serve_job(&mut fake, "snapshot-save", None);
    let (arguments, saved) = tokio::join!(serve, qmp.snapshot_save("live", LONG));
    saved.unwrap();
    assert_eq!(arguments["tag"], "live");
    assert_eq!(arguments["vmstate"], "disk0");
    assert_eq!(arguments["devices"], json!(["disk0"]));
    let why = "Snapshot 'no' does not exist in one or more devices";
    let serve = serve_job(&mut fake, "snapshot-load", Some(why));
    let (_, loaded) = tokio::join!(serve, qmp.snapshot_load("no", LONG));
    let text = format!("QEMU failed to snapshot load `no`: {why}");
    assert_eq!(loaded.unwrap_err().to_string(), text);
    assert!(qmp.signs().jobs.is_empty());
}

#[tokio::test]
async fn a_job_that_does_not_end_has_a_limit() {
    let (mut fake, qmp) = Fake::ready().await;
    let serve = fake.serve("snapshot-save", json!({}));
    let (_, saved) = tokio::join!(serve, qmp.snapshot_save("live", SHORT));
    assert!(matches!(saved, Err(QmpError::TimedOut { .. })), "{saved:?}");
}

//! The folders of runs: events in order, evidence that keeps apart, the newest run.

use mosdat::{
    driver::disk::{DiskRunFolder, newest_run, read_events, runs},
    model::{Event, StepKey, Timestamp},
    port::RunFolder,
};
use std::{fs, io::Write as _};

fn event(number: u64) -> Event {
    Event::Stopping {
        at: Timestamp(number),
        at_once: number == 0,
    }
}

#[test]
fn events_are_read_back_and_a_torn_last_line_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let folder = DiskRunFolder::create(dir.path()).unwrap();
    for number in 0..3 {
        folder.event(&event(number)).unwrap();
    }
    let expected = [event(0), event(1), event(2)];
    assert_eq!(read_events(dir.path()).unwrap(), expected);
    let path = dir.path().join("events.jsonl");
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"type\":\"stop").unwrap();
    assert_eq!(read_events(dir.path()).unwrap(), expected);
    file.write_all(b"\n").unwrap();
    let error = read_events(dir.path()).unwrap_err();
    assert!(
        error.source.to_string().starts_with("line 4: "),
        "{}",
        error.source
    );
}

#[test]
fn a_run_is_not_written_over_another() {
    let dir = tempfile::tempdir().unwrap();
    let _first = DiskRunFolder::create(dir.path()).unwrap();
    assert!(DiskRunFolder::create(dir.path()).is_err());
}

#[test]
fn evidence_lies_below_its_step_and_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let folder = DiskRunFolder::create(dir.path()).unwrap();
    let key: StepKey = "desk/none/main.deb/smoke/x11:exercise".into();
    let keep = |name, bytes: &str| folder.keep(&key, name, bytes.as_bytes()).unwrap();
    let first = keep("03-click.png", "one");
    assert_eq!(
        first,
        "evidence/desk~none~main.deb~smoke~x11=exercise/03-click.png"
    );
    let second = keep("03-click.png", "two");
    assert!(second.ends_with("/03-click-2.png"), "{second}");
    let wild = keep("../../../escape", "three");
    for (file, content) in [(first, "one"), (second, "two"), (wild, "three")] {
        let path = dir.path().join(file).canonicalize().unwrap();
        assert!(path.starts_with(dir.path().canonicalize().unwrap()));
        assert_eq!(fs::read_to_string(path).unwrap(), content);
    }
}

#[test]
fn the_newest_run_is_the_last_by_name() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(newest_run(dir.path()), None);
    for name in ["20260201T0800-b", "20260101T0800-a", "20260201T0800-a"] {
        DiskRunFolder::create(&dir.path().join(name)).unwrap();
    }
    fs::create_dir(dir.path().join("9-not-a-run")).unwrap();
    let names: Vec<_> = runs(dir.path()).into_iter().map(|(run, _)| run).collect();
    let names: Vec<_> = names.iter().map(mosdat::model::RunId::as_str).collect();
    assert_eq!(
        names,
        ["20260101T0800-a", "20260201T0800-a", "20260201T0800-b"]
    );
    let (newest, path) = newest_run(dir.path()).unwrap();
    assert_eq!(newest.as_str(), "20260201T0800-b");
    assert!(read_events(&path).unwrap().is_empty());
}

#[test]
fn what_is_the_same_is_stored_once() {
    use std::os::unix::fs::MetadataExt as _;
    let dir = tempfile::tempdir().unwrap();
    let folder = DiskRunFolder::create(dir.path()).unwrap();
    let keep = |step: &str, name: &str, bytes: &[u8]| {
        let file = folder.keep(&step.into(), name, bytes).unwrap();
        assert_eq!(fs::read(dir.path().join(&file)).unwrap(), bytes, "{file}");
        (fs::metadata(dir.path().join(&file)).unwrap().ino(), file)
    };
    let first = keep("a:exercise", "01.png", b"picture");
    let again = keep("a:exercise", "01.png", b"picture");
    let elsewhere = keep("b:exercise", "07.png", b"picture");
    let other = keep("b:exercise", "07.png", b"another picture");
    assert_eq!((first.0, first.0), (again.0, elsewhere.0));
    assert_ne!(first.0, other.0);
    assert_eq!(again.1, "evidence/a=exercise/01-2.png");
    assert_eq!(other.1, "evidence/b=exercise/07-2.png");
}

//! Videos of a run, made by the real `ffmpeg`.

use super::{fake_desktop, fake_run::Script};
use crate::project::{FLEET, Project, Ran};
use mosdat::{
    model::{EvidenceKind, Totals, Verdict},
    report::{RunView, reel},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const KEY: &str = "debian12/none/main.deb/open-note:exercise";
const RUN: &str = "state/fleet/runs/20250601-080000-7f3a";

/// Pictures at 0, 0.5, 0.505, 1.005 and 9.005 s; the second and the third are the same.
fn script() -> Script {
    let mut script = Script::new("fleet", Totals::default());
    script.start(KEY, 1);
    for (after, file) in [
        (0, "01"),
        (495, "02"),
        (0, "02-again"),
        (495, "03"),
        (7_995, "04"),
    ] {
        script.wait(after);
        script.keep(
            KEY,
            EvidenceKind::Frame,
            "look",
            &format!("evidence/{file}.png"),
        );
    }
    script.finish(KEY, Verdict::Passed, "", 1);
    script
}

fn project() -> Project {
    let project = Project::new(FLEET);
    let events = script().end(0);
    let lines: Vec<_> = events
        .iter()
        .map(|event| serde_json::to_string(event).unwrap() + "\n")
        .collect();
    project.write(&format!("{RUN}/events.jsonl"), &lines.concat());
    let evidence = project.path().join(RUN).join("evidence");
    fs::create_dir_all(&evidence).unwrap();
    for (file, from) in [
        ("01", "01"),
        ("02", "02"),
        ("02-again", "02"),
        ("03", "03"),
        ("04", "04"),
    ] {
        let png = fake_desktop::file(&format!("{from}-step.png")).unwrap();
        fs::write(evidence.join(format!("{file}.png")), png).unwrap();
    }
    project
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Puts a program called `ffmpeg` alone into a PATH of its own.
fn with_ffmpeg(project: &Project, script: &str) -> Ran {
    project.write("bin/ffmpeg", &format!("#!/bin/sh\n{script}\n"));
    let program = project.path().join("bin/ffmpeg");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.command(&[
        "report",
        "plan.toml",
        "--video",
        "videos",
        "--html",
        "page.html",
    ]);
    let path = project.path().join("bin");
    Ran::from(command.env("PATH", path).output().unwrap())
}

#[test]
fn each_picture_is_shown_as_long_as_it_stood_within_bounds() {
    let view = RunView::replay(&script().end(0));
    let step = view.cells().next().unwrap();
    let is_same = |one: &str, other: &str| one.replace("-again", "") == other.replace("-again", "");
    let shots = reel::of(&step.attempts[0], &|_| false, &is_same);
    let held: Vec<_> = shots.iter().map(|shot| shot.held).collect();
    let half = Duration::from_millis(500);
    assert_eq!(
        held,
        [
            half,
            half + Duration::from_millis(5),
            reel::LONGEST,
            reel::LONGEST
        ]
    );
    let missing = reel::of(&step.attempts[0], &|file| file.contains("02"), &is_same);
    assert_eq!(missing.len(), 3);
    let all = reel::of(&step.attempts[0], &|_| false, &|_, _| false);
    assert_eq!(all[1].held, reel::SHORTEST);
}

#[test]
fn a_video_has_every_picture_for_its_time() {
    for (format, codec) in [("mp4", "h264"), ("webm", "vp9")] {
        let project = project();
        let said = project.ok(&[
            "report",
            "plan.toml",
            "--video",
            "videos",
            "--video-format",
            format,
        ]);
        let made = files(&project.path().join("videos"));
        let [video] = &made[..] else {
            panic!("{made:?}")
        };
        assert!(said.trim_end().ends_with(&format!("-1.{format}")), "{said}");
        let told = Command::new("ffprobe")
            .args([
                "-v",
                "error",
                "-count_frames",
                "-of",
                "json",
                "-show_entries",
            ])
            .arg("stream=codec_name,width,height,nb_read_frames:format=duration")
            .arg(video)
            .output()
            .unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        let stream = &told["streams"][0];
        assert_eq!(stream["codec_name"], codec);
        assert_eq!(
            (&stream["width"], &stream["height"]),
            (&640.into(), &400.into())
        );
        // Four that differ; the last once more, for a thousandth of a second.
        assert_eq!(stream["nb_read_frames"], "5", "{told}");
        let seconds: f64 = told["format"]["duration"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((seconds - 5.005).abs() < 0.02, "{told}");
    }
}

#[test]
fn without_ffmpeg_one_is_told_and_the_rest_is_written() {
    let project = project();
    let mut command = project.command(&[
        "report",
        "plan.toml",
        "--video",
        "videos",
        "--html",
        "page.html",
    ]);
    let ran = Ran::from(command.env("PATH", "/nowhere").output().unwrap());
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("`ffmpeg` is not installed"), "{}", ran.err);
    assert!(ran.err.contains("help: install it"), "{}", ran.err);
    assert!(project.path().join("page.html").is_file());
    assert!(files(&project.path().join("videos")).is_empty());
}

#[test]
fn an_ffmpeg_that_fails_or_is_killed_leaves_no_half_file_and_no_earlier_one_is_lost() {
    // The last argument is the file to write.
    let half = "for last in \"$@\"; do :; done; echo half > \"$last\"; echo 'no encoder' >&2";
    for (end, how) in [
        ("exit 3", "exited with 3"),
        ("kill -9 $$", "was ended by SIGKILL"),
    ] {
        let project = project();
        let earlier = "videos/debian12~none~main.deb~open-note=exercise-1.mp4";
        project.write(earlier, "an earlier video");
        let ran = with_ffmpeg(&project, &format!("{half}; {end}"));
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        assert!(
            ran.err.contains(how) && ran.err.contains("no encoder"),
            "{}",
            ran.err
        );
        let left = files(&project.path().join("videos"));
        assert_eq!(left, [project.path().join(earlier)]);
        assert_eq!(fs::read_to_string(&left[0]).unwrap(), "an earlier video");
        assert!(project.path().join("page.html").is_file());
    }
}

#[test]
fn a_run_without_pictures_has_no_video() {
    let project = project();
    let ran = project.run(&[
        "report",
        "plan.toml",
        "--video",
        "videos",
        "--cell",
        "fedora",
    ]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("no picture was kept"), "{}", ran.err);
}

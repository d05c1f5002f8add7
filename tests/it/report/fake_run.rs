//! A made-up run with something of everything, and small ones with one thing each.

use mosdat::model::{
    ContentHash, Event, EvidenceKind, Reason, RunId, Sight, StepKey, Summary, Timestamp, Totals,
    Verdict,
};
use std::collections::BTreeMap;

/// When the made-up runs begin: 2025-06-01, 08:00 UTC.
pub(super) const START: u64 = 1_748_764_800_000;

const SCENARIOS: [&str; 8] = [
    "import-archive",
    "open-note",
    "print-preview",
    "search",
    "settings/theme",
    "smoke/no-display",
    "smoke/wayland-real",
    "smoke/x11",
];
const MACHINES: [(&str, &str); 4] = [
    ("debian12-x11", "none"),
    ("fedora42-wayland", "none"),
    ("fedora42-wayland", "rtx3060"),
    ("ubuntu2404-wayland", "none"),
];
const BUILDS: [&str; 2] = ["4.1.0.deb", "main.deb"];

/// Puts events together, with a clock of its own.
pub(super) struct Script {
    pub(super) events: Vec<Event>,
    now: u64,
    verdicts: BTreeMap<Verdict, usize>,
    cached: usize,
    not_run: usize,
}

impl Script {
    /// A run of `matrix` that has begun.
    pub(super) fn new(matrix: &str, totals: Totals) -> Self {
        let version = Event::Version {
            format_version: 1,
            mosdat: "0.1.0".into(),
        };
        let started = Event::RunStarted {
            run: RunId::new("20250601-080000-7f3a"),
            matrix: matrix.into(),
            plan_id: ContentHash::of(b"plan"),
            at: Timestamp(START),
            totals,
        };
        Self {
            events: vec![version, started],
            now: START,
            verdicts: BTreeMap::new(),
            cached: 0,
            not_run: 0,
        }
    }

    pub(super) fn wait(&mut self, milliseconds: u64) -> Timestamp {
        self.now += milliseconds;
        Timestamp(self.now)
    }

    pub(super) fn start(&mut self, key: &str, attempt: u32) {
        let at = self.wait(100);
        self.events.push(Event::StepStarted {
            key: StepKey::new(key),
            reason: Reason::InputsChanged {
                ingredient: "build `main`".into(),
                was: "sha256:1f2e".into(),
                now: "sha256:9a0b".into(),
                root: StepKey::new("main.deb:build"),
            },
            attempt,
            at,
            lease: None,
        });
    }

    pub(super) fn log(&mut self, key: &str, text: &str) {
        let (key, at) = (StepKey::new(key), self.wait(20));
        let text = text.into();
        self.events.push(Event::Log { key, at, text });
    }

    pub(super) fn instruct(&mut self, key: &str, number: u32, label: &str, rung: &str) {
        self.instruct_with(key, number, label, rung, Verdict::Passed, "");
    }

    pub(super) fn instruct_with(
        &mut self,
        key: &str,
        number: u32,
        label: &str,
        rung: &str,
        verdict: Verdict,
        detail: &str,
    ) {
        let at = self.wait(700);
        self.events.push(Event::Instruction {
            key: StepKey::new(key),
            at,
            number,
            path: number.to_string(),
            attempts: 1,
            limit_ms: 10_000,
            sights: Vec::new(),
            label: label.into(),
            verdict,
            detail: detail.into(),
            rung: rung.into(),
            duration_ms: 640 + u64::from(number) * 13,
        });
    }

    /// Says of the last instruction what it looked for, how often, and how long it took.
    pub(super) fn looked(&mut self, sights: Vec<Sight>, attempts: u32, duration_ms: u64) {
        let Some(Event::Instruction {
            sights: told,
            attempts: times,
            duration_ms: took,
            ..
        }) = self.events.last_mut()
        else {
            panic!("no instruction was told of")
        };
        (*told, *times, *took) = (sights, attempts, duration_ms);
    }

    pub(super) fn keep(&mut self, key: &str, kind: EvidenceKind, label: &str, file: &str) {
        let at = self.wait(5);
        self.events.push(Event::Evidence {
            key: StepKey::new(key),
            at,
            kind,
            label: label.into(),
            file: file.into(),
        });
    }

    pub(super) fn retry(&mut self, key: &str, verdict: Verdict, detail: &str) {
        self.events.push(Event::StepRetried {
            key: StepKey::new(key),
            attempt: 1,
            verdict,
            detail: detail.into(),
            duration_ms: 8_200,
        });
    }

    pub(super) fn finish(&mut self, key: &str, verdict: Verdict, detail: &str, attempts: u32) {
        let at = self.wait(300);
        let is_cell = key.ends_with(":exercise");
        if is_cell || !verdict.holds() {
            *self.verdicts.entry(verdict).or_default() += 1;
        }
        self.events.push(Event::StepFinished {
            key: StepKey::new(key),
            verdict,
            detail: detail.into(),
            attempts,
            at,
            duration_ms: 12_340,
        });
    }

    pub(super) fn kept(&mut self, key: &str, verdict: Verdict, cut_off: bool) {
        if key.ends_with(":exercise") {
            *self.verdicts.entry(verdict).or_default() += 1;
            self.cached += 1;
        }
        self.events.push(Event::StepKept {
            key: StepKey::new(key),
            verdict,
            run: RunId::new("20250528-171200-c01d"),
            duration_ms: 9_876,
            cut_off,
        });
    }

    pub(super) fn not_run(&mut self, key: &str, why: &str) {
        self.not_run += usize::from(key.ends_with(":exercise"));
        let (key, why) = (StepKey::new(key), why.into());
        self.events.push(Event::StepSkipped { key, why });
    }

    pub(super) fn left_out(&mut self, key: &str, why: &str) {
        let (key, why) = (StepKey::new(key), why.into());
        self.events.push(Event::CellSkipped { key, why });
    }

    /// The whole stream, with an end that tells what was counted.
    pub(super) fn end(mut self, exit_code: u8) -> Vec<Event> {
        let at = self.wait(500);
        self.events.push(Event::RunFinished {
            run: RunId::new("20250601-080000-7f3a"),
            at,
            summary: Summary {
                verdicts: self.verdicts,
                cached: self.cached,
                not_run: self.not_run,
                duration_ms: self.now - START,
            },
            exit_code,
        });
        self.events
    }
}

/// A run with a single passed cell.
pub(super) fn one_pass() -> Vec<Event> {
    let mut script = Script::new("notes", Totals::default());
    let key = "debian12/none/main.deb/open-note:exercise";
    script.start(key, 1);
    script.finish(key, Verdict::Passed, "", 1);
    script.end(0)
}

/// A run of 4 machines, 2 builds and 8 scenarios with every standing there is.
pub(super) fn everything() -> Vec<Event> {
    let totals = Totals {
        run: 60,
        keep: 21,
        release: 1,
        skipped: 2,
    };
    let mut script = Script::new("notes-release", totals);
    prepare(&mut script);
    for (machine, gpu) in MACHINES {
        for build in BUILDS {
            for scenario in SCENARIOS {
                let key = format!("{machine}/{gpu}/{build}/{scenario}:exercise");
                exercise(&mut script, &key, (machine, gpu, build, scenario));
            }
        }
    }
    script.events.push(Event::Released {
        what: "layer mosdat-00112233445566778899 of `debian12-x11`".into(),
        error: String::new(),
    });
    script.end(1)
}

fn prepare(script: &mut Script) {
    script.kept("4.1.0.deb:build", Verdict::Passed, false);
    script.start("main.deb:build", 1);
    script.log("main.deb:build", "npm ci");
    script.log("main.deb:build", "added 412 packages in 9s");
    script.log(
        "main.deb:build",
        "dpkg-deb: building package 'notes' in 'dist/notes_main.deb'",
    );
    script.finish("main.deb:build", Verdict::Passed, "", 1);
    for (machine, gpu) in MACHINES {
        script.kept(&format!("{machine}:restore"), Verdict::Passed, false);
        script.kept(
            &format!("{machine}/{gpu}/4.1.0.deb:install"),
            Verdict::Passed,
            false,
        );
        let install = format!("{machine}/{gpu}/main.deb:install");
        script.start(&install, 1);
        if machine.starts_with("ubuntu") {
            script.log(
                &install,
                "dpkg: dependency problems prevent configuration of notes:",
            );
            script.log(&install, " notes depends on libwebkit2gtk-4.1-0; however:");
            script.log(&install, "  Package libwebkit2gtk-4.1-0 is not installed.");
            let why = "`dpkg -i notes_main.deb` ended with exit code 1: dependency problems \
                       prevent configuration of notes";
            script.finish(&install, Verdict::Blocked, why, 1);
        } else {
            script.finish(&install, Verdict::Passed, "", 1);
        }
    }
}

fn exercise(script: &mut Script, key: &str, cell: (&str, &str, &str, &str)) {
    match cell {
        ("ubuntu2404-wayland", _, "main.deb", _) => {
            script.not_run(
                key,
                "`ubuntu2404-wayland/none/main.deb:install` was blocked",
            );
        }
        (_, _, _, "smoke/x11") if !cell.0.ends_with("x11") => {
            if cell.1 == "rtx3060" {
                script.left_out(key, "XWayland is not installed on this machine");
            } else {
                script.kept(key, Verdict::Passed, false);
            }
        }
        (_, _, "4.1.0.deb", "open-note" | "search" | "smoke/wayland-real") => {
            script.kept(key, Verdict::Passed, false);
        }
        ("debian12-x11", _, "main.deb", "print-preview") => fail(script, key),
        ("fedora42-wayland", "rtx3060", "main.deb", "open-note") => block(script, key),
        ("fedora42-wayland", "none", "main.deb", "search") => flake(script, key),
        (_, _, "4.1.0.deb", "settings/theme") => {
            notes(script, key, 3);
            let seen = "expected to fail (issue 812: the dark theme is not remembered): the node \
                        check box `Dark` is not checked";
            script.finish(key, Verdict::Expected, seen, 1);
        }
        _ => {
            notes(script, key, 4);
            script.finish(key, Verdict::Passed, "", 1);
        }
    }
}

const LABELS: [(&str, &str); 5] = [
    (
        "launch `/usr/bin/notes --new` and wait for the window `Notes`",
        "window",
    ),
    ("click push button `New`", "tree"),
    ("type `Milk`", ""),
    ("click picture save.png", "exact 1.000"),
    ("verify label `1 note`", "tree"),
];

fn notes(script: &mut Script, key: &str, count: usize) {
    script.start(key, 1);
    play(script, key, count, 1);
}

fn play(script: &mut Script, key: &str, count: usize, attempt: u32) {
    let folder = format!("evidence/{}/{attempt}", key.replace(['/', ':'], "_"));
    script.log(key, "notes 4.1.0 starting, profile /tmp/mosdat/profile");
    for (index, (label, rung)) in LABELS.into_iter().take(count).enumerate() {
        let number = index as u32 + 1;
        script.instruct(key, number, label, rung);
        let file = format!("{folder}/{number:02}-step.png");
        script.keep(key, EvidenceKind::Frame, label, &file);
    }
}

fn fail(script: &mut Script, key: &str) {
    let folder = format!("evidence/{}/2", key.replace(['/', ':'], "_"));
    script.start(key, 1);
    play(script, key, 3, 1);
    let seen = "no dialog `Print` within 10 s; the window `Notes` shows, and the accessibility \
                tree has 41 nodes of `notes` but no dialog | see <tree>";
    let label = "verify dialog `Print`";
    script.instruct_with(key, 4, label, "tree", Verdict::Failed, seen);
    script.retry(key, Verdict::Failed, seen);
    script.start(key, 2);
    play(script, key, 3, 2);
    script.log(
        key,
        "(notes:812): Gtk-WARNING **: cannot open display: \u{1b}[31m:7\u{1b}[0m",
    );
    script.instruct_with(key, 4, label, "tree", Verdict::Failed, seen);
    script.keep(
        key,
        EvidenceKind::Frame,
        "when it failed",
        &format!("{folder}/04-failed.png"),
    );
    script.keep(
        key,
        EvidenceKind::Tree,
        "accessibility tree",
        &format!("{folder}/04-tree.txt"),
    );
    script.finish(key, Verdict::Failed, seen, 2);
}

fn block(script: &mut Script, key: &str) {
    let folder = format!("evidence/{}/1", key.replace(['/', ':'], "_"));
    script.start(key, 1);
    play(script, key, 1, 1);
    let why = "the screen is black: the console of a machine whose GPU is primary shows nothing; \
               use a VNC server inside the machine";
    let label = "click push button `New`";
    script.instruct_with(key, 2, label, "", Verdict::Blocked, why);
    script.keep(
        key,
        EvidenceKind::Frame,
        "black screen",
        &format!("{folder}/02-black.png"),
    );
    script.finish(key, Verdict::Blocked, why, 1);
}

fn flake(script: &mut Script, key: &str) {
    script.start(key, 1);
    play(script, key, 2, 1);
    let seen = "the entry holds `Mil`, not `Milk`";
    script.instruct_with(key, 3, "type `Milk`", "", Verdict::Failed, seen);
    script.retry(key, Verdict::Failed, seen);
    script.start(key, 2);
    play(script, key, 5, 2);
    script.finish(key, Verdict::Flaky, "passed on attempt 2", 2);
}

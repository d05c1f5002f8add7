//! Summaries for pull requests.

use super::fake_run::{self, Script};
use mosdat::{
    model::{Event, Totals, Verdict},
    report::{RunView, markdown},
};

#[test]
fn a_summary_says_the_verdict_then_the_matrix_then_what_needs_a_look() {
    let mut script = Script::new("notes", Totals::default());
    let failed = "debian12/none/main.deb/open-note:exercise";
    script.start(failed, 1);
    script.instruct(failed, 1, "launch `notes`", "window");
    let seen = "it is `2 notes`";
    script.instruct_with(
        failed,
        2,
        "verify label `1 note`",
        "tree",
        Verdict::Failed,
        seen,
    );
    script.finish(failed, Verdict::Failed, seen, 1);
    script.kept(
        "debian12/none/main.deb/search:exercise",
        Verdict::Passed,
        false,
    );
    script.left_out("debian12/rtx3060/main.deb/search:exercise", "too slow");
    let text = markdown::write(&RunView::replay(&script.end(3)));
    insta::assert_snapshot!(text, @r"
    ## ❌ mosdat notes: failed

    3 cells: 1 failed, 1 passed, 1 left out

    | machine | build | open-note | search |
    |---|---|---|---|
    | debian12 | main.deb | ❌ failed | ✅ passed, cached |
    | debian12, GPU rtx3060 | main.deb |  | ⏭️ left out |

    <details>
    <summary>❌ <b>failed</b> debian12/none/main.deb/open-note</summary>

    At instruction 2: verify label \`1 note\`

    ```text
    it is `2 notes`
    ```

    12.3 s

    </details>

    <sub>1 cell cached · took 2.3 s · run 20250601-080000-7f3a</sub>
    ");
}

#[test]
fn a_summary_starts_with_the_verdict() {
    let first = |events: &[Event]| {
        let text = markdown::write(&RunView::replay(events));
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(first(&fake_run::one_pass()), "## ✅ mosdat notes: passed");
    assert_eq!(
        first(&fake_run::everything()),
        "## ❌ mosdat notes-release: failed"
    );
    assert_eq!(
        first(&fake_run::one_pass()[..4]),
        "## ❓ mosdat notes: did not finish"
    );
    let nothing = Script::new("notes", Totals::default()).end(0);
    assert_eq!(first(&nothing), "## ⛔ mosdat notes: nothing was tested");
}

#[test]
fn what_did_not_simply_pass_has_a_block_of_its_own() {
    let text = markdown::write(&RunView::replay(&fake_run::everything()));
    let blocks = text.matches("<details>").count();
    assert_eq!(blocks, 4, "failed, blocked twice, flaky:\n{text}");
    assert!(text.contains("Attempt 1:"), "{text}");
    assert!(
        text.contains("8 cells should have run and did not"),
        "{text}"
    );
}

#[test]
fn a_long_summary_is_cut_and_says_so() {
    let mut script = Script::new("notes", Totals::default());
    for number in 0..2_000 {
        let key = format!("machine-{number:04}/none/main.deb/open-note:exercise");
        script.start(&key, 1);
        script.finish(&key, Verdict::Failed, &"`|<é".repeat(300), 1);
    }
    let text = markdown::write(&RunView::replay(&script.end(3)));
    assert!(text.chars().count() <= markdown::LENGTH);
    assert!(
        text.contains("rows of the matrix did not fit here"),
        "{text}"
    );
    assert!(text.contains("steps more that did not simply pass did not fit here"));
    assert!(text.starts_with("## ❌ mosdat notes: failed\n\n2,000 cells: 2,000 failed\n"));
    assert!(text.trim_end().ends_with("</sub>"), "the end is cut");
}

#[test]
fn many_scenarios_become_counts() {
    let mut script = Script::new("notes", Totals::default());
    for number in 0..11 {
        let key = format!("debian12/none/main.deb/s{number}:exercise");
        script.start(&key, 1);
        script.finish(&key, Verdict::Passed, "", 1);
    }
    let text = markdown::write(&RunView::replay(&script.end(0)));
    assert!(
        text.contains("| debian12 | main.deb | ✅ 11 passed |"),
        "{text}"
    );
}

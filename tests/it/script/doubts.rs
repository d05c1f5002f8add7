//! Failures that may be the machine's.

use super::{desktop::Desktop, play};
use mosdat::port::{Exit, Window};
use std::time::Duration;

const FAILS: &str = "steps: [{shell: save the note}]";

/// A desktop on which saving fails and whose machine tells this of itself.
fn telling(state: &'static str) -> Desktop {
    let desktop = Desktop::new();
    desktop.change(|it| {
        it.on_shell = match state {
            "full" => |_, text| {
                if text.starts_with("date") {
                    let told = "0\nFilesystem 1024-blocks Used Available Capacity Mounted on\n\
                                /dev/vda 100000 99900 100 100% /home\n";
                    return (Duration::ZERO, Some(Exit::Code(0)), told);
                }
                (Duration::ZERO, Some(Exit::Code(1)), "could not save")
            },
            "jumped" => |_, text| {
                if text.starts_with("date") {
                    return (Duration::ZERO, Some(Exit::Code(0)), "99999999999\n");
                }
                (Duration::ZERO, Some(Exit::Code(1)), "could not save")
            },
            _ => |_, text| {
                if text.starts_with("date") {
                    return (Duration::ZERO, Some(Exit::Code(127)), "date: not found\n");
                }
                (Duration::ZERO, Some(Exit::Code(1)), "could not save")
            },
        };
    });
    desktop
}

#[tokio::test(start_paused = true)]
async fn what_fails_on_a_full_disk_says_nothing_about_the_app() {
    let told = play(&telling("full"), FAILS).await;
    told.blocked("the machine's disk is full: 100 KiB are left at `/home`; what was seen then");
    told.blocked("could not save");
}

#[tokio::test(start_paused = true)]
async fn what_fails_while_the_clock_is_wrong_says_nothing_about_the_app() {
    let told = play(&telling("jumped"), FAILS).await;
    told.blocked("the machine's clock is");
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_does_not_tell_raises_no_doubt() {
    play(&telling(""), FAILS).await.failed("could not save");
    // Nor does a window that covers nothing of the app, which has none.
    let desktop = telling("");
    desktop.change(|it| {
        it.windows.push(Window {
            title: "Update".into(),
            app_id: "update".into(),
            pid: Some(1),
            rect: None,
        });
    });
    play(&desktop, FAILS).await.failed("could not save");
}

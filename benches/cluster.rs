//! Measures what a large Proxmox VE cluster costs: `cargo bench --bench cluster`. The server is a
//! process of its own that answers each call after 30 ms; guests are only written about, so that what
//! is measured is mosdat's share of a step on a machine.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a benchmark that cannot go on may panic; it starts programs and prints what it sees; the \
              server that it shares with tests looks at few kinds of things"
)]

#[path = "../tests/it/machine.rs"]
mod machine;
#[path = "../tests/it/package.rs"]
mod package;
#[expect(dead_code, unused_imports, reason = "tests do more with it")]
#[path = "../tests/pve/mod.rs"]
mod pve;
#[path = "cluster/rows.rs"]
mod rows;
#[expect(dead_code, reason = "tests do more with it")]
#[path = "../tests/it/world.rs"]
mod world;

fn main() {
    if std::env::args().any(|argument| argument == "serve") {
        return rows::serve();
    }
    println!("what | mosdat | peer | ratio | reach | verdict");
    rows::measure();
}

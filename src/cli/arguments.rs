//! What can be typed. Says nothing about what is done with it.

use super::{
    functional_arguments::FunctionalArguments,
    image_arguments::ImageCommand,
    scenario_arguments::{
        AnchorsCommand, LintArguments, RecipesCommand, RoutinesCommand, SchemaArguments,
    },
    visual_arguments::VisualArguments,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Tests desktop applications on real desktops, declaratively
///
/// Write down what should hold (this build, installed from this package, on these machines, passes
/// these scenarios); `mosdat plan` shows what is missing and why, `mosdat apply` makes it true.
/// What already holds is not done again.
#[derive(Debug, Parser)]
#[command(
    name = "mosdat",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 what is desired holds, 1 mosdat could not do it, 2 there is something \
                  to do (plan --detailed-exitcode, drift), 3 tests failed, 4 the state is locked, \
                  5 the saved plan is stale, 130 interrupted."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) global: Global,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// Keep state, blobs and run folders below DIR instead of `state/` beside `plans/`
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    #[arg(help = "When to use colours; NO_COLOR is respected")]
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: ColorChoice,
    #[arg(help = "Say more on standard error (also: MOSDAT_LOG=debug)")]
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what apply would do, and why; change nothing
    Plan(PlanArguments),
    /// Make it so
    Apply(ApplyArguments),
    /// Carry out one scenario, or some steps of it, and record nothing of that
    Functional(FunctionalArguments),
    /// Explain a step's decision, down to the ingredient with its old and new value
    Why(WhyArguments),
    /// Show the matrix as recorded
    Status(StatusArguments),
    /// Tell what passes and fails without a reason, and what nearly runs out of time
    Flakes(FlakesArguments),
    /// Compare what providers say with what is recorded
    Drift(DriftArguments),
    /// Draw the plan as a graph
    Graph(GraphArguments),
    /// Write the reports of a finished run anew from its events
    Report(ReportArguments),
    /// Judge stored pictures of a run anew: with another model, threshold or statement; asks no
    /// machine
    Replay(ReplayArguments),
    /// Check every file and say all that is wrong
    Validate(FileArgument),
    /// List the machines of a plan file
    ListVms(ListArguments),
    /// Look whether machines can be tested on, and say what is missing; changes nothing
    Doctor(DoctorArguments),
    /// Show what programs on a machine's desktop tell assistive technologies about their widgets
    AtspiDump(DumpArguments),
    /// Look into the recorded state, and mend it
    #[command(subcommand)]
    State(StateCommand),
    /// Look at the lock on the state
    #[command(subcommand)]
    Lock(LockCommand),
    /// End someone else's lock on the state
    ForceUnlock(ForceUnlockArguments),
    /// Take a layer that a machine has into the state
    Import(ImportArguments),
    /// Release everything that mosdat made: leases, layers, results
    Destroy(DestroyArguments),
    /// Drop layers, blobs and run folders that nothing desired or recent needs
    Gc(GcArguments),
    /// Compare pictures of a run with approved ones
    Visual(VisualArguments),
    /// Make and keep guest images, which virtual machines on this computer start from
    #[command(subcommand)]
    Image(ImageCommand),
    /// Look whether the vision model that scenarios ask is fit for it
    #[command(subcommand)]
    Vlm(VlmCommand),
    /// Look into what vision models have answered, and forget it
    #[command(subcommand)]
    VlmCache(VlmCacheCommand),
    /// Tell what is wrong with scenarios and what they use, and what will be one day
    Lint(LintArguments),
    /// Look at pictures that are proposed for targets which look otherwise than remembered
    #[command(subcommand)]
    Anchors(AnchorsCommand),
    /// Look at routines, which scenarios use
    #[command(subcommand)]
    Routines(RoutinesCommand),
    /// Look into notes on what was learned
    #[command(subcommand)]
    Recipes(RecipesCommand),
    /// Print which keys a document may have, for editors
    Schema(SchemaArguments),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Clone, Debug, Default, Args)]
pub(super) struct FileArgument {
    /// Plan file or app config; the only *.toml in plans/ when left out
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

/// Variables of scenarios.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct VarArguments {
    /// Set a variable of scenarios, whatever they and the plan file say; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) var: Vec<String>,
}

/// What part of the plan is meant.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct SelectArguments {
    /// Only this and what it needs: a step key, a cell, a glob or a filter such as
    /// `machine(debian*) & !scenario(smoke/*)`; may be given more than once
    #[arg(long, value_name = "SELECTOR")]
    pub(super) target: Vec<String>,
    /// All but this and what needs it
    #[arg(long, value_name = "SELECTOR")]
    pub(super) exclude: Vec<String>,
    /// Run this although its last result holds
    #[arg(long, value_name = "SELECTOR")]
    pub(super) replace: Vec<String>,
    /// Only exercises that did not pass last time
    #[arg(long)]
    pub(super) failed: bool,
    /// Only part K of N of the exercises; each is always in the same part
    #[arg(long, value_name = "K/N")]
    pub(super) partition: Option<String>,
    /// Ask no machine; take them to be as they were last
    #[arg(long)]
    pub(super) no_refresh: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    #[default]
    Human,
    Markdown,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    #[command(flatten)]
    pub(super) select: SelectArguments,
    #[command(flatten)]
    pub(super) vars: VarArguments,
    /// Save the plan, bound to the facts that it read, for `apply PLANFILE`
    #[arg(long, value_name = "PLANFILE")]
    pub(super) out: Option<PathBuf>,
    /// Exit with 2 when there is something to do
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Write the plan as one JSON document; short for --format json
    #[arg(long)]
    pub(super) json: bool,
    /// Write the JSON document to FILE as well
    #[arg(long, value_name = "FILE")]
    pub(super) json_into: Option<PathBuf>,
    /// How to write the plan
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: PlanFormat,
    /// List every step, those to keep as well
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Default, Args)]
pub(super) struct ApplyArguments {
    /// Plan file, app config, or a plan saved with `plan --out`
    #[arg(value_name = "FILE|PLANFILE")]
    pub(super) file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) select: SelectArguments,
    #[command(flatten)]
    pub(super) vars: VarArguments,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Run at most N steps at once, whatever their pools
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) parallel: Option<u32>,
    /// Let N steps use a pool at once, for instance `gpu:rtx3060=2`
    #[arg(long, value_name = "NAME=N")]
    pub(super) pool: Vec<String>,
    /// Start nothing more once an exercise has not passed
    #[arg(long, conflicts_with = "max_fail")]
    pub(super) fail_fast: bool,
    /// Start nothing more once N exercises have not passed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_fail: Option<u32>,
    /// Try a cell that has failed N more times from the same layer, to tell whether the app, the
    /// test or the environment is to blame; it stays failed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=20))]
    pub(super) reruns: Option<u32>,
    /// Write a JUnit report to FILE
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Write a Markdown summary for a pull request to FILE
    #[arg(long, value_name = "FILE")]
    pub(super) markdown: Option<PathBuf>,
    /// Write events to standard output, one JSON document a line
    #[arg(long)]
    pub(super) json: bool,
    /// Write events to FILE as well
    #[arg(long, value_name = "FILE")]
    pub(super) json_into: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct WhyArguments {
    /// Step key, cell, glob or filter expression
    #[arg(value_name = "SELECTOR")]
    pub(super) selector: String,
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// Ask no machine; take them to be as they were last
    #[arg(long)]
    pub(super) no_refresh: bool,
    #[command(flatten)]
    pub(super) vars: VarArguments,
}

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// Write one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct FlakesArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// List every exercise of which attempts are remembered, with how long each step takes; those
    /// that the plan file does not ask for any more as well
    #[arg(long)]
    pub(super) all: bool,
    /// Write a Markdown table
    #[arg(long, conflicts_with = "json")]
    pub(super) markdown: bool,
    /// Write one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DriftArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// Write one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// Look at this machine only; may be given several times
    #[arg(long = "machine", value_name = "NAME")]
    pub(super) machines: Vec<String>,
    /// Write one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum DumpFormat {
    /// A line for each widget, children further to the right
    #[default]
    Tree,
    /// One JSON document
    Json,
    /// How many there are of each role
    Roles,
}

#[derive(Debug, Args)]
pub(super) struct DumpArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// The machine; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    pub(super) vms: Vec<String>,
    /// How to write the widgets
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: DumpFormat,
    /// Leave out what lies deeper; windows have the depth 0
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(super) max_depth: usize,
    /// Only applications with this in their name, whatever its case
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) app_filter: String,
    /// Write widgets that do not show as well
    #[arg(long)]
    pub(super) raw: bool,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Have a shell of the session run COMMAND first
    #[arg(long, value_name = "COMMAND")]
    pub(super) launch: Option<String>,
    /// Wait until a widget shows, for instance `push button:Save`: a role and part of a name
    #[arg(long, value_name = "ROLE:NAME")]
    pub(super) wait: Option<String>,
    /// Wait so long at most
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(super) timeout: u64,
    /// Start from this layer of the machine instead of its base
    #[arg(long, value_name = "LAYER")]
    pub(super) layer: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// Ask their providers whether they are there and what they do
    #[arg(long)]
    pub(super) live: bool,
    /// Write one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    #[default]
    Dot,
    Mermaid,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct GraphArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    #[command(flatten)]
    pub(super) select: SelectArguments,
    #[command(flatten)]
    pub(super) vars: VarArguments,
    /// For Graphviz, Mermaid or other programs
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: GraphFormat,
}

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// The run; the newest when left out
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// Where to write the self-contained HTML page
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Where to write the JUnit report
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Where to write the Markdown summary; standard output when nothing is named
    #[arg(long, value_name = "FILE")]
    pub(super) markdown: Option<PathBuf>,
    /// Where to write the events by the names that older readers know, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(super) events: Option<PathBuf>,
    /// Folder to write videos to, one for each attempt at a cell (needs ffmpeg)
    #[arg(long, value_name = "FOLDER")]
    pub(super) video: Option<PathBuf>,
    /// What videos are written as
    #[arg(long, value_enum, default_value_t, requires = "video")]
    pub(super) video_format: VideoFormat,
    /// Videos of those cells only that have this in their key
    #[arg(long, value_name = "TEXT", requires = "video")]
    pub(super) cell: Option<String>,
}

/// Containers of videos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum VideoFormat {
    #[default]
    Mp4,
    Webm,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 what the step wants holds, 1 it does not, 2 it cannot be told."
)]
pub(super) struct ReplayArguments {
    /// A run's folder, or its name
    #[arg(value_name = "RUN")]
    pub(super) run: String,
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// The step's number, with those of the steps it lies within: `3.1`; without it, all that can be
    /// judged anew is listed
    #[arg(long, value_name = "PATH")]
    pub(super) step: Option<String>,
    /// Only cells with this in their key
    #[arg(long, value_name = "TEXT")]
    pub(super) cell: Option<String>,
    /// Ask whether this is true of the step's last picture, instead of what it looked for
    #[arg(long, value_name = "TEXT", requires = "step")]
    pub(super) verify: Option<String>,
    /// How alike an anchor has to be, of at most 1
    #[arg(long, value_name = "SCORE", requires = "step", value_parser = score)]
    pub(super) threshold: Option<f64>,
    /// Ask this model
    #[arg(long, value_name = "MODEL", requires = "step")]
    pub(super) model: Option<String>,
    /// All attempts at the cell, not only the last
    #[arg(long)]
    pub(super) all_attempts: bool,
}

/// Reads a score.
fn score(text: &str) -> Result<f64, String> {
    let score: Option<f64> = text.parse().ok();
    let score = score.filter(|score| *score > 0.0 && *score <= 1.0);
    score.ok_or_else(|| "a score is more than 0 and at most 1".into())
}

#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// List recorded steps with their verdicts
    List {
        #[command(flatten)]
        file: FileArgument,
        /// Only these
        #[arg(long, value_name = "SELECTOR")]
        target: Option<String>,
    },
    /// Show all that is recorded of one step
    Show {
        /// The step's key
        key: String,
        #[command(flatten)]
        file: FileArgument,
    },
    /// Forget steps, so that they are due again
    Rm {
        /// Step key, cell, glob or filter expression
        #[arg(value_name = "SELECTOR")]
        selector: String,
        #[command(flatten)]
        file: FileArgument,
    },
    /// Give a recorded step another key, for instance after a machine was renamed
    Mv {
        /// The key it has
        from: String,
        /// The key it gets
        to: String,
        #[command(flatten)]
        file: FileArgument,
    },
    /// Print the whole state as JSON
    Pull {
        #[command(flatten)]
        file: FileArgument,
    },
    /// Replace the state by JSON that `state pull` printed; `-` reads standard input
    Push {
        /// The JSON document
        document: PathBuf,
        #[command(flatten)]
        file: FileArgument,
        /// Replace a state that has moved on since the document was pulled
        #[arg(long)]
        force: bool,
    },
    /// List earlier runs
    Log {
        #[command(flatten)]
        file: FileArgument,
    },
    /// Keep the sound part of a damaged state, and set the damaged file aside
    Recover {
        #[command(flatten)]
        file: FileArgument,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum LockCommand {
    /// Show who holds the lock
    Info {
        #[command(flatten)]
        file: FileArgument,
        /// Write one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct ForceUnlockArguments {
    /// The lock's id, as `lock info` shows it
    pub(super) id: u64,
    #[command(flatten)]
    pub(super) file: FileArgument,
}

#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// The machine that has the layer
    pub(super) machine: String,
    /// The layer's name, `mosdat-` and 20 hexadecimal digits
    pub(super) layer: String,
    #[command(flatten)]
    pub(super) file: FileArgument,
}

#[derive(Debug, Args)]
pub(super) struct DestroyArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct GcArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// Keep blobs and run folders that are younger than this
    #[arg(long, value_name = "N", default_value_t = 14)]
    pub(super) keep_days: u64,
}

#[derive(Debug, Subcommand)]
pub(super) enum VlmCommand {
    /// Ask the model about a picture whose answers are known: in which numbers it tells places, and
    /// whether it tells yes from no
    Probe(VlmProbeArguments),
}

#[derive(Debug, Args)]
pub(super) struct VlmProbeArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// Write one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum VlmCacheCommand {
    /// Count answers, and how often they were of use
    Stats(VlmCacheArguments),
    /// Forget answers that are old
    Prune {
        #[command(flatten)]
        common: VlmCacheArguments,
        /// How old: `7d`, `48h`, `30m` or `3600s`
        #[arg(long, value_name = "AGE", value_parser = super::age::parse)]
        older_than: std::time::Duration,
    },
    /// Forget all answers
    Clear(VlmCacheArguments),
}

#[derive(Debug, Args)]
pub(super) struct VlmCacheArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// Write one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

//! What can be typed. Says nothing about what is done with it.

pub(super) mod functional;
pub(super) mod image;
mod machines;
mod plan;
mod results;
pub(super) mod routine;
pub(super) mod scenario;
mod state;
pub(super) mod trace;
pub(super) mod visual;
mod vlm;

pub(super) use machines::{
    DoctorArguments, DriftArguments, DumpArguments, DumpFormat, ListArguments,
};
pub(super) use plan::{
    ApplyArguments, GraphArguments, GraphFormat, PlanArguments, PlanFormat, SelectArguments,
    WhyArguments,
};
pub(super) use results::{
    FlakesArguments, ReplayArguments, ReportArguments, StatusArguments, VideoFormat,
};
pub(super) use state::{
    DestroyArguments, ForceUnlockArguments, GcArguments, ImportArguments, LockCommand, StateCommand,
};
pub(super) use vlm::{VlmCacheArguments, VlmCacheCommand, VlmCommand, VlmProbeArguments};

use functional::FunctionalArguments;
use image::ImageCommand;
use routine::RoutinesCommand;
use scenario::{AnchorsCommand, LintArguments, RecipesCommand, SchemaArguments};
use trace::TraceArguments;
use visual::VisualArguments;

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
    /// Press the keys of the app on a machine's desktop, and write down what they do
    Trace(TraceArguments),
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
    /// Look at routines, which scenarios use, and test them by themselves
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

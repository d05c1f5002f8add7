//! What `config` asks of scenarios: which there are, and what they consist of.

use super::{Diagnostic, Scenario, ScenarioName};

/// A folder of scenarios, and the smoke checks that mosdat brings along.
pub trait Scenarios {
    /// Returns every name there is, sorted. Reads no document.
    fn names(&self) -> Vec<ScenarioName>;

    /// Reads one scenario and all it uses, or returns every mistake in them.
    fn describe(&self, name: &ScenarioName) -> Result<Scenario, Vec<Diagnostic>>;
}

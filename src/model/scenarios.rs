//! What `config` asks of scenarios: which there are, and what they consist of.

use super::{Diagnostic, Platform, Scenario, ScenarioName};

/// A folder of scenarios, and the smoke checks that mosdat brings along.
pub trait Scenarios {
    /// Returns the name of every document there is, sorted. Reads no document.
    fn names(&self) -> Vec<ScenarioName>;

    /// Reads one document and all it uses on such machines, or returns every mistake in them.
    fn describe(
        &self,
        name: &ScenarioName,
        platform: Platform,
    ) -> Result<Scenario, Vec<Diagnostic>>;
}

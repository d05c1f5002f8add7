//! A program that could not even be started, told the way a shell does: 127 when it is not there,
//! 126 when it may not be executed. That is the program's failure, not the desktop's.

use crate::{
    driver::process::SpawnError,
    port::{Exit, Process, ProviderError},
};
use async_trait::async_trait;

/// A program that had ended before it began.
#[derive(Debug)]
pub(super) struct NeverStarted {
    exit: Exit,
    why: String,
}

impl NeverStarted {
    /// Tells the failures that are the program's own from those of the desktop.
    pub(super) fn of(error: &SpawnError) -> Option<Self> {
        let code = match error {
            SpawnError::Missing { .. } => 127,
            SpawnError::NotExecutable { .. } => 126,
            SpawnError::Nothing | SpawnError::Folder { .. } | SpawnError::Refused { .. } => {
                return None;
            }
        };
        Some(Self {
            exit: Exit::Code(code),
            why: error.to_string(),
        })
    }
}

#[async_trait]
impl Process for NeverStarted {
    async fn wait(&self) -> Result<Exit, ProviderError> {
        Ok(self.exit)
    }

    fn exit(&self) -> Option<Exit> {
        Some(self.exit)
    }

    fn pid(&self) -> Option<u32> {
        None
    }

    async fn family(&self) -> Result<Option<Vec<u32>>, ProviderError> {
        Ok(Some(Vec::new()))
    }

    fn output(&self) -> String {
        self.why.clone()
    }

    async fn end(&self) {}
}

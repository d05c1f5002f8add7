//! What a scenario is seen with besides the screen itself and the accessibility tree.

use crate::port::{Anchors, Readers, Vision};
use std::sync::Arc;

/// What a scenario is seen with besides the screen itself and the accessibility tree.
#[derive(Clone, Debug, Default)]
pub struct Eyes {
    /// Reads text in pictures.
    pub readers: Option<Arc<dyn Readers>>,
    /// Answers questions about pictures.
    pub vision: Option<Arc<dyn Vision>>,
    /// Remembers what targets look like.
    pub anchors: Option<Arc<dyn Anchors>>,
}

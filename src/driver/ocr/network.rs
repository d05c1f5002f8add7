//! A model, loaded and run. The crate `rten` stays in this file.

use super::raster::Planes;
use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::{NdTensorView, Tensor, prelude::*};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A model that takes a picture.
pub(super) struct Network {
    model: Model,
    options: RunOptions,
    runs: AtomicU64,
}

/// A model cannot be used, or was told to stop.
#[derive(Debug, thiserror::Error)]
pub(super) enum NetworkError {
    /// It is no model that rten knows.
    #[error("failed to load a model: {0}")]
    Load(String),
    /// It did not take its input, or gave something else than it should.
    #[error("failed to run a model: {0}")]
    Run(String),
    /// Nobody wants to know any more.
    #[error("reading was given up")]
    GivenUp,
}

impl Network {
    /// Loads a model from the bytes of its file.
    pub(super) fn load(bytes: Vec<u8>) -> Result<Self, NetworkError> {
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load(bytes)
            .map_err(|err| NetworkError::Load(err.to_string()))?;
        // A picture is read by one thread, so that several machines are read side by side, and so
        // that what is tested is not slowed down by who watches it.
        let pool = ThreadPool::with_num_threads(1);
        let options = RunOptions::default().with_thread_pool(Some(Arc::new(pool)));
        Ok(Self {
            model,
            options,
            runs: AtomicU64::new(0),
        })
    }

    /// Runs it on one picture. Returns what it says as rows of values of the last dimension's
    /// length, and that length.
    pub(super) fn run(&self, planes: &Planes) -> Result<(Vec<f32>, usize), NetworkError> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let shape = [1, 3, planes.height, planes.width];
        let input = NdTensorView::from_data(shape, planes.values.as_slice());
        let said = self.model.run_one(input.into(), Some(self.options.clone()));
        let said = said.map_err(|err| NetworkError::Run(err.to_string()))?;
        let said: Tensor<f32> = said
            .try_into()
            .map_err(|_| NetworkError::Run("it said something else than numbers".into()))?;
        let length = said.shape().last().copied().unwrap_or_default();
        Ok((said.to_vec(), length))
    }

    /// How often it was run.
    pub(super) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }
}

//! Scenarios as people write them.

mod documents;
mod folder;
mod mistakes;
mod mutated;
mod steps;

//! Answers: what each problem's cause is, scripts that find it, and the exercises' solutions.
//!
//! This crate is here so that the solutions under `examples/` are built and checked with
//! everything else. Nothing depends on it, and it is empty on purpose: see the folders beside it.
#![forbid(unsafe_code)]

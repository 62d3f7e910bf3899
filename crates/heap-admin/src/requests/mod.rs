//! What goes into *your* schema and tasks, so that allocations are known by operation and field.
//!
//! - [`Recorded`]: around the schema; counts requests, and has each executed under its operation's label
//! - [`FieldLabels`]: an extension that sets the field as well; opt-in, since any extension costs the engine's fast path
//! - [`spawn`], [`spawn_blocking`], [`carry`]: hand work on, and the label with it
//!
//! A label is where a thread stands while it works, so it is set at each poll and taken back after it. Without
//! [`FieldLabels`] the field is read from the stack's own resolver frames when a snapshot is read.

mod fields;
mod name;
mod recorded;
mod work;

pub use fields::FieldLabels;
pub use recorded::Recorded;
pub use work::{carry, spawn, spawn_blocking};

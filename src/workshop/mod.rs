//! The workshop: what a learner has found and fixed so far, the hints, and the answers that theirs are held against.
//!
//! # Layout
//! - [`Progress`]: the learner's file
//! - [`Answers`], [`Answer`], [`Judgement`]: whether an answer is right; [`fingerprint`] is how right ones are stored
//! - [`KINDS`]: the kinds of mistake
//! - [`hints`]: a problem's hints, from the workspace
//! - [`workspace_root`]: where the workspace is
//!
//! Whether a problem is *fixed* is for others to find out: they tell [`Progress::mark_fixed`].

mod answers;
pub mod hints;
mod kinds;
mod normal;
mod progress;
mod workspace;

pub use answers::{Answer, AnswerError, Answers, HASHES, Judgement, Part, fingerprint};
pub use kinds::{INNOCENT, KINDS, Kind, kind};
pub use progress::{Answered, Entry, Progress, ProgressError, can_be_kept, default_path, update};
pub use workspace::{WorkspaceError, workspace_root};

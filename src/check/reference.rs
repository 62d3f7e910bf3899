//! What changes are judged by, as it was shipped. It is read before a changed server is started, which could write over it.

use std::collections::BTreeMap;
use std::path::Path;

use problems::Problem;

use super::Error;
use super::answers::Answers;
use super::api::Api;

/// The API, and the answers of each problem.
pub(super) struct Reference {
    pub(super) api: Api,
    answers: BTreeMap<u8, Answers>,
}

impl Reference {
    /// That of a workspace.
    pub(super) fn read(root: &Path, board: &[Problem]) -> Result<Self, Error> {
        let answers = board
            .iter()
            .map(|problem| Ok((problem.number, Answers::read(root, problem)?)));
        Ok(Self {
            api: Api::read(root)?,
            answers: answers.collect::<Result<_, Error>>()?,
        })
    }

    /// The recorded answers of a problem on the board.
    pub(super) fn answers(&self, problem: &Problem) -> &Answers {
        &self.answers[&problem.number]
    }
}

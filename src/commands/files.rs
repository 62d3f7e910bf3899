//! Files that a user names.

use std::path::Path;

use anyhow::Context as _;

use crate::load::Operation;

/// What is in it, as text.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))
}

/// An operation's document, and the JSON of its variables where there is one.
pub(super) fn read_operation(document: &Path, variables: Option<&Path>) -> anyhow::Result<Operation> {
    let json = |path: &Path| {
        serde_json::from_str(&read(path)?).with_context(|| format!("`{}` is no JSON", path.display()))
    };
    Ok(Operation {
        document: read(document)?,
        variables: variables.map(json).transpose()?,
    })
}

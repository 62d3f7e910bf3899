//! A problem's hints, level by level, as its `hints.md` has them.
//!
//! They are read from the workspace when they are asked for, so that the program itself has none of them.

use std::path::{Path, PathBuf};

use problems::Problem;

/// Why there is no hint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HintError {
    /// The file cannot be read.
    #[error("`{}` cannot be read: {reason}\nhint: change to a workspace that has the spoilers", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: std::io::Error,
    },
    /// It has no levels, or not in order.
    #[error("`{}` should have its hints under `## 1`, `## 2` and so on, and has not", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// The folder of a problem's spoilers, in the workspace with that root.
pub fn folder(root: &Path, problem: &Problem) -> PathBuf {
    root.join("spoilers").join(problem.folder())
}

/// The texts of a problem's hints, the mildest first; at least one.
///
/// # Errors
/// Where the file is not there, or is not made as it should be.
pub fn read(root: &Path, problem: &Problem) -> Result<Vec<String>, HintError> {
    let path = folder(root, problem).join("hints.md");
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&text).ok_or(HintError::Malformed { path }),
        Err(reason) => Err(HintError::Unreadable { path, reason }),
    }
}

fn parse(text: &str) -> Option<Vec<String>> {
    let mut levels: Vec<Vec<&str>> = Vec::new();
    for line in text.lines() {
        if let Some(level) = line.strip_prefix("## ") {
            let next = levels.len() + 1;
            if level.trim().parse() != Ok(next) {
                return None;
            }
            levels.push(Vec::new());
        } else if let Some(level) = levels.last_mut() {
            level.push(line);
        }
    }
    let texts: Vec<_> = levels
        .iter()
        .map(|lines| lines.join("\n").trim().to_owned())
        .collect();
    let complete = !texts.is_empty() && texts.iter().all(|text| !text.is_empty());
    complete.then_some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_cut_apart_at_their_headings() {
        let text = "# Hints\n\n## 1\n\nLook there.\n\n## 2\nA\nB\n\n### more\n";
        let levels = ["Look there.".to_owned(), "A\nB\n\n### more".to_owned()];
        assert_eq!(parse(text).as_deref(), Some(&levels[..]));
    }

    #[test]
    fn levels_that_are_missing_empty_or_out_of_order_are_no_hints() {
        for text in [
            "",
            "# Hints\nnone",
            "## 2\nA",
            "## 1\nA\n## 3\nB",
            "## 1\n\n## 2\nB",
            "## one\nA",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

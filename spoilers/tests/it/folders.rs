//! The spoilers' folders, one a problem, as the tests read them.

use std::path::{Path, PathBuf};

use problems::Problem;

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file of a problem's spoilers.
pub(crate) fn spoiler(problem: &Problem, file: &str) -> String {
    let path = root().join("spoilers").join(problem.folder()).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// What `answer.toml` says is right.
pub(crate) struct Right {
    pub(crate) kinds: Vec<String>,
    pub(crate) types: Vec<String>,
    pub(crate) holders: Vec<String>,
}

impl Right {
    pub(crate) fn of(problem: &Problem) -> Self {
        let answer: toml::Table = spoiler(problem, "answer.toml").parse().unwrap();
        let list = |key: &str| -> Vec<String> {
            let list = answer.get(key).map(|list| list.as_array().unwrap().iter());
            let texts = list
                .into_iter()
                .flatten()
                .map(|text| text.as_str().unwrap().to_owned());
            texts.collect()
        };
        let mut holders = list("holders");
        // What a hunt's report says is right, whatever else is.
        holders.extend(
            answer
                .get("holder")
                .map(|holder| holder.as_str().unwrap().to_owned()),
        );
        Self {
            kinds: list("kinds"),
            types: list("types"),
            holders,
        }
    }

    pub(crate) fn is_innocent(&self) -> bool {
        self.kinds.iter().any(|kind| kind == leaklab::workshop::INNOCENT)
    }
}

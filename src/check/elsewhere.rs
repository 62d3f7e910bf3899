//! What was changed beside the problems' Rust files, as git tells it: their fix is nowhere else.

use std::path::Path;
use std::process::Command;

use super::{Error, Refusal};

/// Folders and files at the root that the server is built from.
const BUILT_FROM: [&str; 7] = [
    ".cargo/",
    "build.rs",
    "crates/",
    "problems/",
    "rust-toolchain",
    "rust-toolchain.toml",
    "src/",
];

/// Sees that nothing was, since the last commit. Where the workspace is no git repository, nobody can tell.
///
/// # Errors
/// [`Refusal`] where something was; where git does not tell.
pub(super) fn nothing_was_changed(root: &Path) -> Result<(), Error> {
    if !root.ancestors().any(|folder| folder.join(".git").exists()) {
        return Ok(());
    }
    let changed = git(
        root,
        &[
            "diff",
            "--name-only",
            "--no-renames",
            "--relative",
            "HEAD",
            "--",
            ".",
        ],
    )?;
    let added = git(root, &["ls-files", "--others", "--exclude-standard"])?;
    let added = added.lines().filter(|path| is_built_from(path));
    let mut others = changed.lines().chain(added).filter(|path| !is_of_a_problem(path));
    let Some(first) = others.next() else {
        return Ok(());
    };
    let all: Vec<&str> = [first].into_iter().chain(others).collect();
    Err(Refusal::new(
        format!("{first} was changed too, and a fix is in the folder of its problem alone"),
        format!(
            "take it back, or put it aside: git stash push --include-untracked {}",
            all.join(" ")
        ),
    )
    .into())
}

/// What git prints.
fn git(root: &Path, arguments: &[&str]) -> Result<String, Error> {
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(arguments);
    let output = git.output().map_err(|source| Error::Program {
        program: "git".to_owned(),
        source,
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Git(said.lines().next().unwrap_or_default().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn is_built_from(path: &str) -> bool {
    let path = path.trim_matches('"');
    BUILT_FROM.iter().any(|part| match part.strip_suffix('/') {
        Some(folder) => Path::new(path).starts_with(folder),
        None => path == *part,
    })
}

/// Whether it is a Rust file of a problem.
pub(super) fn is_of_a_problem(path: &str) -> bool {
    let path = path.trim_matches('"');
    let name = path.strip_prefix("problems/p").unwrap_or_default();
    name.starts_with(|first: char| first.is_ascii_digit()) && path.ends_with(".rs")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A repository with one commit of some files.
    fn repository() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for file in ["src/lib.rs", "problems/p00_hello/mod.rs", "notes.txt"] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
            fs::write(path, "").expect("it is written");
        }
        for arguments in [
            &["init", "--quiet"] as &[&str],
            &["add", "."],
            &[
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@b",
                "commit",
                "--quiet",
                "-m",
                "All",
            ],
        ] {
            git(root.path(), arguments).expect("git does it");
        }
        root
    }

    fn said(root: &Path) -> String {
        nothing_was_changed(root).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn the_rust_files_of_problems_may_be_changed_and_nothing_else_that_is_built() {
        let root = repository();
        let write = |file: &str| fs::write(root.path().join(file), "// A change.").expect("it is written");
        write("problems/p00_hello/mod.rs");
        write("problems/p00_hello/letters.rs");
        write("mine.txt");
        assert_eq!(said(root.path()), "");
        write("build.rs");
        assert!(said(root.path()).starts_with("build.rs was changed too"));
        fs::remove_file(root.path().join("build.rs")).expect("it is removed");
        write("src/lib.rs");
        assert!(said(root.path()).starts_with("src/lib.rs was changed too"));
    }

    #[test]
    fn a_repository_that_git_does_not_read_is_an_error_and_no_repository_is_none() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(said(root.path()), "");
        fs::write(root.path().join(".git"), "gitdir: /nowhere/at/all").expect("it is written");
        assert!(said(root.path()).starts_with("git does not tell what was changed: fatal: "));
    }
}

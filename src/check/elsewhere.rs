//! What was changed beside the problems' Rust files, as git tells it: their fix is nowhere else.

use std::path::Path;
use std::process::Command;

use super::{Error, Refusal};

/// Files at the root, and folders, of which cargo takes what is new without being told. (What is new in `problems/` is looked
/// at by hash.)
const TAKEN_FILES: [&str; 3] = ["build.rs", "rust-toolchain", "rust-toolchain.toml"];
const TAKEN_FOLDERS: [&str; 3] = [".cargo", "crates", "src"];
/// Of which a change may take part in the build. Examples, tests and guides at the root do not.
const BUILT_FILES: [&str; 2] = ["Cargo.lock", "Cargo.toml"];
const BUILT_FOLDERS: [&str; 6] = [".cargo", "crates", "problems", "schema", "src", "web"];
/// Of more files than that a hint names no more.
const NAMED: usize = 5;

/// Sees that nothing was, since the last commit; what was committed is not looked at. Where the workspace is in no git
/// repository, or in one that does not have its files, nobody can tell.
///
/// # Errors
/// [`Refusal`] where something was; where git does not tell.
pub(super) fn nothing_was_changed(root: &Path) -> Result<(), Error> {
    if !root.ancestors().any(|folder| folder.join(".git").exists()) {
        return Ok(());
    }
    if git(root, &["ls-files", "Cargo.toml"])?.is_empty() {
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
    let added = added.lines().filter(|path| is_taken(path));
    let changed = changed.lines().filter(|path| is_built(path));
    let mut others = changed.chain(added).filter(|path| !is_of_a_problem(path));
    let Some(first) = others.next() else {
        return Ok(());
    };
    let named: Vec<&str> = [first].into_iter().chain(others).take(NAMED).collect();
    Err(Refusal::new(
        format!("{first} was changed too, and a fix is in the folder of its problem alone"),
        format!(
            "take it back, or put it aside: git -C {} stash push --include-untracked -- {}",
            root.display(),
            named.join(" ")
        ),
    )
    .into())
}

/// What git prints.
fn git(root: &Path, arguments: &[&str]) -> Result<String, Error> {
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(arguments).env("LC_ALL", "C");
    // A hook has them, and means its own repository.
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
        git.env_remove(name);
    }
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

/// Whether a file that git knows may take part in the build.
fn is_built(path: &str) -> bool {
    let path = Path::new(path.trim_matches('"'));
    let is = |names: &[&str]| names.iter().any(|name| path == Path::new(name));
    let is_manifest = path.file_name().is_some_and(|name| name == "Cargo.toml");
    is(&TAKEN_FILES)
        || is(&BUILT_FILES)
        || is_manifest
        || BUILT_FOLDERS.iter().any(|folder| path.starts_with(folder))
}

/// Whether cargo takes a file that git does not know.
fn is_taken(path: &str) -> bool {
    let path = Path::new(path.trim_matches('"'));
    let is_source = path
        .extension()
        .is_some_and(|extension| extension == "rs" || extension == "toml");
    TAKEN_FILES.iter().any(|file| path == Path::new(file))
        || TAKEN_FOLDERS.iter().any(|folder| path.starts_with(folder)) && is_source
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
        for file in [
            "Cargo.toml",
            "src/lib.rs",
            "problems/p00_hello/mod.rs",
            "problems/lab.rs",
            "examples/graphql.rs",
            "README.md",
        ] {
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
                "-c",
                "commit.gpgsign=false",
                "-c",
                "core.hooksPath=/dev/null",
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
        write("problems/p00_hello/.mod.rs.swp");
        write("src/notes.txt");
        write("examples/graphql.rs");
        write("README.md");
        assert_eq!(said(root.path()), "");
        write("problems/lab.rs");
        assert!(said(root.path()).starts_with("problems/lab.rs was changed too"));
        fs::write(root.path().join("problems/lab.rs"), "").expect("it is written");
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

    #[test]
    fn a_repository_of_something_else_tells_nothing() {
        let root = repository();
        let inside = root.path().join("course/leaklab");
        fs::create_dir_all(inside.join("src")).expect("a folder");
        fs::write(inside.join("Cargo.toml"), "").expect("it is written");
        fs::write(inside.join("src/lib.rs"), "").expect("it is written");
        assert_eq!(said(&inside), "");
    }
}

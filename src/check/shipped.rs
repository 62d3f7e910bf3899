//! What may be changed, and what was.
//!
//! A fix is in the Rust files of its problem's folder. All else that takes part in the judgement (manifests, operations, recorded
//! answers, the API) is known by its hash from when the lab was built.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use problems::Problem;

use super::{Error, Refusal, elsewhere};
use crate::digest::sha256;

/// Hash and path of each file that the judgement needs, in the format of `sha256sum`.
const MANIFEST: &str = include_str!("../../problems/shipped.sha256");

/// Sees that the problem's own Rust files were changed, and nothing else that matters.
///
/// # Errors
/// [`Refusal`] where not.
pub(super) fn changed(root: &Path, problem: &Problem) -> Result<(), Error> {
    let folder = format!("problems/{}", problem.folder());
    let judging = |path: &str| {
        path == "schema/api.graphql"
            || path == format!("schema/operations/{}", problem.operation_file)
            || path.starts_with("problems/") && !elsewhere::is_of_a_problem(path)
    };
    for (hash, path) in entries().filter(|(_, path)| judging(path)) {
        if hash_of(&root.join(path)).as_deref() != Some(hash) {
            return Err(Refusal::new(
                format!("{path} was changed, and changes are judged by it as it was shipped"),
                format!("take it back with `git checkout -- {path}`; a fix is in the Rust files of {folder}"),
            )
            .into());
        }
    }
    // Cargo would run it, and it is none of the shop's.
    if root.join("problems/build.rs").exists() {
        return Err(Refusal::new(
            "problems/build.rs was added, and the shop has none",
            format!("remove it; a fix is in the Rust files of {folder}"),
        )
        .into());
    }
    let known: Vec<_> = entries()
        .filter(|(_, path)| path.starts_with(&format!("{folder}/")))
        .collect();
    let files = files_below(&root.join(&folder)).map_err(Error::file("read", root.join(&folder)))?;
    // What an editor has left there is no change.
    let is_known = |file: &&PathBuf| {
        file.extension().is_some_and(|extension| extension == "rs")
            || known.iter().any(|(_, path)| root.join(path) == **file)
    };
    let files: Vec<&PathBuf> = files.iter().filter(is_known).collect();
    if files.len() == known.len() && files.iter().all(|file| is_shipped(root, file)) {
        return Err(Refusal::new(
            format!("{folder} is as it was shipped: nothing to judge yet"),
            format!(
                "change its Rust files, then run `leaklab check {}` again: it builds them anew",
                problem.id
            ),
        )
        .into());
    }
    elsewhere::nothing_was_changed(root)
}

/// A Rust file of a problem that is newer than this program, which may not have what it says.
pub(crate) fn newer_than_program(root: &Path, problem: &Problem) -> Option<PathBuf> {
    let changed_at = |file: &Path| file.metadata().and_then(|data| data.modified()).ok();
    let built_at = changed_at(&std::env::current_exe().ok()?)?;
    let files = files_below(&root.join("problems").join(problem.folder())).ok()?;
    files.into_iter().find(|file| {
        file.extension().is_some_and(|extension| extension == "rs")
            && changed_at(file).is_some_and(|changed_at| changed_at > built_at)
    })
}

fn is_shipped(root: &Path, file: &Path) -> bool {
    let mut known = entries().filter(|(_, path)| root.join(path) == file);
    known.any(|(hash, _)| hash_of(file).as_deref() == Some(hash))
}

fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    MANIFEST.lines().filter_map(|line| line.split_once("  "))
}

/// The manifest of the files in a workspace: what `problems/shipped.sha256` should be.
///
/// # Errors
/// Where one cannot be read.
pub fn manifest_of(root: &Path) -> std::io::Result<String> {
    let mut files = files_below(&root.join("schema/operations"))?;
    files.push(root.join("schema/api.graphql"));
    let of_the_shop = files_below(&root.join("problems"))?;
    files.extend(of_the_shop.into_iter().filter(|file| takes_part(root, file)));
    files.sort();
    let mut manifest = String::new();
    for file in files {
        let hash = hash_of(&file).unwrap_or_default();
        let path = file.strip_prefix(root).unwrap_or(&file).display();
        let _ = writeln!(manifest, "{hash}  {path}");
    }
    Ok(manifest)
}

/// All but the tests, and what is made of the others.
fn takes_part(root: &Path, file: &Path) -> bool {
    let problems = root.join("problems");
    let without = ["tests", "shipped.sha256", "answers.toml"];
    !without.iter().any(|part| file.starts_with(problems.join(part)))
}

/// All files in a folder and those below it.
fn files_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

fn hash_of(file: &Path) -> Option<String> {
    Some(sha256(&std::fs::read(file).ok()?))
}

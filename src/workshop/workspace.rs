//! Where the workspace is: the sources that a learner edits, and the hints.

use std::path::{Path, PathBuf};

/// What is in the workspace's root, and in no other folder.
const MARKS: [&str; 3] = ["Cargo.toml", "problems/answers.toml", "spoilers/Cargo.toml"];

/// Where this program was built.
const BUILT_AT: &str = env!("CARGO_MANIFEST_DIR");

/// The workspace is not here.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{}` is not in leaklab's workspace, and the one that this program was built in is gone\nhint: change to the folder that you cloned leaklab to",
    from.display()
)]
pub struct WorkspaceError {
    from: PathBuf,
}

/// The root of the workspace that the current folder is in; else of the one that this program was built in.
///
/// # Errors
/// Where neither is there.
pub fn workspace_root() -> Result<PathBuf, WorkspaceError> {
    let from = std::env::current_dir().unwrap_or_default();
    root_above(&from)
        .or_else(|| root_above(Path::new(BUILT_AT)))
        .ok_or(WorkspaceError { from })
}

fn root_above(folder: &Path) -> Option<PathBuf> {
    let is_root = |folder: &&Path| MARKS.iter().all(|mark| folder.join(mark).is_file());
    folder.ancestors().find(is_root).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_from_any_folder_below_it() {
        let root = Path::new(BUILT_AT);
        assert_eq!(root_above(root).as_deref(), Some(root));
        assert_eq!(root_above(&root.join("problems/shop")).as_deref(), Some(root));
        let elsewhere = tempfile::tempdir().expect("a folder");
        assert_eq!(root_above(elsewhere.path()), None);
    }
}

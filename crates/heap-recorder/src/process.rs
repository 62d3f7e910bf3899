//! What the system says about the process: resident set, cgroup, machine. Linux's `/proc` alone.

use crate::Error;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The process's resident set in bytes.
///
/// From `status`, which copies a counter. `smaps_rollup` would walk the page tables of the whole
/// process under its memory lock: exact, and too dear for a figure that is read each second. The
/// counter may lag by some pages for each core. (`statm` has it too, in pages of a size to be asked for.)
pub(crate) fn rss() -> Result<u64, Error> {
    kilobytes("/proc/self/status", "VmRSS:", "a VmRSS line in kB")
}

/// The size of the system's pages.
pub(crate) fn page_size() -> usize {
    // SAFETY: it asks for a number.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size)
        .ok()
        .filter(|size| size.is_power_of_two())
        .unwrap_or(4096)
}

/// The machine's memory in bytes.
pub(crate) fn machine_total() -> Result<u64, Error> {
    static TOTAL: OnceLock<u64> = OnceLock::new();
    if let Some(total) = TOTAL.get() {
        return Ok(*total);
    }
    let total = kilobytes("/proc/meminfo", "MemTotal:", "a MemTotal line in kB")?;
    Ok(*TOTAL.get_or_init(|| total))
}

/// The bytes that a line of a `/proc` file gives in kB.
fn kilobytes(path: &str, key: &str, expected: &'static str) -> Result<u64, Error> {
    let path = Path::new(path);
    let text = fs::read_to_string(path).map_err(|source| Error::Process {
        path: path.to_owned(),
        source,
    })?;
    let value = text.lines().find_map(|line| line.strip_prefix(key));
    let value = value.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let found = || text.chars().take(60).collect();
    value
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| Error::Unreadable {
            path: path.to_owned(),
            expected,
            found: found(),
        })
}

/// What the process's cgroup is charged with, and the smallest limit over it. Both are missing
/// where there is no memory cgroup, which is no failure.
pub(crate) fn cgroup() -> (Option<u64>, Option<u64>) {
    static FOUND: OnceLock<Option<Cgroup>> = OnceLock::new();
    // Looked up once: a process is hardly ever moved, and its limits stay in the same files.
    let found = FOUND.get_or_init(|| {
        let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
        Cgroup::find(&membership, Path::new("/sys/fs/cgroup"))
    });
    found
        .as_ref()
        .map_or((None, None), |cgroup| (cgroup.current(), cgroup.limit()))
}

/// The files of one memory cgroup.
struct Cgroup {
    current: PathBuf,
    limits: Vec<PathBuf>,
}

/// From here on version 1 means "no limit": it writes the largest multiple of a page below 2^63.
const NO_LIMIT: u64 = 1 << 62;

impl Cgroup {
    /// Looks for the version 2 files, then for those of version 1. In a container the path of
    /// `/proc/self/cgroup` may be the host's, with the container's own cgroup mounted at the root:
    /// so where the path does not exist, the root is taken.
    fn find(membership: &str, root: &Path) -> Option<Self> {
        let paths = |matches: fn(&str) -> bool| {
            let mut lines = membership
                .lines()
                .filter_map(|line| line.split_once(':')?.1.split_once(':'));
            lines
                .find(|(controllers, _)| matches(controllers))
                .map(|(_, path)| path)
        };
        let second = paths(|controllers| controllers.is_empty())
            .and_then(|path| Self::at(root, path, "memory.current", "memory.max"));
        second.or_else(|| {
            let path = paths(|controllers| controllers.split(',').any(|name| name == "memory"))?;
            Self::at(
                &root.join("memory"),
                path,
                "memory.usage_in_bytes",
                "memory.limit_in_bytes",
            )
        })
    }

    fn at(root: &Path, path: &str, current: &str, limit: &str) -> Option<Self> {
        let own = root.join(path.trim_start_matches('/'));
        let own = if own.join(current).is_file() {
            own
        } else {
            root.to_owned()
        };
        let levels = own.ancestors().take_while(|level| level.starts_with(root));
        let limits = levels
            .map(|level| level.join(limit))
            .filter(|file| file.is_file())
            .collect();
        let current = own.join(current);
        current.is_file().then_some(Self { current, limits })
    }

    fn current(&self) -> Option<u64> {
        number(&self.current)
    }

    /// A cgroup is bound by those above it too.
    fn limit(&self) -> Option<u64> {
        self.limits
            .iter()
            .filter_map(|file| number(file))
            .filter(|limit| *limit < NO_LIMIT)
            .min()
    }
}

/// The number in a file; version 2 writes `max` for none.
fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Cgroup;
    use std::fs;

    /// What is found for `membership` in a folder with these files.
    fn found(membership: &str, files: &[(&str, &str)]) -> Option<(Option<u64>, Option<u64>)> {
        let root = tempfile::tempdir().expect("a folder for temporary files");
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        Cgroup::find(membership, root.path()).map(|cgroup| (cgroup.current(), cgroup.limit()))
    }

    #[test]
    fn the_smallest_limit_above_a_cgroup_binds_it() {
        let files = [
            ("a/b/memory.current", "700\n"),
            ("a/b/memory.max", "max\n"),
            ("a/memory.max", "5000\n"),
            ("a/memory.current", "900\n"),
        ];
        assert_eq!(found("0::/a/b\n", &files), Some((Some(700), Some(5000))));
    }

    #[test]
    fn version_1_is_read_where_version_2_has_no_memory_files() {
        let files = [
            ("memory/x/memory.usage_in_bytes", "8\n"),
            ("memory/x/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(found("4:cpu,memory:/x\n0::/\n", &files), Some((Some(8), None)));
    }

    #[test]
    fn a_container_finds_its_own_cgroup_at_the_root() {
        let files = [("memory.current", "3\n"), ("memory.max", "4\n")];
        assert_eq!(found("0::/kubepods/pod1\n", &files), Some((Some(3), Some(4))));
        assert_eq!(found("0::/\n", &[]), None);
    }
}

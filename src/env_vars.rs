//! Every environment variable that leaklab reads, in one place. Each is the twin of a flag;
//! the flag wins.

/// Address of the public door: twin of `serve --addr`.
pub const ADDR: &str = "LEAKLAB_ADDR";
/// Address of the admin door: twin of `serve --admin-addr`.
pub const ADMIN_ADDR: &str = "LEAKLAB_ADMIN_ADDR";
/// Bearer token of the admin door: twin of `--admin-token`, of `serve` and `hunt`.
pub const ADMIN_TOKEN: &str = "LEAKLAB_ADMIN_TOKEN";
/// File of the bookshop's database: twin of `serve --database`.
pub const DATABASE: &str = "LEAKLAB_DATABASE";
/// Live heap past which problems refuse to grow: twin of `serve --memory-limit`.
pub const MEMORY_LIMIT: &str = "LEAKLAB_MEMORY_LIMIT";
/// Whether to draw the memory bar: twin of `serve --memory-bar`.
pub const MEMORY_BAR: &str = "LEAKLAB_MEMORY_BAR";
/// Mean number of bytes between samples: twin of `serve --sample-interval`.
pub const SAMPLE_INTERVAL: &str = "LEAKLAB_SAMPLE_INTERVAL";
/// Whether fields label what they allocate: twin of `serve --field-labels`.
pub const FIELD_LABELS: &str = "LEAKLAB_FIELD_LABELS";
/// Folder of the snapshots: twin of `--snapshots`, of `serve`, `compare` and `flame`.
pub const SNAPSHOTS: &str = "LEAKLAB_SNAPSHOTS";
/// Most snapshots that are kept: twin of `serve --snapshot-count`.
pub const SNAPSHOT_COUNT: &str = "LEAKLAB_SNAPSHOT_COUNT";
/// Most bytes that snapshots may take: twin of `serve --snapshot-bytes`.
pub const SNAPSHOT_BYTES: &str = "LEAKLAB_SNAPSHOT_BYTES";
/// Base address of the server under load: twin of `load --target`.
pub const TARGET: &str = "LEAKLAB_TARGET";
/// Of how many leaking sites it is asked who holds them: twin of `hunt --holders`.
pub const HOLDERS: &str = "LEAKLAB_HOLDERS";
/// Filter of the log on stderr, in the syntax of `tracing_subscriber`'s `EnvFilter`: twin of `--log`.
pub const LOG: &str = "LEAKLAB_LOG";
/// File in which a learner's progress is kept: twin of `--progress`, of `list`, `hint`, `answer` and `check`.
pub const PROGRESS: &str = "LEAKLAB_PROGRESS";

//! What can go wrong with the shop's database.

use std::{path::PathBuf, sync::Arc};

/// What went wrong, with the value that it went wrong on.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ShopError {
    /// The file could not be opened or made.
    #[error("cannot open the database {}: {reason}", path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: Arc<rusqlite::Error>,
    },
    /// The file is something else.
    #[error("{} is not a database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database, though not a bookshop's.
    #[error("{} is a database of something else; nothing in it was changed", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is a bookshop's of another version.
    #[error(
        "{} is a bookshop of version {found}, expected {expected}; nothing in it was changed",
        path.display()
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version that this program reads.
        expected: i64,
    },
    /// The new database could not be filled.
    #[error("cannot fill the new database: {0}")]
    CannotFill(Arc<rusqlite::Error>),
    /// The database's thread could not be started.
    #[error("cannot start the database's thread: {0}")]
    NoThread(Arc<std::io::Error>),
    /// A job on the database failed.
    #[error("a database job failed: {0}")]
    Job(Arc<rusqlite::Error>),
    /// A job on the database panicked; others go on.
    #[error("a database job panicked")]
    JobPanicked,
    /// The database's thread has ended.
    #[error("the database's thread has ended")]
    Stopped,
}

impl ShopError {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::CannotOpen { .. } => {
                Some("check that the folder exists and can be written to, or give another path")
            }
            Self::NotADatabase { .. } | Self::Foreign { .. } | Self::OtherVersion { .. } => {
                Some("give another path, and a new database is made there")
            }
            Self::CannotFill(_) => {
                Some("check that the disk has 20 MB to spare, or keep the database in memory")
            }
            _ => None,
        }
    }
}

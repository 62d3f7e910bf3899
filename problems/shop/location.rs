//! Where the shop's database is, and whether what is there may be used.
//!
//! A file is filled only if it holds nothing at all; whatever else is in it stays as it is.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{ShopError, seed};

/// Marks the file as a bookshop's, in the header field that SQLite keeps for this ("BkSh").
const APPLICATION_ID: i64 = 0x426b_5368;
/// Changes whenever the tables or the data do.
const SCHEMA_VERSION: i64 = 1;
/// Statements kept ready: the fields' own, and the loaders' for each size of batch.
const STATEMENTS_KEPT: usize = 64;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In memory: nothing on disk, and gone with the process.
    Memory,
    /// In that file, which is made if it is not there.
    File(PathBuf),
}

impl Location {
    pub(super) fn connect(&self) -> Result<Connection, ShopError> {
        let connection = match self {
            Self::Memory => in_memory()?,
            Self::File(path) => in_file(path)?,
        };
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Ok(connection)
    }
}

fn in_memory() -> Result<Connection, ShopError> {
    let mut connection = Connection::open_in_memory().map_err(cannot_fill)?;
    fill(&mut connection).map_err(cannot_fill)?;
    Ok(connection)
}

fn in_file(path: &Path) -> Result<Connection, ShopError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // SQLite takes some names for something else than a file (":memory:", ""): a path with a folder is a path.
    let anchored = Path::new(".").join(path);
    let mut connection =
        Connection::open_with_flags(anchored, flags).map_err(|error| unusable(path, error))?;
    if look(&connection).map_err(|error| unusable(path, error))?.is_new() {
        fill(&mut connection).map_err(cannot_fill)?;
    }
    // Another process may have filled it meanwhile; what counts is what is there now.
    look(&connection)
        .map_err(|error| unusable(path, error))?
        .accept(path)?;
    Ok(connection)
}

/// What a file says about itself.
struct Header {
    application: i64,
    version: i64,
    tables: i64,
}

impl Header {
    fn is_new(&self) -> bool {
        self.application == 0 && self.version == 0 && self.tables == 0
    }

    fn accept(&self, path: &Path) -> Result<(), ShopError> {
        let path = path.to_owned();
        match (self.application, self.version) {
            (APPLICATION_ID, SCHEMA_VERSION) => Ok(()),
            (APPLICATION_ID, found) => Err(ShopError::OtherVersion {
                path,
                found,
                expected: SCHEMA_VERSION,
            }),
            _ => Err(ShopError::Foreign { path }),
        }
    }
}

fn look(connection: &Connection) -> rusqlite::Result<Header> {
    let figure = |sql| connection.query_row(sql, [], |row| row.get(0));
    Ok(Header {
        application: figure("PRAGMA application_id")?,
        version: figure("PRAGMA user_version")?,
        tables: figure("SELECT count(*) FROM sqlite_schema")?,
    })
}

/// Fills an empty database: all of it, or nothing. The marks are part of the transaction, so that a start
/// that was cut short leaves an empty file behind, which the next one fills.
fn fill(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if look(&transaction)?.is_new() {
        seed::fill(&transaction)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    transaction.commit()
}

fn unusable(path: &Path, error: rusqlite::Error) -> ShopError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => ShopError::NotADatabase { path },
        _ => ShopError::CannotOpen {
            path,
            reason: Arc::new(error),
        },
    }
}

fn cannot_fill(error: rusqlite::Error) -> ShopError {
    ShopError::CannotFill(Arc::new(error))
}

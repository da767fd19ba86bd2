//! The store: one SQLite table with a compare-and-swap.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use symbolon::record::Key;
use symbolon::step::{Committed, Row, Unavailable, Write};
use symbolon::terms::Time;

/// How long a statement waits for another process to let go of the file.
const BUSY: Duration = Duration::from_secs(2);
/// Expired rows dropped in one sweep: a bound on how long requests wait behind it.
const SWEEP: u32 = 256;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS rows (
        key        BLOB    NOT NULL PRIMARY KEY,
        version    INTEGER NOT NULL,
        value      BLOB    NOT NULL,
        expires_at INTEGER NOT NULL,
        kind       TEXT    NOT NULL,
        client_id  TEXT,
        subject    TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS rows_by_expiry ON rows (expires_at);
";
const LOAD: &str = "SELECT version, value FROM rows WHERE key = ?1";
const INSERT: &str = "INSERT INTO rows (key, version, value, expires_at, kind, client_id, subject)
    VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (key) DO NOTHING";
const UPDATE: &str = "UPDATE rows
    SET version = version + 1, value = ?2, expires_at = ?3, kind = ?4, client_id = ?5, subject = ?6
    WHERE key = ?1 AND version = ?7";
const DELETE: &str = "DELETE FROM rows WHERE key = ?1 AND version = ?2";
const SWEEP_EXPIRED: &str = "DELETE FROM rows WHERE key IN
    (SELECT key FROM rows WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

/// A row that was read.
pub struct Stored {
    version: u64,
    value: Vec<u8>,
}

impl Stored {
    /// The row as a flow takes it.
    pub fn row(&self) -> Row<'_> {
        Row { version: self.version, value: &self.value }
    }
}

/// The rows, in a file. Clones share one connection.
#[derive(Clone)]
pub struct Store {
    connection: Arc<Mutex<Option<Connection>>>,
    path: PathBuf,
}

/// A write with its bytes copied, so that it can go to another thread.
struct OwnedWrite {
    key: Key,
    expected: Option<i64>,
    value: Option<Vec<u8>>,
    expires_at: i64,
    kind: &'static str,
    client_id: Option<String>,
    subject: Option<String>,
}

impl Store {
    /// Opens the file, and creates it and the table if they are not there.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        // In WAL mode it takes FULL for a commit to survive the loss of power.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Arc::new(Mutex::new(Some(connection))), path: path.to_owned() })
    }

    /// Where the rows are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a row.
    pub async fn load(&self, key: Key) -> Result<Option<Stored>, Unavailable> {
        self.on(move |connection| {
            connection
                .prepare_cached(LOAD)?
                .query_row([key.0.as_slice()], |row| {
                    Ok(Stored { version: row.get::<_, i64>(0)?.unsigned_abs(), value: row.get(1)? })
                })
                .optional()
        })
        .await
    }

    /// Writes a row if it is as expected. One statement, so nothing is ever half-written.
    pub async fn commit(&self, write: &Write<'_>) -> Result<Committed, Unavailable> {
        let write = OwnedWrite {
            key: write.key,
            expected: write.expected.map(integer),
            value: write.value.map(<[u8]>::to_vec),
            expires_at: integer(write.expires_at.0),
            kind: write.labels.kind.as_str(),
            client_id: write.labels.client_id.map(str::to_owned),
            subject: write.labels.subject.map(str::to_owned),
        };
        let changed = self.on(move |connection| write.execute(connection)).await?;
        Ok(if changed == 1 { Committed::Yes } else { Committed::Conflict })
    }

    /// Drops some of the rows that have expired; returns how many.
    pub async fn sweep(&self, now: Time) -> Result<usize, Unavailable> {
        self.on(move |connection| connection.prepare_cached(SWEEP_EXPIRED)?.execute(params![integer(now.0), SWEEP]))
            .await
    }

    /// Caps the file at `pages` more pages than it has. What does not fit is answered as on a full disk.
    pub async fn allow_pages(&self, pages: u32) -> Result<(), Unavailable> {
        self.on(move |connection| {
            let held: u32 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            connection.pragma_update(None, "max_page_count", held.saturating_add(pages))
        })
        .await
    }

    /// Closes the file, and folds the write-ahead log into it. What is asked afterwards is unavailable.
    pub fn close(&self) -> rusqlite::Result<()> {
        let taken = self.connection.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.map_or(Ok(()), |connection| connection.close().map_err(|(_, error)| error))
    }

    async fn on<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let shared = Arc::clone(&self.connection);
        let asked = tokio::task::spawn_blocking(move || {
            let held = shared.lock().unwrap_or_else(PoisonError::into_inner);
            held.as_ref().map(ask)
        });
        match asked.await {
            Ok(Some(Ok(answer))) => Ok(answer),
            Ok(Some(Err(error))) => {
                tracing::error!(%error, "the store does not answer");
                Err(Unavailable)
            }
            Ok(None) | Err(_) => Err(Unavailable),
        }
    }
}

impl OwnedWrite {
    fn execute(&self, connection: &Connection) -> rusqlite::Result<usize> {
        let key = self.key.0.as_slice();
        let Self { value, expires_at, kind, client_id, subject, .. } = self;
        match (self.expected, value) {
            (None, Some(value)) => {
                connection.prepare_cached(INSERT)?.execute(params![key, value, expires_at, kind, client_id, subject])
            }
            (Some(version), Some(value)) => connection
                .prepare_cached(UPDATE)?
                .execute(params![key, value, expires_at, kind, client_id, subject, version]),
            (Some(version), None) => connection.prepare_cached(DELETE)?.execute(params![key, version]),
            // To delete what is not there: done if it is not there.
            (None, None) => Ok(usize::from(!connection.prepare_cached(LOAD)?.exists([key])?)),
        }
    }
}

/// SQLite's integers are signed. No version and no time that anybody lives to see is beyond them.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

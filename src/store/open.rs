//! Opening: for writing, for reading, in memory for the simulation.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, FileControl, OpenFlags, OptionalExtension as _, TransactionBehavior};

use crate::os;
use crate::os::lock::RunnerLock;

use super::file::{self, Standing};
use super::schema::{APPLICATION_ID, MIGRATIONS, TABLES};
use super::{Store, StoreError};

/// How long a command waits for somebody else's write lock.
const BUSY: Duration = Duration::from_secs(10);

/// Between two tries to get the file alone.
const PAUSE: Duration = Duration::from_millis(5);

/// The runner keeps the file open, and copies off its busy moments.
pub(super) const RUNNER_CHECKPOINT_PAGES: i64 = 2_000;

/// SQLite before 3.51.3 could corrupt a WAL file that is reset while another connection
/// checkpoints; the bundled one is newer, a linked one might not be.
const OLDEST_SQLITE: i32 = 3_051_003;

impl Store {
    /// Opens the database for writing and makes it when it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        file::prepare_directory(path)?;
        let standing = file::standing(path)?;
        if standing == Standing::Absent {
            create(path)?;
        }
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let store = Self {
            conn,
            path: path.to_owned(),
            writable: true,
        };
        store.settle().map_err(|error| error.at(path))?;
        Ok(store)
    }

    /// Whether there is a file to open, and one that may be trusted.
    pub(crate) fn is_there(path: &Path) -> Result<bool, StoreError> {
        Ok(file::standing(path)? == Standing::File)
    }

    /// Opens the database for reading: takes no lock that a writer would feel, makes
    /// nothing. `None` when there is no database yet.
    pub(crate) fn open_read(path: &Path) -> Result<Option<Self>, StoreError> {
        match file::standing(path)? {
            Standing::Absent | Standing::Empty => return Ok(None),
            Standing::File => {}
        }
        file::check_directories(path.parent().unwrap_or(Path::new("/")))?;
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let store = Self {
            conn,
            path: path.to_owned(),
            writable: false,
        };
        match store.look() {
            Ok(Version::Empty) => Ok(None),
            // An older file can be read as it is, and is brought up to date by the next command that writes.
            Ok(Version::Current | Version::Older(_)) => Ok(Some(store)),
            // Its maker died in the very making: only a writer may take back what was half done.
            Err(StoreError::ReadOnly(_)) if file::has_journal(path) => Self::open(path).map(Some),
            Err(error) => Err(error.at(path)),
        }
    }

    /// For a connection that stays: no commit copies the log on its way, see [`Self::copy_long_log`].
    pub(crate) fn settle_down(&self) -> Result<(), StoreError> {
        self.conn.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(())
    }

    /// Copies a log into the file once it is long, so that the next one to write begins it anew. That takes 30 ms and
    /// more, and has its time between two commits: inside of one, all that waits for its answer would wait for this.
    pub(crate) fn copy_long_log(&self) -> Result<(), StoreError> {
        let checkpoint = |mode: &str| -> Result<(i64, i64), StoreError> {
            let text = ["PRAGMA wal_checkpoint(", mode, ")"].concat();
            let mut statement = self.conn.prepare_cached(&text)?;
            Ok(statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?)
        };
        let (pages, copied) = checkpoint("NOOP")?;
        if pages >= RUNNER_CHECKPOINT_PAGES && copied < pages {
            checkpoint("PASSIVE")?;
        }
        Ok(())
    }

    /// A database that leaves no trace: for trying out, and for tests.
    pub(crate) fn in_memory() -> Self {
        let conn = Connection::open_in_memory().expect("memory is there");
        for migration in MIGRATIONS {
            conn.execute_batch(migration).expect("the schema is valid");
        }
        conn.pragma_update(None, "foreign_keys", true)
            .expect("it is known");
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .expect("it is known");
        conn.set_prepared_statement_cache_capacity(256);
        Self {
            conn,
            path: "/nowhere/punctual.db".into(),
            writable: false,
        }
    }

    /// Makes the file current and the connection durable.
    fn settle(&self) -> Result<(), StoreError> {
        let version = self.look()?;
        self.use_wal()?;
        match version {
            Version::Current => {}
            Version::Empty => {
                self.migrate(0)?;
                self.sync_directory()?;
            }
            Version::Older(_) => self.upgrade()?,
        }
        // Kept after the last close, so that a reader needs neither space nor a new file.
        let mut keep = 1;
        self.conn
            .file_control(Some(rusqlite::MAIN_DB), FileControl::PersistWal(&mut keep))?;
        self.conn.pragma_update(None, "synchronous", "FULL")?;
        Ok(())
    }

    /// The mode is a property of the file, so this changes something only once. It needs
    /// the file for itself for a moment, and SQLite does not wait for that by itself.
    fn use_wal(&self) -> Result<(), StoreError> {
        let ask = |pragma: &str| -> Result<String, StoreError> {
            Ok(self.conn.query_row(pragma, [], |row| row.get(0))?)
        };
        if ask("PRAGMA journal_mode")? == "wal" {
            return Ok(());
        }
        let mut waited = Duration::ZERO;
        loop {
            match ask("PRAGMA journal_mode = WAL") {
                Ok(mode) if mode == "wal" => return Ok(()),
                Ok(_) | Err(StoreError::Busy) if waited < BUSY => {
                    waited += PAUSE;
                    std::thread::sleep(PAUSE);
                }
                Ok(mode) => {
                    return Err(StoreError::Device(format!(
                        "its journal mode stays {mode}; WAL needs a local file system"
                    )));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The names of the database and its log survive a power loss from here on.
    fn sync_directory(&self) -> Result<(), StoreError> {
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        std::fs::File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|source| StoreError::Io {
                path: directory.to_owned(),
                source,
            })
    }

    fn look(&self) -> Result<Version, StoreError> {
        // One snapshot for all questions: somebody may be making the file at this very moment, and
        // half of the answers from before that would be those of a stranger's file.
        let _snapshot = self.conn.unchecked_transaction()?;
        let number = |pragma: &str| -> Result<i64, StoreError> {
            Ok(self.conn.query_row(pragma, [], |row| row.get(0))?)
        };
        let application = number("PRAGMA application_id")?;
        let found = number("PRAGMA user_version")?;
        let known = MIGRATIONS.len() as i64;
        if application == 0 && found == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0 {
            return Ok(Version::Empty);
        }
        if application != i64::from(APPLICATION_ID) {
            return Err(StoreError::Foreign {
                path: self.path.clone(),
            });
        }
        if found > known {
            return Err(StoreError::Newer {
                path: self.path.clone(),
                found,
                known,
            });
        }
        // No migration so far has changed the tables.
        self.compare_schema()?;
        if found < known {
            return Ok(Version::Older(found as usize));
        }
        Ok(Version::Current)
    }

    /// A trigger or a view in the file would be code of somebody else in our transactions.
    fn compare_schema(&self) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare(
            "SELECT type, name
             FROM sqlite_schema
             WHERE type <> 'index' AND name NOT LIKE 'sqlite%'",
        )?;
        let ours = statement
            .query_map([], |row| {
                let [kind, name] = [row.get_ref(0)?, row.get_ref(1)?];
                Ok(kind.as_str()? == "table" && TABLES.contains(&name.as_str()?))
            })?
            .collect::<Result<Vec<bool>, _>>()?;
        if ours.len() == TABLES.len() && !ours.contains(&false) {
            Ok(())
        } else {
            Err(StoreError::Damaged {
                path: self.path.clone(),
                detail: "its schema is not the one punctual made".to_owned(),
            })
        }
    }

    /// An older file becomes a current one, while no runner works on it, and behind a copy of what it was.
    fn upgrade(&self) -> Result<(), StoreError> {
        let lock = file::lock_path(&self.path);
        let mut waited = Duration::ZERO;
        // Held until it is done, so that no older runner begins meanwhile.
        let _alone = loop {
            let asked = RunnerLock::acquire(&lock).map_err(|source| StoreError::Io {
                path: lock.clone(),
                source,
            })?;
            match asked {
                Ok(lock) => break lock,
                Err(held) if waited >= BUSY || self.is_runner(held.pid)? => {
                    return Err(StoreError::OlderRunner {
                        path: self.path.clone(),
                        pid: held.pid,
                    });
                }
                // Somebody else upgrades it.
                Err(_) => std::thread::sleep(PAUSE),
            }
            waited += PAUSE;
        };
        let Version::Older(seen) = self.look()? else {
            return Ok(());
        };
        self.keep_copy(seen)?;
        self.migrate(seen)
    }

    /// Whether the process that has the lock has it as a runner. One of another pid namespace is one.
    fn is_runner(&self, pid: Option<i32>) -> Result<bool, StoreError> {
        let runner: Option<i32> = self
            .conn
            .query_row("SELECT pid FROM runner WHERE alive = 1", [], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(pid.is_none() || pid == runner)
    }

    /// The file as it was, beside it. A copy that was cut short has another name, and is made anew.
    fn keep_copy(&self, version: usize) -> Result<(), StoreError> {
        let [copy, half] = file::copy_paths(&self.path, version);
        let io = |source| StoreError::Io {
            path: half.clone(),
            source,
        };
        match std::fs::remove_file(&half) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        let made = os::fs::create_private(&half).map_err(io)?;
        self.backup(&half)?;
        made.sync_all().map_err(io)?;
        std::fs::rename(&half, &copy).map_err(io)?;
        self.sync_directory()
    }

    fn migrate(&self, seen: usize) -> Result<(), StoreError> {
        let transaction =
            rusqlite::Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate)?;
        // Somebody else may have been faster while we waited for the lock.
        let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for (index, migration) in MIGRATIONS
            .iter()
            .enumerate()
            .skip(seen.max(version as usize))
        {
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", index as i64 + 1)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.commit()?;
        Ok(())
    }
}

enum Version {
    Empty,
    Older(usize),
    Current,
}

/// SQLite would make the file 0644 and follow a link: it is made by us, before.
fn create(path: &Path) -> Result<(), StoreError> {
    match os::fs::create_private(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(StoreError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::Device(format!(
            "SQLite {} is too old, 3.51.3 or newer is needed",
            rusqlite::version()
        )));
    }
    let flags = access
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
    let conn =
        Connection::open_with_flags(path, flags).map_err(|error| {
            match std::fs::File::open(path) {
                Err(source) => StoreError::Io {
                    path: path.to_owned(),
                    source,
                },
                Ok(_) => StoreError::from(error),
            }
        })?;
    conn.busy_timeout(BUSY)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // The last connection to close would pay for a checkpoint, and the last is often `add`.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    // Otherwise a statement with a bound LIMIT is compiled again whenever another value is bound.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use crate::store::Store;

    #[test]
    fn the_log_of_one_who_stays_is_copied_between_commits_and_begun_anew() {
        let directory = tempfile::tempdir().unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(directory.path(), mode).unwrap();
        let mut store = Store::open(&directory.path().join("punctual.db")).unwrap();
        store.settle_down().unwrap();
        let log = directory.path().join("punctual.db-wal");
        let pages = || std::fs::metadata(&log).unwrap().len() as i64 / (4_096 + 24);
        let mut write = |bytes: usize| {
            let text = "x".repeat(bytes);
            let written = store.write(|tx| tx.set_file_problem(&text));
            written.unwrap();
            store.copy_long_log().unwrap();
        };
        // Without a copy the log would have all of them.
        for _ in 0..8 {
            write(1_000 * 4_096);
        }
        let most = 2 * super::RUNNER_CHECKPOINT_PAGES;
        assert!((1_000..most).contains(&pages()), "{}", pages());
    }

    /// It comes with the program, so that no older one of the machine is linked; and should that be
    /// changed one day, `connect` refuses.
    #[test]
    fn the_sqlite_inside_is_new_enough() {
        assert!(rusqlite::version_number() >= super::OLDEST_SQLITE);
    }
}

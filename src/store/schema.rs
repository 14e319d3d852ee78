//! The schema, and how an older one becomes this one.
//!
//! `user_version` counts the migrations that ran. A migration is never edited once it
//! is released: the next one is added below it. Times are microseconds since the epoch,
//! UTC; states are small integers (see `codes`), because a million waiting rows are read
//! and written more often than they are looked at by hand.

/// "pnct", so that file(1) and we can tell our files from other SQLite databases.
pub(super) const APPLICATION_ID: i32 = 0x706e_6374;

/// Each entry takes the schema from version `index` to `index + 1`.
pub(super) const MIGRATIONS: &[&str] = &[V1, V2];

/// Who asks for failures need not read a million successes; a success pays nothing for it.
const V2: &str = "CREATE INDEX run_failed ON run(due, job) WHERE state = 11;";

/// Every table of the newest schema, sorted: a file with other tables, or with a trigger or a
/// view, was changed by somebody else and is refused.
pub(super) const TABLES: &[&str] = &[
    "attempt",
    "boot",
    "edge",
    "hook",
    "job",
    "kept_output",
    "meta",
    "numbering",
    "output",
    "queue",
    "run",
    "runner",
    "settings",
];

const V1: &str = "
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE queue (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  slots INTEGER,
  paused INTEGER NOT NULL DEFAULT 0,
  resume_at INTEGER
) STRICT;

-- Distinct sets of options, as JSON with the keys of a job file. Stored once: an
-- environment repeated for each of a million jobs would be the larger part of the file.
CREATE TABLE settings (
  id INTEGER PRIMARY KEY,
  content TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  state INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  schedule TEXT NOT NULL,
  command TEXT NOT NULL,
  argv INTEGER NOT NULL,
  settings INTEGER NOT NULL REFERENCES settings,
  queue INTEGER NOT NULL REFERENCES queue,
  priority INTEGER NOT NULL,
  anchor INTEGER NOT NULL,
  created INTEGER NOT NULL,
  next_due INTEGER,
  -- When it was done.
  ended INTEGER,
  last_seq INTEGER NOT NULL DEFAULT 0,
  unique_key TEXT,
  source TEXT,
  source_key TEXT,
  resume_at INTEGER,
  -- Paused by `pause --all`, so that `resume --all` wakes just these.
  paused_with_all INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX job_name ON job(name) WHERE state <> 3;
CREATE INDEX job_removed ON job(name, id) WHERE state = 3;
CREATE UNIQUE INDEX job_unique ON job(unique_key) WHERE unique_key IS NOT NULL AND state < 2;
CREATE INDEX job_due ON job(next_due) WHERE next_due IS NOT NULL AND state = 0;
CREATE INDEX job_source ON job(source, source_key) WHERE source IS NOT NULL AND state <> 3;
CREATE INDEX job_resume ON job(resume_at) WHERE resume_at IS NOT NULL AND state = 1;
CREATE INDEX job_ended ON job(ended) WHERE state = 2;
CREATE INDEX job_event ON job(kind) WHERE kind IN (2, 3) AND state = 0;

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job INTEGER NOT NULL REFERENCES job,
  seq INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  state INTEGER NOT NULL,
  reason INTEGER,
  due INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  queue INTEGER NOT NULL REFERENCES queue,
  priority INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  started INTEGER,
  finished INTEGER,
  exit_code INTEGER,
  signal INTEGER,
  missed_count INTEGER,
  missed_first INTEGER,
  intent INTEGER
) STRICT;
CREATE UNIQUE INDEX run_number ON run(job, seq);
-- The third law: one row for each due time of a job.
CREATE UNIQUE INDEX run_due ON run(job, due) WHERE origin = 0;
-- The claim: the first rows of this index, one queue at a time. Each index ends in the row's id.
CREATE INDEX run_ready ON run(queue, priority DESC, due) WHERE state = 2;
CREATE INDEX run_timed ON run(not_before) WHERE state IN (1, 3);
CREATE INDEX run_live ON run(state, queue) WHERE state IN (6, 7);
CREATE INDEX run_open ON run(job, state) WHERE state < 10;

CREATE TABLE boot (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE attempt (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES run,
  number INTEGER NOT NULL,
  state INTEGER NOT NULL,
  reason INTEGER,
  message TEXT,
  slot INTEGER,
  boot INTEGER REFERENCES boot,
  pid INTEGER,
  ticks INTEGER,
  uptime INTEGER,
  started INTEGER,
  finished INTEGER,
  exit_code INTEGER,
  signal INTEGER,
  cpu_ms INTEGER,
  max_rss INTEGER,
  output_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX attempt_run ON attempt(run, number);
CREATE INDEX attempt_open ON attempt(state) WHERE state < 2;

-- Apart from the attempt, so that listing attempts never reads what they printed.
CREATE TABLE output (
  attempt INTEGER PRIMARY KEY REFERENCES attempt,
  head BLOB NOT NULL,
  tail BLOB NOT NULL
) STRICT;

-- One row: the bytes in `output`, kept up to date with it.
CREATE TABLE kept_output (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO kept_output(id, bytes) VALUES (1, 0);

-- How far the numbers of forgotten jobs went: a new job of the name goes on from there.
CREATE TABLE numbering (
  name TEXT PRIMARY KEY,
  last_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `after`: a job and one it waits for.
CREATE TABLE edge (
  job INTEGER NOT NULL REFERENCES job,
  parent INTEGER NOT NULL REFERENCES job,
  held INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (job, parent)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_parent ON edge(parent);

-- Commands that tell of an end. 0 waits, 1 started, 2 ended.
CREATE TABLE hook (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES run,
  occasion TEXT NOT NULL,
  command TEXT NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  at INTEGER NOT NULL,
  -- Why it did not do its work; NULL when it did.
  message TEXT
) STRICT;
CREATE INDEX hook_waiting ON hook(state, id) WHERE state < 2;
CREATE INDEX hook_run ON hook(run);

-- At most one row: who runs, or who ran last.
CREATE TABLE runner (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  pid INTEGER NOT NULL,
  since INTEGER NOT NULL,
  pool INTEGER NOT NULL,
  boot TEXT NOT NULL,
  alive INTEGER NOT NULL
) STRICT;

INSERT INTO queue(name) VALUES ('default');
INSERT INTO meta(key, value) VALUES
  ('id', lower(hex(randomblob(16)))),
  ('salt', lower(hex(randomblob(16))));
";

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, TABLES};

    #[test]
    fn the_table_list_is_that_of_the_schema() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        for migration in MIGRATIONS {
            conn.execute_batch(migration).unwrap();
        }
        let names: Vec<String> = conn
            .prepare(
                "SELECT name FROM sqlite_schema
                 WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
            )
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(names, TABLES);
    }
}

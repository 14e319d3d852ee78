//! Dependencies: which job waits for which, and whose condition holds.

use crate::domain::JobId;

use super::{Read, StoreError, Tx};

impl Read<'_> {
    /// The jobs that this one waits for.
    pub(crate) fn parents(&self, job: JobId) -> Result<Vec<JobId>, StoreError> {
        self.neighbours(
            "SELECT parent FROM edge WHERE job = ?1 ORDER BY parent",
            job,
        )
    }

    /// The living jobs that wait for this one.
    pub(crate) fn dependants(&self, parent: JobId) -> Result<Vec<JobId>, StoreError> {
        self.neighbours(
            "SELECT edge.job
             FROM edge JOIN job ON job.id = edge.job
             WHERE edge.parent = ?1 AND job.state < 2
             ORDER BY edge.job",
            parent,
        )
    }

    /// The jobs that wait, or waited, for this one; removed ones left out.
    pub(crate) fn children(&self, parent: JobId) -> Result<Vec<JobId>, StoreError> {
        self.neighbours(
            "SELECT edge.job
             FROM edge JOIN job ON job.id = edge.job
             WHERE edge.parent = ?1 AND job.state < 3
             ORDER BY edge.job",
            parent,
        )
    }

    fn neighbours(&self, text: &'static str, job: JobId) -> Result<Vec<JobId>, StoreError> {
        let mut statement = self.conn.prepare_cached(text)?;
        let rows = statement.query_map([job.0], |row| row.get(0).map(JobId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether every condition of the job holds.
    pub(crate) fn all_hold(&self, job: JobId) -> Result<bool, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT 1 FROM edge WHERE job = ?1 AND held = 0")?;
        Ok(!statement.exists([job.0])?)
    }
}

impl Tx<'_> {
    /// Lets `job` wait for `parents` and nobody else.
    pub(crate) fn set_parents(&self, job: JobId, parents: &[JobId]) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("DELETE FROM edge WHERE job = ?1")?
            .execute([job.0])?;
        let mut insert = self
            .conn
            .prepare_cached("INSERT OR IGNORE INTO edge(job, parent) VALUES (?1, ?2)")?;
        for parent in parents {
            insert.execute((job.0, parent.0))?;
        }
        Ok(())
    }

    pub(crate) fn hold(&self, job: JobId, parent: JobId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE edge SET held = 1 WHERE job = ?1 AND parent = ?2")?
            .execute((job.0, parent.0))?;
        Ok(())
    }

    /// The job fires: its conditions are counted anew from here.
    pub(crate) fn reset_holds(&self, job: JobId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE edge SET held = 0 WHERE job = ?1")?
            .execute([job.0])?;
        Ok(())
    }
}

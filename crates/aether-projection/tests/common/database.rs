//! A model of a database: rows, checkpoint and effects of a batch are written together or not at all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aether_core::error::BoxError;
use aether_core::{Checkpoint, EventId};
use aether_projection::{Batch, Generation, Projection, Superseded};

/// What is in the tables of all generations. A clone is another connection.
#[derive(Clone, Default)]
pub(crate) struct Database(Arc<Mutex<Tables>>);

#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) generations: HashMap<Generation, Rows>,
    /// How often each event had its side effect.
    pub(crate) effects: HashMap<EventId, u32>,
    /// How the next batches fail.
    pub(crate) faults: Vec<Fault>,
    /// The event that nobody can apply.
    pub(crate) poison: Option<EventId>,
    pub(crate) is_away: bool,
}

#[derive(Default, Clone)]
pub(crate) struct Rows {
    pub(crate) checkpoint: Option<Checkpoint>,
    /// The number of runners that took the rows over.
    pub(crate) runners: u64,
    /// The notes, in the order in which they were applied.
    pub(crate) notes: Vec<String>,
    pub(crate) batches: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is written.
    Before,
    /// All is written, and the answer is lost.
    After,
    Panic,
}

impl Database {
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }

    pub(crate) fn rows(&self, generation: Generation) -> Rows {
        self.tables().generations.get(&generation).cloned().unwrap_or_default()
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.rows(Generation::FIRST).notes
    }

    pub(crate) fn fail(&self, faults: &[Fault]) {
        self.tables().faults = faults.iter().rev().copied().collect();
    }

    pub(crate) fn projection(&self, generation: Generation) -> Transactional {
        Transactional { database: self.clone(), generation, runner: None }
    }

    pub(crate) fn first(&self) -> Transactional {
        self.projection(Generation::FIRST)
    }
}

/// A projection into the database, in transactions that find out whether another one took over.
pub(crate) struct Transactional {
    database: Database,
    generation: Generation,
    runner: Option<u64>,
}

impl Projection for Transactional {
    type Error = BoxError;

    async fn checkpoint(&mut self) -> Result<Option<Checkpoint>, BoxError> {
        tokio::task::yield_now().await;
        let mut tables = self.database.tables();
        if tables.is_away {
            return Err("the database is away".into());
        }
        let rows = tables.generations.entry(self.generation).or_default();
        if self.runner.is_none() {
            rows.runners += 1;
            self.runner = Some(rows.runners);
        }
        self.check(rows)?;
        Ok(rows.checkpoint.clone())
    }

    async fn apply(&mut self, batch: &Batch) -> Result<(), BoxError> {
        tokio::task::yield_now().await;
        let fault = self.commit(batch)?;
        // Here a process may end, and not know.
        tokio::task::yield_now().await;
        if fault == Some(Fault::After) {
            return Err("the answer was lost".into());
        }
        Ok(())
    }
}

impl Transactional {
    fn check(&self, rows: &Rows) -> Result<(), BoxError> {
        match self.runner {
            Some(runner) if runner == rows.runners => Ok(()),
            _ => Err(Superseded { name: self.generation.to_string() }.into()),
        }
    }

    fn commit(&self, batch: &Batch) -> Result<Option<Fault>, BoxError> {
        let mut tables = self.database.tables();
        let fault = tables.faults.pop();
        if fault == Some(Fault::Panic) {
            drop(tables);
            panic!("as it was told to");
        }
        if fault == Some(Fault::Before) || tables.is_away {
            return Err("the database is away".into());
        }
        if batch.events().iter().any(|event| Some(event.id()) == tables.poison.as_ref()) {
            return Err("poison".into());
        }
        let rows = tables.generations.entry(self.generation).or_default();
        self.check(rows)?;
        rows.checkpoint = Some(batch.checkpoint().clone());
        rows.batches.push(batch.events().len());
        for event in batch.events() {
            rows.notes.push(event.raw_data().to_string());
        }
        if !batch.is_replay() {
            for event in batch.events() {
                *tables.effects.entry(event.id().clone()).or_default() += 1;
            }
        }
        Ok(fault)
    }
}

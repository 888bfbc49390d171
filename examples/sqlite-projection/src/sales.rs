//! The read model: how often each product was sold, and for how much.

use std::path::Path;

use aether::Checkpoint;
use aether::error::BoxError;
use aether::projection::{Batch, Projection, Superseded};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::OrderEvent;

const NAME: &str = "sales";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS sales (product TEXT PRIMARY KEY, sold INTEGER NOT NULL, cents INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS projections (name TEXT PRIMARY KEY, checkpoint TEXT, runner INTEGER NOT NULL);
";

/// A row of the read model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesRow {
    /// The product.
    pub product: String,
    /// How often it was sold.
    pub sold: u64,
    /// For how much in all.
    pub cents: u64,
}

/// The read model in a database, and the projection that writes it.
#[derive(Debug)]
pub struct Sales {
    database: Connection,
    /// Which of those that ever wrote the read model this one is, once it has begun.
    runner: Option<i64>,
}

impl Sales {
    /// Opens the database, and makes the tables where there are none.
    ///
    /// # Errors
    ///
    /// Whatever SQLite says.
    pub fn open(path: &Path) -> Result<Self, BoxError> {
        let database = Connection::open(path)?;
        // One that was killed may hold its lock a moment longer.
        database.busy_timeout(std::time::Duration::from_secs(5))?;
        database.execute_batch(SCHEMA)?;
        Ok(Self { database, runner: None })
    }

    /// Returns the read model.
    ///
    /// # Errors
    ///
    /// Whatever SQLite says.
    pub fn rows(&self) -> Result<Vec<SalesRow>, BoxError> {
        let mut query = self.database.prepare("SELECT product, sold, cents FROM sales ORDER BY product")?;
        let row = |row: &rusqlite::Row<'_>| {
            Ok(SalesRow { product: row.get(0)?, sold: unsigned(row.get(1)?), cents: unsigned(row.get(2)?) })
        };
        Ok(query.query_map([], row)?.collect::<Result<_, _>>()?)
    }

    /// Takes the read model over: whoever wrote it before is refused from now on.
    fn begin(&mut self) -> Result<i64, BoxError> {
        let begin = "INSERT INTO projections (name, runner) VALUES (?1, 1)
            ON CONFLICT (name) DO UPDATE SET runner = runner + 1 RETURNING runner";
        Ok(self.database.query_row(begin, [NAME], |row| row.get(0))?)
    }
}

// SQLite has no `u64`; what is counted here stays below.
fn unsigned(number: i64) -> u64 {
    number.try_into().unwrap_or_default()
}

/// SQLite answers at once, so that nothing here waits; a slow database would be given a thread of its own.
impl Projection for Sales {
    type Error = BoxError;

    async fn checkpoint(&mut self) -> Result<Option<Checkpoint>, BoxError> {
        let runner = match self.runner {
            Some(runner) => runner,
            None => self.begin()?,
        };
        self.runner = Some(runner);
        let find = "SELECT checkpoint FROM projections WHERE name = ?1 AND runner = ?2";
        let found =
            self.database.query_row(find, params![NAME, runner], |row| row.get::<_, Option<String>>(0));
        let found = found.optional()?.ok_or_else(superseded)?;
        Ok(found.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    async fn apply(&mut self, batch: &Batch) -> Result<(), BoxError> {
        let runner = self.runner;
        // All of it or nothing: this is the whole of "exactly once".
        let transaction = self.database.transaction()?;
        for event in batch.events() {
            count(&transaction, &event.decode()?)?;
        }
        let checkpoint = serde_json::to_string(batch.checkpoint())?;
        let record = "UPDATE projections SET checkpoint = ?1 WHERE name = ?2 AND runner = ?3";
        if transaction.execute(record, params![checkpoint, NAME, runner])? == 0 {
            return Err(superseded().into());
        }
        Ok(transaction.commit()?)
    }
}

/// Not made to be repeated: an event that counted twice would show.
fn count(
    transaction: &Transaction<'_>,
    OrderEvent::Sold { product, cents }: &OrderEvent,
) -> Result<(), BoxError> {
    let count = "INSERT INTO sales (product, sold, cents) VALUES (?1, 1, ?2)
        ON CONFLICT (product) DO UPDATE SET sold = sold + 1, cents = cents + excluded.cents";
    transaction.prepare(count)?.execute(params![product, i64::try_from(*cents)?])?;
    Ok(())
}

fn superseded() -> Superseded {
    Superseded { name: NAME.to_owned() }
}

//! What each participant keeps for itself: accounts in a SQLite file of its own.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use reliability::distributed::transaction::saga::Cx;
use reliability_examples::process;
use rusqlite::{Connection, Transaction, params};

pub(crate) struct Ledger {
    database: Mutex<Connection>,
    /// After so many bookings the process dies, right behind the commit: it is done, and nobody has
    /// been told.
    dies_after: Option<u32>,
}

impl Ledger {
    /// The ledger of that name, in which each of those accounts begins with so much.
    pub(crate) fn open(
        folder: &Path,
        name: &str,
        accounts: &[(&str, i64)],
        dies_after: Option<u32>,
    ) -> rusqlite::Result<Self> {
        let mut database = Connection::open(folder.join(name).with_extension("db"))?;
        let own = database.transaction()?;
        own.execute_batch(
            "CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, opening INTEGER);
             CREATE TABLE IF NOT EXISTS booking (
                 effect TEXT, what TEXT, order_key TEXT, account TEXT, amount INTEGER,
                 PRIMARY KEY (effect, what)
             );
             CREATE TABLE IF NOT EXISTS call (effect TEXT, what TEXT);",
        )?;
        for (account, opening) in accounts {
            own.execute(
                "INSERT OR IGNORE INTO account VALUES (?1, ?2)",
                params![account, opening],
            )?;
        }
        own.commit()?;
        Ok(Self { database: Mutex::new(database), dies_after })
    }

    /// Books it, once for each effect; `false` if there is not enough in the account.
    pub(crate) fn book(
        &self,
        cx: &Cx,
        what: &str,
        account: &str,
        amount: i64,
    ) -> rusqlite::Result<bool> {
        self.called(cx, what, |own| {
            let known = "SELECT count(*) FROM booking WHERE effect = ?1 AND what = ?2";
            let effect = cx.effect().as_str();
            if own.query_row(known, [effect, what], |row| row.get::<_, i64>(0))? == 1 {
                return Ok(true);
            }
            let balance = "SELECT coalesce((SELECT opening FROM account WHERE name = ?1), 0)
                 + coalesce((SELECT sum(amount) FROM booking WHERE account = ?1), 0)";
            let balance: i64 = own.query_row(balance, [account], |row| row.get(0))?;
            if balance + amount < 0 {
                return Ok(false);
            }
            let booked = params![effect, what, cx.key(), account, amount];
            own.execute("INSERT INTO booking VALUES (?1, ?2, ?3, ?4, ?5)", booked)?;
            Ok(true)
        })
    }

    /// Takes back what was booked under the effect's name, if anything was, and once.
    pub(crate) fn cancel(&self, cx: &Cx, what: &str, as_what: &str) -> rusqlite::Result<()> {
        self.called(cx, as_what, |own| {
            let opposite = "INSERT OR IGNORE INTO booking
                 SELECT effect, ?3, order_key, account, -amount FROM booking
                 WHERE effect = ?1 AND what = ?2";
            own.execute(opposite, [cx.effect().as_str(), what, as_what]).map(drop)
        })
    }

    /// One call, which is one transaction of the database.
    fn called<T>(
        &self,
        cx: &Cx,
        what: &str,
        does: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let own = database.transaction()?;
        own.execute("INSERT INTO call VALUES (?1, ?2)", [cx.effect().as_str(), what])?;
        let done = does(&own)?;
        let bookings = own.query_row("SELECT count(*) FROM booking", [], |row| row.get(0))?;
        own.commit()?;
        if self.dies_after == Some(bookings) {
            process::die();
        }
        Ok(done)
    }
}

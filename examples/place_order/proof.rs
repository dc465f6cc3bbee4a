//! What has become of all orders, from the databases of those who did the work and from the journal.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use reliability::distributed::transaction::saga::{End, Why};
use rusqlite::{Connection, OpenFlags};

use crate::BoxError;
use crate::client::Partner;
use crate::flags::Flags;
use crate::saga::{PlaceOrder, Refused, Shop};
use crate::{services, worker};

/// What has become of all orders.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    pub(crate) orders: usize,
    pub(crate) completed: usize,
    pub(crate) undone: BTreeMap<Refused, usize>,
    pub(crate) requests: usize,
    pub(crate) repeated: usize,
    pub(crate) moods: BTreeMap<String, usize>,
    /// What must not be.
    pub(crate) violations: Vec<String>,
}

/// What the three databases say of one order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Found {
    reservations: u32,
    charges: u32,
    letters: u32,
}

const COMPLETE: Found = Found { reservations: 1, charges: 1, letters: 1 };
const UNDONE: Found = Found { reservations: 0, charges: 0, letters: 0 };

impl Proof {
    /// Reads it all.
    pub(crate) async fn read(folder: &Path, flags: &Flags) -> Result<Self, BoxError> {
        let mut proof = Self::default();
        let mut found = proof.found(folder)?;
        let nowhere = ([127, 0, 0, 1], 1).into();
        let [stock, payments, mail] = [nowhere; 3].map(|at| Partner::at(at, false));
        let sagas = worker::engine(folder, Shop { stock, payments, mail })?.start()?;
        for order in worker::orders(flags) {
            proof.orders += 1;
            let found = found.remove(&order.number).unwrap_or_default();
            let expected = match sagas.find::<PlaceOrder>(&order.number)?.ended().await? {
                End::Completed(_) => {
                    proof.completed += 1;
                    COMPLETE
                }
                End::RolledBack(Why::Rejected { refusal, .. }) => {
                    *proof.undone.entry(refusal).or_default() += 1;
                    UNDONE
                }
                other => {
                    proof.violations.push(format!("{} is neither: {other:?}", order.number));
                    continue;
                }
            };
            if found != expected {
                let end = if expected == COMPLETE { "completed" } else { "undone" };
                proof.violations.push(format!("{} is {end}, and there are {found}", order.number));
            }
        }
        let unknown = found.into_iter().filter(|(_, found)| *found != UNDONE);
        let unknown = unknown.map(|(number, found)| format!("nobody ordered {number}: {found}"));
        proof.violations.extend(unknown);
        Ok(proof)
    }

    fn found(&mut self, folder: &Path) -> rusqlite::Result<BTreeMap<String, Found>> {
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        for name in services::NAMES {
            let file = folder.join(name).with_extension("db");
            let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let table = match name {
                "stock" => "reservations WHERE NOT released",
                "payments" => "charges",
                _ => "letters",
            };
            let count = format!("SELECT order_number, count(*) FROM {table} GROUP BY order_number");
            for (number, count) in pairs(&database, &count)? {
                let of = found.entry(number).or_default();
                match name {
                    "stock" => of.reservations = count,
                    "payments" => of.charges = count,
                    _ => of.letters = count,
                }
            }
            self.requests(&database)?;
            if name == "stock" {
                self.shelf(&database)?;
            }
        }
        Ok(found)
    }

    fn requests(&mut self, database: &Connection) -> rusqlite::Result<()> {
        for (mood, count) in pairs(database, "SELECT mood, count(*) FROM requests GROUP BY mood")? {
            *self.moods.entry(mood).or_default() += count as usize;
            self.requests += count as usize;
        }
        let repeated = "SELECT what, count(*) - count(DISTINCT key) FROM requests GROUP BY what";
        self.repeated +=
            pairs(database, repeated)?.iter().map(|(_, it)| *it as usize).sum::<usize>();
        Ok(())
    }

    /// No piece is lost, and none has come from nowhere.
    fn shelf(&mut self, database: &Connection) -> rusqlite::Result<()> {
        let lost = "SELECT article, abs(before_all.pieces - shelf.pieces - (
                 SELECT coalesce(sum(pieces), 0) FROM reservations
                 WHERE article = shelf.article AND NOT released))
             FROM shelf JOIN before_all USING (article)";
        let lost = pairs(database, lost)?.into_iter().filter(|(_, pieces)| *pieces > 0);
        let lost = lost.map(|(article, pieces)| format!("{pieces} pieces of {article} are amiss"));
        self.violations.extend(lost);
        Ok(())
    }
}

fn pairs(database: &Connection, query: &str) -> rusqlite::Result<Vec<(String, u32)>> {
    database.prepare(query)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reservations, charges, letters } = self;
        write!(f, "{reservations} reservations, {charges} charges and {letters} letters of it")
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mood = |mood: &str| self.moods.get(mood).copied().unwrap_or_default();
        let undone: usize = self.undone.values().sum();
        let reasons = self.undone.iter().map(|(why, count)| format!("{count} {}", why.as_str()));
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        writeln!(f, "orders             {}", self.orders)?;
        writeln!(f, "  completed        {}", self.completed)?;
        writeln!(f, "  undone           {undone}: {reasons}")?;
        writeln!(f, "requests           {}", self.requests)?;
        writeln!(f, "  repeated         {}", self.repeated)?;
        writeln!(f, "  answers lost     {}", mood("Lost"))?;
        writeln!(f, "  done too late    {}", mood("Late"))?;
        write!(f, "  refused with 503 {}", mood("Busy"))
    }
}

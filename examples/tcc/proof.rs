//! What has become of all trips: what the journal says was decided, and what the books say.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use reliability::distributed::transaction::tcc::{Decision, Operator};
use reliability::journal::Journal;
use rusqlite::{Connection, OpenFlags};

use crate::{BEDS, BoxError, SEATS, TRIPS};

#[derive(Debug, Default)]
pub(crate) struct Proof {
    sold: usize,
    cancelled: usize,
    /// How often the barrier has said what, to which phase.
    barrier: BTreeMap<String, u32>,
    pub(crate) violations: Vec<String>,
}

impl Proof {
    pub(crate) async fn read(folder: &Path) -> Result<Self, BoxError> {
        let (mut proof, mut decisions) = (Self::default(), BTreeMap::new());
        let operator = Operator::on(&Journal::open(folder.join("journal.db"))?);
        for trip in (1..=TRIPS).map(|number| format!("trip-{number}")) {
            let decision = operator.show(&trip).await?.decision;
            match decision {
                Some(Decision::Confirm) => proof.sold += 1,
                Some(Decision::Cancel) => proof.cancelled += 1,
                None => proof.violations.push(format!("{trip} is undecided")),
            }
            decisions.insert(trip, decision);
        }
        for (name, places) in [("airline", SEATS), ("hotel", BEDS)] {
            let file = folder.join(name).with_extension("db");
            let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            for (trip, decision) in &decisions {
                let sold = count(&database, "state = 'sold'", trip)?;
                let expected = u32::from(*decision == Some(Decision::Confirm));
                if sold != expected || count(&database, "state = 'held'", trip)? > 0 {
                    let left = format!("{trip} has ended as {decision:?}, and {name} has {sold}");
                    proof.violations.push(left);
                }
            }
            let all = "SELECT free + (SELECT coalesce(sum(guests), 0) FROM booking
                                      WHERE state = 'sold') FROM places";
            let all: u32 = database.query_row(all, [], |row| row.get(0))?;
            if all != places {
                proof.violations.push(format!("{name} has {all} places, and had {places}"));
            }
            let mut asked = database.prepare("SELECT phase || ' ' || verdict FROM asked")?;
            for verdict in asked.query_map([], |row| row.get::<_, String>(0))? {
                *proof.barrier.entry(verdict?).or_default() += 1;
            }
        }
        Ok(proof)
    }
}

fn count(database: &Connection, which: &str, trip: &str) -> rusqlite::Result<u32> {
    let count = format!("SELECT count(*) FROM booking WHERE {which} AND trip = ?1");
    database.query_row(&count, [trip], |row| row.get(0))
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let barrier = |verdict: &str| self.barrier.get(verdict).copied().unwrap_or_default();
        let repeated = barrier("confirm repeated") + barrier("cancel repeated");
        writeln!(f, "trips              {TRIPS}, for {SEATS} seats and {BEDS} beds")?;
        writeln!(f, "  sold             {}", self.sold)?;
        writeln!(f, "  cancelled        {}", self.cancelled)?;
        writeln!(f, "told once more     {repeated}, and not done again")?;
        writeln!(f, "empty cancels      {}: there was nothing to free", barrier("cancel empty"))?;
        writeln!(f, "tries too late     {}, and refused\n", barrier("try refused"))?;
        match self.violations.first() {
            None => write!(f, "every trip is sold by both or by neither, and no place is held"),
            Some(first) => {
                write!(f, "{} violations; the first one: {first}", self.violations.len())
            }
        }
    }
}

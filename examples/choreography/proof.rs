//! What has become of all orders, from the databases of those who did the work.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::{BoxError, CARDS, ORDERS, SHELF};

#[derive(Debug, Default)]
pub(crate) struct Proof {
    /// How each order ended, as who has started it was told.
    ends: BTreeMap<String, String>,
    /// What is booked for each: reservations, what was put back, charges, letters.
    booked: BTreeMap<String, [u32; 4]>,
    calls: usize,
    repeated: usize,
    pub(crate) violations: Vec<String>,
}

impl Proof {
    /// A line of a process: an order, and how it ended.
    pub(crate) fn ended(&mut self, line: &str) {
        let (order, end) = line.split_once(' ').unwrap_or((line, "?"));
        let before = self.ends.insert(order.to_owned(), end.to_owned());
        if before.is_some_and(|before| before != end) {
            self.violations.push(format!("{order} has ended in two ways"));
        }
    }

    pub(crate) fn read(&mut self, folder: &Path) -> Result<(), BoxError> {
        for name in ["warehouse", "bank", "post"] {
            let file = folder.join(name).with_extension("db");
            let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            self.count(&database)?;
            let overdrawn = "SELECT name FROM account
                 WHERE opening + (SELECT sum(amount) FROM booking WHERE account = name) < 0";
            let overdrawn = column(&database, overdrawn)?;
            self.violations.extend(overdrawn.iter().map(|it| format!("{it} is overdrawn")));
        }
        if self.ends.len() != ORDERS as usize {
            self.violations.push(format!("{} of {ORDERS} orders have ended", self.ends.len()));
        }
        for (order, end) in &self.ends {
            let booked = self.booked.remove(order).unwrap_or_default();
            let expected = match end.as_str() {
                "completed" => [1, 0, 1, 1],
                "card declined" => [1, 1, 0, 0],
                _ => [0; 4],
            };
            if booked != expected {
                self.violations.push(format!("{order} is {end}, and {booked:?} is booked"));
            }
        }
        let unknown = self.booked.keys().map(|order| format!("nobody ordered {order}"));
        self.violations.extend(unknown);
        Ok(())
    }

    fn count(&mut self, database: &Connection) -> Result<(), BoxError> {
        for booking in column(database, "SELECT what || ',' || order_key FROM booking")? {
            let (what, order) = booking.split_once(',').ok_or("a booking of nothing")?;
            let all = ["reserved", "put back", "charged", "mailed"];
            let place = all.iter().position(|it| *it == what).ok_or("an unknown booking")?;
            self.booked.entry(order.to_owned()).or_default()[place] += 1;
        }
        let calls = column(database, "SELECT effect || what FROM call")?.len();
        self.calls += calls;
        self.repeated +=
            calls - column(database, "SELECT DISTINCT effect || what FROM call")?.len();
        Ok(())
    }
}

fn column(database: &Connection, query: &str) -> rusqlite::Result<Vec<String>> {
    database.prepare(query)?.query_map([], |row| row.get(0))?.collect()
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = |how: &str| self.ends.values().filter(|end| *end == how).count();
        let money: i64 = CARDS.iter().map(|(_, cents)| cents).sum();
        writeln!(f, "orders             {ORDERS}, for {SHELF} pieces and {money} cents")?;
        writeln!(f, "  completed        {}", ended("completed"))?;
        writeln!(f, "  card declined    {}, and put back", ended("card declined"))?;
        writeln!(f, "  sold out         {}", ended("sold out"))?;
        writeln!(f, "calls              {}", self.calls)?;
        writeln!(f, "  repeated         {}, and not done again\n", self.repeated)?;
        match self.violations.first() {
            None => write!(f, "every order is complete or undone, and nothing was done twice"),
            Some(first) => {
                write!(f, "{} violations; the first one: {first}", self.violations.len())
            }
        }
    }
}

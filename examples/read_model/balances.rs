//! The read model: a table with a row for each account.

use reliability::distributed::transaction::event_sourcing::{
    Failure, Happened, PostgresTransaction, Projection,
};

use crate::account::AccountEvent;

#[derive(Debug)]
pub(crate) struct Balances;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS read_model_example.balance (
        account text PRIMARY KEY,
        owner   text NOT NULL,
        cents   bigint NOT NULL
    );
    TRUNCATE read_model_example.balance";

impl Projection<PostgresTransaction> for Balances {
    type Event = AccountEvent;
    const NAME: &'static str = "balances";
    /// Count it up when the table changes: then it is made anew by itself.
    const VERSION: u32 = 1;

    async fn reset(&mut self, rows: &mut PostgresTransaction) -> Result<(), Failure> {
        Ok(rows.client()?.batch_execute(TABLE).await?)
    }

    async fn apply(
        &mut self,
        rows: &mut PostgresTransaction,
        happened: &Happened<AccountEvent>,
    ) -> Result<(), Failure> {
        let account = happened.stream.key();
        let moved = match &happened.event {
            AccountEvent::Opened(owner) => {
                let sql = "INSERT INTO read_model_example.balance VALUES ($1, $2, 0)";
                rows.client()?.execute(sql, &[&account, owner]).await?;
                return Ok(());
            }
            AccountEvent::Closed => {
                let sql = "DELETE FROM read_model_example.balance WHERE account = $1";
                rows.client()?.execute(sql, &[&account]).await?;
                return Ok(());
            }
            AccountEvent::Deposited(cents) => i64::try_from(*cents)?,
            AccountEvent::Withdrawn(cents) => -i64::try_from(*cents)?,
        };
        let sql = "UPDATE read_model_example.balance SET cents = cents + $2 WHERE account = $1";
        rows.client()?.execute(sql, &[&account, &moved]).await?;
        Ok(())
    }
}

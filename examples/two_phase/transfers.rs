//! What coordinates: transfers between two banks, one after the other.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reliability::distributed::transaction::Vote;
use reliability::distributed::transaction::two_phase::{
    self, Participant, PostgresResource, PostgresWork, TransactionId, TwoPhase, TwoPhaseError,
};
use reliability::journal::Journal;
use reliability_examples::process;

use crate::{BoxError, TRANSFERS};

pub(crate) const INTEREST: i64 = 50;
const GRACE: Duration = Duration::from_millis(2_100);

/// Makes all transfers from that one on, unless it dies.
pub(crate) async fn all(
    folder: &Path,
    [north, south]: [&str; 2],
    from: u32,
    crash: (u32, &str),
) -> Result<(), BoxError> {
    let north = PostgresResource::new("north", north)?;
    let south = PostgresResource::new("south", south)?;
    north.set_up().await?;
    south.set_up().await?;
    let coordinator = TwoPhase::builder(&Journal::open(folder.join("decisions.db"))?)
        .resource(Arc::new(north.clone()))
        .resource(Arc::new(south.clone()))
        .votes_within(Duration::from_secs(1))
        .deliver_within(Duration::from_millis(500))
        // Who is in doubt for longer is looked after: nobody is at work for so long.
        .grace(GRACE)
        .build()?;

    for number in from..=TRANSFERS {
        let id = format!("transfer-{number}");
        println!("begun {id}");
        // An account is locked while its bank is in doubt about it; the others are not.
        let account = i64::from(number % 10);
        let (here, there) = (change(&north, &id, account, -100), change(&south, &id, account, 100));
        let dies_at = if crash.0 == number { crash.1 } else { "nowhere" };
        match transfer(&coordinator, &id, here, there, dies_at).await {
            Ok(()) => println!("committed {id}"),
            // Nobody knows until recovery has found out.
            Err(TwoPhaseError::Undecided { .. }) => {}
            Err(_) => {
                println!("aborted {id}");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        recover(&coordinator).await?;
    }
    tokio::time::sleep(GRACE).await;
    recover(&coordinator).await?;

    // How many take part is known at run time only.
    let banks = [north, south];
    let all = banks.iter().map(|bank| Arc::new(change(bank, "interest", 0, INTEREST)) as _);
    let all: Vec<Arc<dyn Participant>> = all.collect();
    let outcome = coordinator.run(TransactionId::new("interest")?, all).await?;
    println!("committed interest: {}", outcome.is_complete());
    Ok(())
}

/// Two votes, a decision, a log: what is in the wrong order does not compile.
async fn transfer(
    coordinator: &TwoPhase,
    id: &str,
    here: PostgresWork,
    there: PostgresWork,
    dies_at: &str,
) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let transfer = coordinator, TransactionId::new(id)?, (here, there));
    let votes = tokio::try_join!(transfer.ask::<0>(), transfer.ask::<1>())?;
    if dies_at == "voted" {
        process::die();
    }
    let logged = transfer.all_voted(votes).commit().log().await?;
    if dies_at == "logged" {
        process::die();
    }
    logged.deliver().await;
    Ok(())
}

/// What one transaction wants of one bank.
fn change(bank: &PostgresResource, id: &str, account: i64, cents: i64) -> PostgresWork {
    let id = id.to_owned();
    bank.work(move |client| {
        let id = id.clone();
        Box::pin(async move {
            let change = "UPDATE account SET cents = cents + $2 WHERE id = $1 AND cents + $2 >= 0";
            if client.execute(change, &[&account, &cents]).await? == 0 {
                return Ok(Vote::No);
            }
            client.execute("INSERT INTO booking VALUES ($1, $2)", &[&id, &cents]).await?;
            Ok(Vote::Yes)
        })
    })
}

/// Ends what this process and those before it have left, whoever was killed. A service has a task
/// for that, with `keep_recovering`.
async fn recover(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    let recovered = coordinator.recover().await?;
    let (told, undone) = (recovered.delivered + recovered.committed, recovered.aborted);
    if told + undone > 0 {
        println!("recovered          {told} committed, {undone} aborted");
    }
    Ok(())
}

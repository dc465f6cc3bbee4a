//! Who has promised to commit, and was not told how it ends. The log does not know that: it is written
//! only when a transaction is decided. Its participants know.

use std::error::Error;

use reliability::distributed::transaction::Decision;
use reliability::distributed::transaction::two_phase::{Operator, Resource, TransactionId};
use reliability::journal::Journal;

/// A transaction, and how it ends, if that is decided.
pub(crate) type Doubt = (TransactionId, Option<Decision>);

/// What that participant is in doubt about, and what the log of that kind says: `name=postgres://..` is a
/// database, `name=file.db` a site that has its promises there, and `name` one that has them in this
/// journal.
pub(crate) async fn at(
    journal: &Journal,
    kind: &str,
    participant: &str,
) -> Result<(String, Vec<Doubt>), Box<dyn Error>> {
    let (name, place) = participant.split_once('=').unwrap_or((participant, ""));
    let is_url =
        |place: &str| place.starts_with("postgres://") || place.starts_with("postgresql://");
    if name.is_empty() || is_url(name) {
        return Err("say who is in doubt by its name in the log and where it is: \
                    `--in-doubt here=postgres://..`"
            .into());
    }
    let doubts = match place {
        "" => Operator::on(journal).in_doubt(name).await?,
        url if is_url(url) || url.contains('=') => {
            return Ok((name.to_string(), of(journal, kind, &*connect(name, url)?).await?));
        }
        file => Operator::on(&crate::journal::open(file).await?).in_doubt(name).await?,
    };
    Ok((name.to_string(), said(journal, kind, doubts).await?))
}

/// What that one is in doubt about.
pub(crate) async fn of(
    journal: &Journal,
    kind: &str,
    resource: &dyn Resource,
) -> Result<Vec<Doubt>, Box<dyn Error>> {
    let doubts = resource.in_doubt(std::time::Duration::ZERO).await?;
    said(journal, kind, doubts).await
}

/// With what the log says of each.
async fn said(
    journal: &Journal,
    kind: &str,
    doubts: Vec<TransactionId>,
) -> Result<Vec<Doubt>, Box<dyn Error>> {
    let operator = Operator::on(journal).kind(kind);
    let mut found = Vec::new();
    for id in doubts {
        let decision = operator.decision(&id).await?;
        found.push((id, decision));
    }
    Ok(found)
}

/// For people.
pub(crate) fn told(kind: &str, (id, decision): &Doubt) -> String {
    let says = match decision {
        Some(Decision::Commit) => "decided: commit; it is told by itself, or by `retry`",
        Some(Decision::Abort) => "decided: abort; it is told when somebody recovers",
        None => "not decided: it is under way, or `cancel` aborts it",
    };
    format!("{kind}/{id}  {says}")
}

#[cfg(feature = "postgres")]
fn connect(name: &str, url: &str) -> Result<Box<dyn Resource>, Box<dyn Error>> {
    use reliability::distributed::transaction::two_phase::PostgresResource;
    Ok(Box::new(PostgresResource::new(name, url)?))
}

#[cfg(not(feature = "postgres"))]
fn connect(_: &str, _: &str) -> Result<Box<dyn Resource>, Box<dyn Error>> {
    Err("this program was built without the feature `postgres`".into())
}

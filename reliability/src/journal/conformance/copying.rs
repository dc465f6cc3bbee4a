//! What it takes to be copied, and to be copied into.

use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Bench, Found, equal, event, holds, noon, stream, text};
use crate::journal::{
    Adopted, Append, Claim, Due, Epoch, Head, JournalError, Position, Record, Sequence, StreamId,
};

const LEASE: Duration = Duration::from_secs(30);

pub(super) async fn a_sealed_journal_takes_nothing_and_shows_everything(bench: &Bench) -> Found {
    let (journal, order) = (&bench.journal, stream("order", "1")?);
    bench.append(Append::to(&order).event(event(1)).due(Due::Now)).await?;
    let lease = journal.claim(Claim::of(["order"])).await.map_err(text)?.remove(0);
    bench.append(Append::to(&order).fenced(&lease).release()).await?;
    for _ in 0..2 {
        journal.seal().await.map_err(text)?;
        let standing = journal.standing().await.map_err(text)?;
        equal("its standing", (standing.sealed, standing.epoch), (true, lease.epoch))?;
    }
    let refused = [
        journal.append(Append::to(&order).event(event(2))).await.err(),
        journal.append(Append::to(&order).after(Sequence::new(7))).await.err(),
        journal.claim(Claim::of(["order"])).await.err(),
        journal.renew(core::slice::from_ref(&lease), LEASE).await.err(),
        journal.remove(&order, Sequence::new(1)).await.err(),
    ];
    for refused in refused {
        let sealed = matches!(refused, Some(JournalError::Sealed));
        holds("a sealed journal takes what must be refused, or says another reason", sealed)?;
    }
    let records = journal.read(&order, Sequence::START, 9).await.map_err(text)?;
    equal("what is there", records.len(), 1)?;
    journal.unseal().await.map_err(text)?;
    bench.append(Append::to(&order).event(event(2))).await?;
    let again = journal.claim(Claim::of(["order"])).await.map_err(text)?;
    equal("due as before", again.len(), 1)
}

pub(super) async fn a_journal_in_which_somebody_works_is_not_sealed(bench: &Bench) -> Found {
    let (journal, order) = (&bench.journal, stream("order", "1")?);
    bench.append(Append::to(&order).due(Due::Now)).await?;
    let claim = Claim::of(["order"]).lease(LEASE);
    equal("claimed", journal.claim(claim).await.map_err(text)?.len(), 1)?;
    match journal.seal().await {
        Err(JournalError::Busy { stream }) => equal("who is busy", &stream, &order)?,
        other => return Err(format!("somebody works at it, and that gave {other:?}")),
    }
    bench.append(Append::to(&order).event(event(1))).await?;
    bench.clock.advance(LEASE);
    journal.seal().await.map_err(text)
}

/// As another journal would have it.
fn head(stream: &StreamId, sequence: u64, epoch: u64) -> Head {
    Head {
        stream: stream.clone(),
        sequence: Sequence::new(sequence),
        epoch: Epoch::new(epoch),
        status: "stuck".to_string(),
        priority: -3,
        due_at: None,
        held: None,
        created_at: noon() - LEASE * 10,
        changed_at: noon() - LEASE,
    }
}

fn record(stream: &StreamId, sequence: u64, epoch: u64) -> Record {
    let (sequence, epoch) = (Sequence::new(sequence), Epoch::new(epoch));
    let at = noon() - LEASE * 5 + LEASE * u32::try_from(sequence.get()).unwrap_or_default();
    Record::new(stream.clone(), sequence, Position::START, epoch, at, event(sequence.get()))
}

pub(super) async fn what_is_adopted_is_as_it_was(bench: &Bench) -> Found {
    let (journal, store) = (&bench.journal, bench.journal.store());
    let (order, other) = (stream("order", "1")?, stream("order", "2")?);
    let empty = stream("order", "3")?;
    let records = vec![record(&order, 1, 0), record(&other, 1, 4), record(&order, 2, 9)];
    let adopted = |records, heads| Adopted::new(records, heads, Epoch::new(20));
    let early = store.adopt(adopted(records.clone(), Vec::new())).await;
    holds("who is not sealed adopts nothing", matches!(early, Err(JournalError::Unusable { .. })))?;
    journal.seal().await.map_err(text)?;
    store.adopt(adopted(records.clone(), Vec::new())).await.map_err(text)?;
    let due = Head { due_at: Some(noon()), ..head(&order, 2, 9) };
    let heads = vec![due.clone(), head(&other, 1, 4), head(&empty, 0, 0)];
    // Twice is as once.
    for _ in 0..2 {
        store.adopt(adopted(Vec::new(), heads.clone())).await.map_err(text)?;
    }
    let read = journal.read_all(Position::START, 9).await.map_err(text)?;
    holds("positions grow", read.is_sorted_by(|one, next| one.position < next.position))?;
    let without = |mut it: Record| {
        it.position = Position::START;
        it
    };
    equal("the records", read.into_iter().map(without).collect::<Vec<_>>(), records)?;
    for head in heads {
        let found = journal.head(&head.stream).await.map_err(text)?;
        equal("a head", found, Some(head))?;
    }
    equal("the epochs", journal.standing().await.map_err(text)?.epoch, Epoch::new(20))?;

    journal.unseal().await.map_err(text)?;
    let lease = journal.claim(Claim::of(["order"]).most(9)).await.map_err(text)?;
    equal("what is due", lease.iter().map(|it| it.stream.clone()).collect(), vec![order.clone()])?;
    holds("an epoch is given again", lease[0].epoch > Epoch::new(20))?;
    let next = Append::to(&order).after(Sequence::new(2)).fenced(&lease[0]).event(event(3));
    equal("its next number", bench.append(next).await?.sequence.get(), 3)
}

pub(super) async fn what_does_not_fit_is_not_adopted(bench: &Bench) -> Found {
    let (journal, store) = (&bench.journal, bench.journal.store());
    let (order, other) = (stream("order", "1")?, stream("order", "2")?);
    bench.append(Append::to(&order).event(event(1))).await?;
    journal.seal().await.map_err(text)?;
    for (records, heads) in [
        (vec![record(&other, 1, 0), record(&order, 1, 0)], Vec::new()),
        (vec![record(&other, 1, 0), record(&order, 3, 0)], Vec::new()),
        (vec![record(&other, 1, 0), record(&other, 3, 0)], Vec::new()),
        (vec![record(&other, 1, 0)], vec![head(&order, 2, 0)]),
    ] {
        let refused = store.adopt(Adopted::new(records, heads, Epoch::new(7))).await;
        holds("what does not fit", matches!(refused, Err(JournalError::Conflict { .. })))?;
    }
    equal("what is written", journal.head(&other).await.map_err(text)?, None)?;
    let all = journal.read_all(Position::START, 9).await.map_err(text)?;
    equal("all there is", all.len(), 1)?;
    equal("the epochs", journal.standing().await.map_err(text)?.epoch, Epoch::NEVER)
}

pub(super) async fn when_all_epochs_are_given_that_is_an_error(bench: &Bench) -> Found {
    let (journal, store, last) = (&bench.journal, bench.journal.store(), i64::MAX.cast_unsigned());
    let (order, other) = (stream("order", "1")?, stream("order", "2")?);
    let adopted = |heads, epoch| Adopted::new(Vec::new(), heads, Epoch::new(epoch));
    journal.seal().await.map_err(text)?;
    let beyond = store.adopt(adopted(Vec::new(), last + 1)).await;
    holds("no store has a higher one", matches!(beyond, Err(JournalError::Invalid(_))))?;
    // What a head says counts as well.
    let heads = vec![Head { due_at: Some(noon()), ..head(&order, 0, last - 1) }];
    store.adopt(adopted(heads, 7)).await.map_err(text)?;
    equal("the epochs", journal.standing().await.map_err(text)?.epoch, Epoch::new(last - 1))?;
    journal.unseal().await.map_err(text)?;

    bench.append(Append::to(&other).event(event(1)).due(Due::After(LEASE))).await?;
    let claim = async || journal.claim(Claim::of(["order"]).lease(LEASE).most(9)).await;
    let leases = claim().await.map_err(text)?;
    equal("the last one", leases[0].epoch, Epoch::new(last))?;
    bench.append(Append::to(&order).fenced(&leases[0]).due(Due::Never).release()).await?;
    bench.clock.advance(LEASE);
    let used_up = |it: &JournalError| matches!(it, JournalError::Unusable { .. });
    let refused = claim().await.err();
    holds("an epoch was given twice", refused.as_ref().is_some_and(used_up))?;
    let begin = Append::to(&stream("order", "3")?).after(Sequence::START).event(event(1));
    let refused = bench.refused(begin.held_by("worker", LEASE)).await?;
    holds("one that begins a stream was given twice", used_up(&refused))?;
    equal("nothing was written", journal.head(&stream("order", "3")?).await.map_err(text)?, None)?;
    // All else goes on.
    bench.append(Append::to(&other).event(event(2))).await.map(drop)
}

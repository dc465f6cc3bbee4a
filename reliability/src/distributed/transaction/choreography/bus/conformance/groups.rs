//! Who gets what.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;

use super::{Bench, Found, envelope, equal, group, holds, next, next_number, numbers, text};
use crate::distributed::transaction::choreography::bus::{
    BusError, Envelope, EventId, Group, TransactionId,
};
use crate::journal::Event;

pub(super) async fn an_envelope_comes_as_it_was_published(bench: &Bench) -> Found {
    let mut stock = bench.subscribe(group("stock")?).await?;
    let transaction = TransactionId::new(u128::MAX);
    let event = |event| Envelope::new("place_order", transaction, "a key, \u{1F375}", event);
    let long = vec![b'\n'; Envelope::LONGEST_PAYLOAD];
    let cause = EventId::new("an event before it").map_err(text)?;
    let all = [
        event(Event::json("Placed", u32::MAX, &("tea", Some(3), "\"\u{0}\\")).map_err(text)?),
        event(Event::bytes("Empty", 0, [])),
        event(Event::bytes("Gr\u{fc}\u{df}e '; --", 1, [0, 255, 0, 10, 13])),
        event(Event::bytes("Long", 1, long)),
        event(Event::bytes("Full", 1, [1]))
            .map(|it| it.caused_by(&cause).with_id(EventId::clone(&cause)))
            .and_then(|it| it.with_effect("charge-1 ~!"))
            .and_then(|it| {
                it.with_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            }),
    ];
    for expected in all {
        let expected = expected.map_err(text)?;
        bench.publish(expected.clone()).await?;
        let delivery = next(&mut stock).await?;
        holds("an envelope is not what it was", *delivery.envelope() == expected)?;
        delivery.ack().await.map_err(text)?;
    }
    Ok(())
}

pub(super) async fn each_group_gets_everything(bench: &Bench) -> Found {
    let mut stock = bench.subscribe(group("stock")?).await?;
    let mut card = bench.subscribe(group("card.eu_1-a")?).await?;
    for number in 1..=20 {
        bench.publish(envelope(number)?).await?;
    }
    let all: Vec<u64> = (1..=20).collect();
    equal("what one group gets", numbers(&mut stock, 20).await?, all.clone())?;
    equal("what the other one gets", numbers(&mut card, 20).await?, all)
}

pub(super) async fn topics_do_not_mix(bench: &Bench) -> Found {
    let mut here = bench.subscribe(group("stock")?).await?;
    // Names that a bus may take for the same, or for a part of the other.
    let others = ["place_order.stock", "place_orde", "place-order"];
    for (number, topic) in (1..).zip(others) {
        let there = Group::of(topic, "stock").map_err(text)?;
        let mut there = bench.subscribe(there).await?;
        let event = Event::json("Numbered", 1, &number).map_err(text)?;
        let other = Envelope::new(topic, TransactionId::new(1), "order-1", event).map_err(text)?;
        bench.publish(other).await?;
        equal("what comes to the other topic", next_number(&mut there).await?, number)?;
    }
    bench.publish(envelope(77)?).await?;
    equal("what comes to this topic", next_number(&mut here).await?, 77)
}

pub(super) async fn a_group_that_was_declared_misses_nothing(bench: &Bench) -> Found {
    bench.bus.declare(group("stock")?).await.map_err(text)?;
    bench.publish(envelope(1)?).await?;
    // A second time changes nothing.
    bench.bus.declare(group("stock")?).await.map_err(text)?;
    bench.publish(envelope(2)?).await?;
    let mut stock = bench.subscribe(group("stock")?).await?;
    equal("what came while nobody listened", numbers(&mut stock, 2).await?, vec![1, 2])
}

pub(super) async fn what_nobody_listens_to_is_not_dropped(bench: &Bench) -> Found {
    match bench.bus.publish(envelope(1)?).await {
        Err(BusError::Nobody { .. }) => Ok(()),
        Err(other) => Err(alloc::format!("expected `Nobody`, found: {other}")),
        Ok(()) => {
            let mut late = bench.subscribe(group("stock")?).await?;
            equal("what was kept for a group", next_number(&mut late).await?, 1)
        }
    }
}

pub(super) async fn members_of_a_group_share_what_comes(bench: &Bench) -> Found {
    let few = || group("stock").and_then(|it| it.with_most_unsettled(10).map_err(text));
    let mut one = bench.subscribe(few()?).await?;
    let mut two = bench.subscribe(few()?).await?;
    for number in 1..=20 {
        bench.publish(envelope(number)?).await?;
    }
    // Nothing is settled before all has come, so that nobody gets what the other one has.
    let (mut held, mut came) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        for member in [&mut one, &mut two] {
            let delivery = next(member).await?;
            came.push(super::number(&delivery)?);
            held.push(delivery);
        }
    }
    for delivery in held {
        delivery.ack().await.map_err(text)?;
    }
    came.sort_unstable();
    equal("what both get together", came, (1..=20).collect())
}

pub(super) async fn what_many_publish_at_once_all_comes(bench: &Bench) -> Found {
    let mut stock = bench.subscribe(group("stock")?).await?;
    let all: Result<Vec<Envelope>, String> = (1..=50).map(envelope).collect();
    let mut publishing: Vec<_> =
        all?.into_iter().map(|it| Some(Box::pin(bench.bus.publish(it)))).collect();
    let published: Result<(), BusError> = poll_fn(|context| {
        for slot in &mut publishing {
            if let Some(future) = slot
                && let Poll::Ready(published) = future.as_mut().poll(context)
            {
                *slot = None;
                published?;
            }
        }
        match publishing.iter().all(Option::is_none) {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    })
    .await;
    published.map_err(text)?;
    equal("all of them", numbers(&mut stock, 50).await?, (1..=50).collect())
}

pub(super) async fn what_was_removed_gets_nothing_any_more(bench: &Bench) -> Found {
    let remove = async || bench.bus.remove(group("fax")?).await.map_err(text);
    // One that is not there is removed already, also where there is nothing yet.
    remove().await?;
    let mut stock = bench.subscribe(group("stock")?).await?;
    remove().await?;
    // One that somebody has held and given back for later, one that nobody has taken.
    let mut fax = bench.subscribe(group("fax")?.with_most_unsettled(1).map_err(text)?).await?;
    bench.publish(envelope(1)?).await?;
    next(&mut fax).await?.nack(Duration::from_secs(1)).await.map_err(text)?;
    drop(fax);
    bench.publish(envelope(2)?).await?;
    remove().await?;
    remove().await?;
    bench.publish(envelope(3)?).await?;
    equal("what the others get", numbers(&mut stock, 3).await?, vec![1, 2, 3])?;
    let mut anew = bench.subscribe(group("fax")?).await?;
    bench.publish(envelope(4)?).await?;
    equal("what comes first to who is there again", next_number(&mut anew).await?, 4)?;
    // And nothing comes late.
    match tokio::time::timeout(Duration::from_secs(3), anew.next()).await {
        Err(_) => Ok(()),
        Ok(came) => {
            let came = super::number(&came.map_err(text)?)?;
            Err(alloc::format!("{came} was thrown away with its group, and comes all the same"))
        }
    }
}

pub(super) async fn a_topic_whose_last_group_was_removed_is_as_new(bench: &Bench) -> Found {
    bench.bus.declare(group("fax")?).await.map_err(text)?;
    bench.publish(envelope(1)?).await?;
    bench.bus.remove(group("fax")?).await.map_err(text)?;
    let published = bench.bus.publish(envelope(2)?).await;
    let mut stock = bench.subscribe(group("stock")?).await?;
    match published {
        // It may take two attempts to find out.
        Err(BusError::Nobody { .. } | BusError::Unavailable { .. }) => {}
        Err(other) => return Err(alloc::format!("expected `Nobody`, found: {other}")),
        Ok(()) => equal("what was kept for a group", next_number(&mut stock).await?, 2)?,
    }
    bench.publish(envelope(3)?).await?;
    equal("what comes first", next_number(&mut stock).await?, 3)
}

//! What becomes of what was delivered.

use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;

use super::{Bench, Found, envelope, equal, group, next, next_number, number, text};

pub(super) async fn what_was_acknowledged_does_not_come_again(bench: &Bench) -> Found {
    let mut stock = bench.subscribe(group("stock")?).await?;
    bench.publish(envelope(1)?).await?;
    equal("the first", next_number(&mut stock).await?, 1)?;
    drop(stock);
    let mut stock = bench.subscribe(group("stock")?).await?;
    bench.publish(envelope(2)?).await?;
    equal("behind what was acknowledged", next_number(&mut stock).await?, 2)
}

pub(super) async fn what_was_not_settled_comes_again(bench: &Bench) -> Found {
    let mut gone = bench.subscribe(group("stock")?).await?;
    bench.publish(envelope(1)?).await?;
    let delivery = next(&mut gone).await?;
    drop(delivery);
    drop(gone);
    let mut stock = bench.subscribe(group("stock")?).await?;
    equal("what a member has left behind", next_number(&mut stock).await?, 1)
}

pub(super) async fn what_was_given_back_comes_again_and_not_too_soon(bench: &Bench) -> Found {
    let mut stock = bench.subscribe(group("stock")?).await?;
    bench.publish(envelope(1)?).await?;
    let pause = Duration::from_millis(300);
    let delivery = next(&mut stock).await?;
    delivery.nack(pause).await.map_err(text)?;
    // Brokers count in milliseconds, and begin to a little before they answer.
    let too_soon = tokio::time::sleep(pause / 2);
    tokio::pin!(too_soon);
    let early = tokio::select! {
        biased;
        () = &mut too_soon => None,
        delivery = stock.next() => Some(delivery.map_err(text)?),
    };
    equal("what comes before its time", early.map(|it| number(&it)).transpose()?, None)?;
    equal("what comes in its time", next_number(&mut stock).await?, 1)
}

pub(super) async fn what_was_given_back_holds_nothing_up(bench: &Bench) -> Found {
    let most = group("stock")?.with_most_unsettled(1).map_err(text)?;
    let mut stock = bench.subscribe(most).await?;
    bench.publish(envelope(1)?).await?;
    next(&mut stock).await?.nack(Duration::from_secs(3_600)).await.map_err(text)?;
    bench.publish(envelope(2)?).await?;
    equal("behind one that was given back", next_number(&mut stock).await?, 2)
}

pub(super) async fn who_holds_enough_leaves_the_rest_to_others(bench: &Bench) -> Found {
    let most = group("stock")?.with_most_unsettled(2).map_err(text)?;
    let mut full = bench.subscribe(most.clone()).await?;
    for number in 1..=3 {
        bench.publish(envelope(number)?).await?;
    }
    let held = [next(&mut full).await?, next(&mut full).await?];
    let mut other = bench.subscribe(most).await?;
    let left = next_number(&mut other).await?;
    let mut all = [number(&held[0])?, number(&held[1])?, left];
    all.sort_unstable();
    equal("what both get together", all, [1, 2, 3])?;
    for delivery in held {
        delivery.ack().await.map_err(text)?;
    }
    // Which may be given it as well, before it asks.
    drop(other);
    bench.publish(envelope(4)?).await?;
    equal("who has settled gets more", next_number(&mut full).await?, 4)
}

pub(super) async fn who_stops_waiting_loses_nothing(bench: &Bench) -> Found {
    let mut stock = bench.subscribe(group("stock")?).await?;
    for wanted in 1..=20 {
        {
            let mut waiting = stock.next();
            let polled = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await;
            if let Poll::Ready(came) = polled {
                let came = number(&came.map_err(text)?)?;
                return Err(alloc::format!("{came} came, and nothing was published"));
            }
        }
        bench.publish(envelope(wanted)?).await?;
        {
            let mut waiting = stock.next();
            let polled = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await;
            if let Poll::Ready(came) = polled {
                let came = came.map_err(text)?;
                equal("what comes at once", number(&came)?, wanted)?;
                came.ack().await.map_err(text)?;
                continue;
            }
        }
        equal("what comes to who asks again", next_number(&mut stock).await?, wanted)?;
    }
    Ok(())
}

pub(super) async fn the_same_event_may_be_published_again(bench: &Bench) -> Found {
    let mut stock = bench.subscribe(group("stock")?).await?;
    for _ in 0..3 {
        bench.publish(envelope(1)?).await?;
    }
    equal("at least once", next_number(&mut stock).await?, 1)?;
    bench.publish(envelope(2)?).await?;
    // However often the first one comes, the second one does.
    loop {
        match next_number(&mut stock).await? {
            1 => {}
            other => return equal("behind repetitions", other, 2),
        }
    }
}

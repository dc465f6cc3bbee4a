//! The task that fetches for one member: never more than it may hold.
//!
//! ```text
//!            pull: so many           deliveries             settled, dropped
//!  JetStream <----------- Pump <-- messages  --> Subscription --> Holding --> JetStream
//!                          |  every third of the time of redelivery: still at it
//!                          +-------------------------------------------------> JetStream
//! ```
//!
//! What is asked for and what is held together are at most what the group allows. At most one pull
//! is open; it ends when all has come, when the server says so, with the connection, or in time.

use alloc::string::ToString;
use alloc::sync::Arc;
use core::future::pending;
use core::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::BatchConfig;
use async_nats::{Message, StatusCode, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::super::broker::{delivered, set_aside, settled};
use super::super::bus::{BusError, Delivery, Envelope, Group};
use super::bus::{Inner, SYSTEM};
use super::error::{RECEIVING, away, unavailable};
use super::group;
use super::held::Held;
use crate::resilience::retry::Backoff;

/// How long a pull is open; the server says so when it ends.
const OPEN: Duration = Duration::from_secs(30);
/// When the server has not said so.
const LATE: Duration = Duration::from_secs(5);
/// How long to leave a server alone that cannot serve.
const AGAIN: Backoff = Backoff::exponential(Duration::from_millis(20)).max(Duration::from_secs(2));
/// When what could not be set aside comes again.
const SET_ASIDE_AGAIN: Duration = Duration::from_secs(10);

pub(super) struct Pump {
    bus: Arc<Inner>,
    group: Group,
    consumer: PullConsumer,
    held: Arc<Held>,
    out: mpsc::Sender<Result<Delivery, BusError>>,
    /// Where messages come, behind it the number of the pull.
    inbox: Subject,
    messages: Subscriber,
    pull: u64,
    /// How many are still to come of the open pull.
    asked: usize,
    until: Instant,
    /// How often the server could not serve, one after the other; and when it is asked again.
    failures: u32,
    rest: Option<Instant>,
}

impl Pump {
    pub(super) async fn open(
        bus: &Arc<Inner>,
        group: &Group,
        consumer: PullConsumer,
        held: &Arc<Held>,
        out: mpsc::Sender<Result<Delivery, BusError>>,
    ) -> Result<Self, BusError> {
        let inbox = Subject::from(bus.client.new_inbox());
        let messages = bus.client.subscribe(alloc::format!("{inbox}.*")).await;
        Ok(Self {
            bus: Arc::clone(bus),
            group: group.clone(),
            consumer,
            held: Arc::clone(held),
            out,
            inbox,
            messages: messages.map_err(|error| unavailable(RECEIVING, error))?,
            pull: 0,
            asked: 0,
            until: within(Duration::ZERO),
            failures: 0,
            rest: None,
        })
    }

    /// Until nobody wants anything any more, and the server has been told what is given back.
    pub(super) async fn run(mut self) {
        let mut state = self.bus.standing.watch();
        let mut alive = interval(self.bus.settings.redelivery / 3);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.ask().await;
            let (asked, until, rest) = (self.asked, self.until, self.rest);
            tokio::select! {
                () = self.out.closed() => break,
                message = self.messages.next() => match message {
                    Some(message) => self.take(message).await,
                    None => {
                        let _ = self.out.try_send(Err(BusError::Closed));
                        break;
                    }
                },
                () = self.held.changed.notified() => self.give_back().await,
                // The server does not know any more what was asked over the connection before.
                changed = state.changed() => match changed {
                    Ok(()) => self.asked = 0,
                    Err(_) => break,
                },
                _ = alive.tick() => self.still_at_it().await,
                () = at(rest) => self.open_again().await,
                () = sleep_until(until), if asked > 0 => self.asked = 0,
            }
        }
        for reply in self.held.take_all() {
            self.say(reply, AckKind::Nak(None)).await;
            settled(SYSTEM, "dropped");
        }
    }

    /// Pulls, if there is room for a good part of what may be held, or somebody waits.
    async fn ask(&mut self) {
        let most = self.group.most_unsettled();
        let room = most.saturating_sub(self.held.count());
        let nothing_waits = self.out.capacity() == self.out.max_capacity();
        let is_worth_it = nothing_waits || room * 2 >= most;
        let is_away = !self.bus.standing.watch().borrow().connected;
        if self.asked > 0 || room == 0 || !is_worth_it || is_away || self.rest.is_some() {
            return;
        }
        self.pull += 1;
        let wanted = BatchConfig { batch: room, expires: Some(OPEN), ..BatchConfig::default() };
        let inbox = Subject::from(alloc::format!("{}.{}", self.inbox, self.pull));
        match self.consumer.request_batch(wanted, inbox).await {
            Ok(()) => {
                self.asked = room;
                self.until = within(OPEN + LATE);
            }
            Err(error) => self.failed(unavailable(RECEIVING, error)),
        }
    }

    async fn take(&mut self, message: Message) {
        match message.status {
            None | Some(StatusCode::OK) => {}
            Some(StatusCode::IDLE_HEARTBEAT) => return,
            Some(status) => return self.end_of_pull(&message, status),
        }
        self.asked = self.asked.saturating_sub(1);
        self.failures = 0;
        let Some(reply) = message.reply else { return };
        match Envelope::read(&message.payload) {
            Ok(envelope) => {
                delivered(SYSTEM);
                let holding = self.held.hold(&self.bus, reply);
                // When nobody takes it, it is given back by being dropped.
                let _ = self.out.try_send(Ok(Delivery::new(envelope, holding)));
            }
            Err(why) => self.set_aside(reply, message.payload, &why).await,
        }
    }

    /// What is no envelope does not come to this group again.
    async fn set_aside(&mut self, reply: Subject, came: Bytes, why: &BusError) {
        set_aside(SYSTEM, &self.group, why);
        let kept = group::set_aside(&self.bus, came).await;
        let told = match kept {
            Ok(()) => AckKind::Term,
            Err(_) => AckKind::Nak(Some(SET_ASIDE_AGAIN)),
        };
        self.say(reply, told).await;
    }

    /// The server ends a pull: in time, or because it cannot serve it.
    fn end_of_pull(&mut self, message: &Message, status: StatusCode) {
        let number = message.subject.rsplit('.').next().and_then(|it| it.parse::<u64>().ok());
        if number != Some(self.pull) {
            return;
        }
        self.asked = 0;
        if !matches!(status, StatusCode::TIMEOUT | StatusCode::NOT_FOUND) {
            let why = message.description.clone().unwrap_or_else(|| status.to_string());
            self.failed(away(RECEIVING, Some(why)));
        }
    }

    /// Leaves the server alone for a while, then sees what is wrong.
    fn failed(&mut self, error: BusError) {
        self.bus.standing.complained(&error);
        self.failures = self.failures.saturating_add(1);
        let pause = AGAIN.delay(self.failures, Duration::ZERO, fastrand::u64(..));
        self.rest = Some(within(pause));
    }

    /// Whatever it was, the group may be gone with it.
    async fn open_again(&mut self) {
        self.rest = None;
        match group::declare(&self.bus, &self.group).await {
            Ok(consumer) => self.consumer = consumer,
            Err(error) => {
                self.failed(away(RECEIVING, Some(error.to_string())));
                // Who waits hears of it once; who does not has enough to do.
                if self.out.capacity() == self.out.max_capacity() {
                    let _ = self.out.try_send(Err(error));
                }
            }
        }
    }

    async fn give_back(&mut self) {
        for reply in self.held.take_dropped() {
            self.say(reply, AckKind::Nak(None)).await;
            settled(SYSTEM, "dropped");
        }
    }

    async fn still_at_it(&mut self) {
        for reply in self.held.all() {
            self.say(reply, AckKind::Progress).await;
        }
    }

    /// Without an answer: when the server does not hear it, it finds out in time.
    async fn say(&self, reply: Subject, kind: AckKind) {
        if let Err(error) = self.bus.client.publish(reply, Bytes::from(kind)).await {
            self.bus.standing.complained(&error);
        }
    }
}

fn within(pause: Duration) -> Instant {
    sleep(pause).deadline()
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

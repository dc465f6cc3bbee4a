//! What goes together, and when: whatever has come while others were on their way.
//!
//! A call of the database costs several times what an append in it does, for the server's processors
//! as well as for its disk. So one group goes at once, and another one beside it when it is large, or
//! when the first takes long: then it goes on a connection of its own while there is one, and
//! otherwise behind another one on the same, without waiting for that one's answer.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::pin::Pin;
use core::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Sleep, sleep};

use super::group::{Call, Sending};
use super::line::Line;

/// The most bytes of payloads that go together; one call alone may have more.
const MOST_BYTES: usize = 4 << 20;

/// So many calls do not wait for those who are on their way.
const ENOUGH: usize = 32;

/// And fewer wait no longer than this, as long as a commit takes that is in nobody's way.
const PATIENCE: Duration = Duration::from_millis(2);

/// How many groups may be on their way on one connection: while the server works at one, the next
/// is there already. With more of them the groups become smaller, and nothing faster.
const IN_TURN: usize = 2;

pub(super) struct Writer {
    /// Each group that is on its way has one of them.
    lines: Vec<Arc<Line>>,
    queued: Receiver<Call>,
    /// How many calls go together at most.
    most: usize,
    sending: Arc<Sending>,
    on_their_way: JoinSet<()>,
    next: Vec<Call>,
    bytes: usize,
    /// What does not go with the next ones any more.
    behind: Option<Call>,
    /// How long the next ones wait for those who are on their way; `None`: no longer.
    patience: Option<Pin<Box<Sleep>>>,
    /// Whether all who might have queued something are gone.
    is_closed: bool,
}

impl Writer {
    pub(super) fn new(
        lines: Vec<Arc<Line>>,
        queued: Receiver<Call>,
        most: usize,
        sending: Sending,
    ) -> Self {
        Self {
            lines,
            queued,
            most,
            sending: Arc::new(sending),
            on_their_way: JoinSet::new(),
            next: Vec::new(),
            bytes: 0,
            behind: None,
            patience: None,
            is_closed: false,
        }
    }

    /// Until the store is gone, and everything that was queued is written.
    pub(super) async fn run(mut self) {
        loop {
            self.gather();
            if let Some(line) = self.way() {
                self.send(line).await;
            } else if self.is_closed && self.next.is_empty() && self.on_their_way.is_empty() {
                return;
            } else {
                self.wait().await;
            }
        }
    }

    /// The connection on which the next ones go now, if they do.
    fn way(&mut self) -> Option<Arc<Line>> {
        while self.on_their_way.try_join_next().is_some() {}
        if self.next.is_empty() {
            return None;
        }
        let is_large = self.behind.is_some() || self.next.len() >= ENOUGH.min(self.most);
        if !self.on_their_way.is_empty() && !is_large && self.patience.is_some() {
            return None;
        }
        let free = self.lines.iter().min_by_key(|line| Arc::strong_count(line))?;
        (Arc::strong_count(free) <= IN_TURN).then(|| Arc::clone(free))
    }

    async fn send(&mut self, line: Arc<Line>) {
        // Those who were answered together ask together: who has not come to it yet may still go
        // with the first of them.
        yield_now().await;
        self.gather();
        let mut group = core::mem::take(&mut self.next);
        self.bytes = 0;
        self.patience = None;
        if let Some(call) = self.behind.take() {
            self.add(call);
        }
        // Who has gone before it was sent gets nothing written.
        group.retain(Call::is_awaited);
        if !group.is_empty() {
            let sending = Arc::clone(&self.sending);
            self.on_their_way.spawn(async move { sending.send(&line, group).await });
        }
    }

    /// Until there is something more to send, or a way to send it.
    async fn wait(&mut self) {
        let has_room = self.has_room();
        let Self { queued, on_their_way, patience, is_closed, .. } = self;
        tokio::select! {
            call = queued.recv(), if has_room && !*is_closed => match call {
                Some(call) => self.add(call),
                None => self.is_closed = true,
            },
            Some(_) = on_their_way.join_next() => {}
            () = over(patience) => self.patience = None,
        }
    }

    fn has_room(&self) -> bool {
        self.behind.is_none() && self.next.len() < self.most
    }

    fn gather(&mut self) {
        while self.has_room()
            && let Ok(call) = self.queued.try_recv()
        {
            self.add(call);
        }
    }

    fn add(&mut self, call: Call) {
        if self.next.is_empty() {
            self.patience = Some(Box::pin(sleep(PATIENCE)));
        } else if self.bytes + call.bytes() > MOST_BYTES {
            self.behind = Some(call);
            return;
        }
        self.bytes += call.bytes();
        self.next.push(call);
    }
}

async fn over(patience: &mut Option<Pin<Box<Sleep>>>) {
    match patience {
        Some(patience) => patience.await,
        None => pending().await,
    }
}

//! News from other processes, and for them.
//!
//! A transaction that notifies holds a lock of the whole server until it is committed, so that no
//! append does it. It is done behind them, on a connection of its own whose commits do not wait for
//! the disk, once for all that has come meanwhile. Who dies in between has told nobody; so those who
//! wait ask from time to time as well.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::task::{Poll, ready};
use core::time::Duration;

use tokio::sync::mpsc::{Receiver, WeakSender};
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage};

use super::dial::Driver;
use super::error::untouched;
use super::line::{Server, backoff};
use crate::journal::{Changed, JournalError};
use crate::sync::atomic::{AtomicU32, Ordering};

/// How long nobody is told again: whoever is woken finds what has come meanwhile.
const REST: Duration = Duration::from_millis(5);

pub(super) struct Listener {
    server: Arc<Server>,
    changed: Arc<Changed>,
    /// Something was written here.
    news: Receiver<()>,
    /// Woken as well when the connection is gone.
    wake: WeakSender<()>,
}

impl Listener {
    pub(super) const fn new(
        server: Arc<Server>,
        changed: Arc<Changed>,
        news: Receiver<()>,
        wake: WeakSender<()>,
    ) -> Self {
        Self { server, changed, news, wake }
    }

    /// Until the store is gone.
    pub(super) async fn run(mut self, mut client: Client) {
        let notify = alloc::format!("NOTIFY {}", self.server.place.channel());
        while self.news.recv().await.is_some() {
            while client.is_closed() {
                let Some(again) = self.again().await else { return };
                client = again;
                // Who was away may have missed something.
                self.changed.tell();
            }
            // When this fails the connection is gone, or soon will be.
            let _ = timeout(self.server.timeout, client.batch_execute(&notify)).await;
            sleep(REST).await;
        }
    }

    async fn again(&mut self) -> Option<Client> {
        let mut attempt = 0;
        loop {
            match self.connect().await {
                Ok(client) => return Some(client),
                Err(_) if self.news.is_closed() => return None,
                Err(_) => attempt += 1,
            }
            sleep(backoff(attempt)).await;
            // The others are told as soon as there is a connection.
            let _ = self.news.try_recv();
        }
    }

    pub(super) async fn connect(&self) -> Result<Client, JournalError> {
        let failed = |error| untouched("listening for news", &error);
        let (client, driver) = self.server.dial.dial(&self.server.config).await.map_err(failed)?;
        let own = Arc::new(AtomicU32::new(0));
        tokio::spawn(drive(driver, Arc::clone(&self.changed), Arc::clone(&own), self.wake.clone()));
        let listen = alloc::format!(
            "SET synchronous_commit = off; LISTEN {}; SELECT pg_backend_pid()",
            self.server.place.channel()
        );
        let said = client.simple_query(&listen).await.map_err(failed)?;
        let number = said.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        own.store(number.unwrap_or_default(), Ordering::Relaxed);
        Ok(client)
    }
}

/// Wakes those who wait for what others have written; what is written here wakes them by itself.
async fn drive(
    mut driver: Driver,
    changed: Arc<Changed>,
    own: Arc<AtomicU32>,
    wake: WeakSender<()>,
) {
    poll_fn(|context| {
        loop {
            match ready!(driver(context)) {
                Some(Ok(AsyncMessage::Notification(news))) => {
                    if news.process_id().unsigned_abs() != own.load(Ordering::Relaxed) {
                        changed.tell();
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(()),
            }
        }
    })
    .await;
    if let Some(wake) = wake.upgrade() {
        let _ = wake.try_send(());
    }
}

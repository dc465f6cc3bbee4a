//! A place for a connection, which is made anew when it is gone.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::pin;
use core::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Row};

use super::dial::{Dial, drive};
use super::error::{Failed, untouched};
use super::open::{self, Place};
use super::session::{Ask, Session, Texts};
use crate::journal::JournalError;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// What all connections of a store have in common.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) config: Config,
    pub(super) dial: Dial,
    pub(super) place: Place,
    pub(super) texts: Texts,
    /// How long to wait for a connection.
    pub(super) patience: Duration,
    /// How long to wait for an answer.
    pub(super) timeout: Duration,
}

pub(super) struct Line {
    server: Arc<Server>,
    session: Mutex<Option<Arc<Session>>>,
    /// Held by who makes a connection; the others wait for it.
    connecting: tokio::sync::Mutex<()>,
    /// Why the last attempt failed.
    refused: Mutex<String>,
    asked: AtomicUsize,
    /// How many calls were answered.
    answers: AtomicUsize,
}

/// How often a call is made that was in somebody's way.
const ATTEMPTS: u32 = 6;

impl Line {
    pub(super) fn new(server: &Arc<Server>) -> Self {
        Self {
            server: Arc::clone(server),
            session: Mutex::new(None),
            connecting: tokio::sync::Mutex::new(()),
            refused: Mutex::new(String::new()),
            asked: AtomicUsize::new(0),
            answers: AtomicUsize::new(0),
        }
    }

    /// How many calls wait for an answer.
    pub(super) fn waiting(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Reads: what was lost on the way is asked again.
    pub(super) async fn read(
        &self,
        what: &'static str,
        ask: Ask,
        with: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, JournalError> {
        let again = |failed: &Failed| failed.is_passing() || failed.is_lost();
        self.ask(ask, with, again).await?.map_err(|failed| failed.of_read(what))
    }

    /// Writes: what may have been written is not tried again.
    pub(super) async fn write(
        &self,
        what: &'static str,
        ask: Ask,
        with: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, JournalError> {
        self.try_write(ask, with).await?.map_err(|failed| failed.of_write(what))
    }

    /// As [`write`](Self::write); the outer error says that there is no connection.
    pub(super) async fn try_write(
        &self,
        ask: Ask,
        with: &[&(dyn ToSql + Sync)],
    ) -> Result<Result<Vec<Row>, Failed>, JournalError> {
        self.ask(ask, with, Failed::is_passing).await
    }

    async fn ask(
        &self,
        ask: Ask,
        with: &[&(dyn ToSql + Sync)],
        again: impl Fn(&Failed) -> bool,
    ) -> Result<Result<Vec<Row>, Failed>, JournalError> {
        let _counted = Counted::new(&self.asked);
        let mut attempt = 0;
        loop {
            let session = self.session().await?;
            let failed =
                match self.answer(&session, session.ask(&self.server.texts, ask, with)).await {
                    Ok(rows) => return Ok(Ok(rows)),
                    Err(failed) => failed,
                };
            if failed.is_lost() {
                self.forget(&session);
            }
            attempt += 1;
            if attempt == ATTEMPTS || !again(&failed) {
                return Ok(Err(failed));
            }
            sleep(backoff(attempt)).await;
        }
    }

    /// The server gives up by itself, unless it is gone without a word. Calls are answered in turn, so
    /// that those who were asked before have their time as well.
    async fn answer(
        &self,
        session: &Session,
        asked: impl Future<Output = Result<Vec<Row>, Failed>>,
    ) -> Result<Vec<Row>, Failed> {
        let late = self.server.timeout + self.server.timeout / 2 + Duration::from_secs(1);
        let mut asked = pin!(asked);
        loop {
            let answers = self.answers.load(Ordering::Relaxed);
            match timeout(late, asked.as_mut()).await {
                Ok(answered) => {
                    self.answers.fetch_add(1, Ordering::Relaxed);
                    return answered;
                }
                Err(_) if self.answers.load(Ordering::Relaxed) != answers => {}
                Err(_) => {
                    session.give_up();
                    return Err(Failed::Late);
                }
            }
        }
    }

    /// The connection, or a new one if it is gone.
    pub(super) async fn session(&self) -> Result<Arc<Session>, JournalError> {
        if let Some(session) = self.living() {
            return Ok(session);
        }
        let made = timeout(self.server.patience, self.connect()).await;
        made.unwrap_or_else(|_| {
            let mut source = self.refused.lock().clone();
            if source.is_empty() {
                source = "the server does not answer".to_string();
            }
            Err(JournalError::Unavailable { what: CONNECTING, source: source.into() })
        })
    }

    async fn connect(&self) -> Result<Arc<Session>, JournalError> {
        let _connecting = self.connecting.lock().await;
        if let Some(session) = self.living() {
            return Ok(session);
        }
        let mut attempt = 0;
        loop {
            match connect(&self.server).await {
                Ok(session) => {
                    let session = Arc::new(session);
                    *self.session.lock() = Some(Arc::clone(&session));
                    return Ok(session);
                }
                // Another attempt may succeed: it starts, or it moves to another machine.
                Err(JournalError::Unavailable { source, .. }) => {
                    *self.refused.lock() = source.to_string();
                }
                Err(error) => return Err(error),
            }
            attempt += 1;
            sleep(backoff(attempt)).await;
        }
    }

    fn living(&self) -> Option<Arc<Session>> {
        self.session.lock().clone().filter(|session| !session.is_closed())
    }

    /// Whoever comes next makes a new one.
    fn forget(&self, session: &Arc<Session>) {
        let mut current = self.session.lock();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
            *current = None;
        }
    }
}

const CONNECTING: &str = "connecting to the database";

async fn connect(server: &Server) -> Result<Session, JournalError> {
    let failed = |error| untouched(CONNECTING, &error);
    let (client, driver) = server.dial.dial(&server.config).await.map_err(failed)?;
    let driver = tokio::spawn(drive(driver));
    open::session(&client, &server.place, server.timeout).await?;
    Ok(Session::new(client, driver.abort_handle()))
}

/// Doubles from 10 ms to a second; half of it by chance, so that those who have met do not meet
/// again.
pub(super) fn backoff(attempt: u32) -> Duration {
    let most = 10 << attempt.saturating_sub(1).min(7);
    Duration::from_millis(fastrand::u64(most / 2..=most).min(1_000))
}

struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

//! What both journals have, read side by side.

use alloc::collections::VecDeque;
use alloc::format;
use std::time::SystemTime;

use super::CopyError;
use crate::journal::{Head, Heads, Journal, JournalError, Position, Record, StreamId};

/// Records, or heads, that are read at once.
pub(super) const PAGE: usize = 1_000;

/// All records of a journal, one after the other.
pub(super) struct Records<'a> {
    journal: &'a Journal,
    page: VecDeque<Record>,
    last: Position,
    ended: bool,
}

impl<'a> Records<'a> {
    pub(super) const fn of(journal: &'a Journal) -> Self {
        Self { journal, page: VecDeque::new(), last: Position::START, ended: false }
    }

    /// Nothing comes behind what was the end once.
    pub(super) async fn next(&mut self) -> Result<Option<Record>, JournalError> {
        if self.page.is_empty() && !self.ended {
            self.page = self.journal.read_all(self.last, PAGE).await?.into();
            self.ended = self.page.is_empty();
        }
        let next = self.page.pop_front();
        self.last = next.as_ref().map_or(self.last, |record| record.position);
        Ok(next)
    }
}

/// All heads of a journal, one after the other.
pub(super) struct Streams<'a> {
    journal: &'a Journal,
    pub(super) page: VecDeque<Head>,
    last: Option<StreamId>,
}

impl<'a> Streams<'a> {
    pub(super) const fn of(journal: &'a Journal) -> Self {
        Self { journal, page: VecDeque::new(), last: None }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Head>, JournalError> {
        if self.page.is_empty() {
            let mut heads = Heads::all().most(PAGE);
            if let Some(last) = &self.last {
                heads = heads.after(last);
            }
            self.page = self.journal.heads(heads).await?.into();
            self.last = self.page.back().map(|head| head.stream.clone()).or(self.last.take());
        }
        Ok(self.page.pop_front())
    }
}

/// To the microsecond, which is what stores write down.
fn micros(time: SystemTime) -> i128 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.as_micros() as i128,
        Err(before) => -(before.duration().as_micros() as i128),
    }
}

pub(super) fn same_record(one: &Record, other: &Record) -> Result<(), CopyError> {
    let place = |it: &Record| (it.stream.clone(), it.sequence, it.epoch, micros(it.at));
    if place(one) == place(other) && one.event == other.event {
        return Ok(());
    }
    let what = format!(
        "where the original has record {} of `{}`, the copy has record {} of `{}`, or another one \
         of that number",
        one.sequence, one.stream, other.sequence, other.stream
    );
    Err(CopyError::Differs { what })
}

pub(super) fn same_head(one: &Head, other: &Head) -> Result<(), CopyError> {
    let known = |it: &Head| {
        let times = (it.due_at.map(micros), micros(it.created_at), micros(it.changed_at));
        (it.stream.clone(), it.sequence, it.epoch, it.status.clone(), it.priority, times)
    };
    match known(one) == known(other) {
        true => Ok(()),
        false => {
            let what = format!("stream `{}` is not as in the original", other.stream);
            Err(CopyError::Differs { what })
        }
    }
}

pub(super) fn missing(side: &str, stream: &StreamId) -> CopyError {
    CopyError::Differs { what: format!("the {side} does not have all of stream `{stream}`") }
}

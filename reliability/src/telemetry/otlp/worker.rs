use alloc::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, Thread};

use super::InvalidSetting;
use super::lane::Lane;
use super::pipeline::{Next, Pipeline, Report, Wish};
use super::settings::Target;
use super::transport::Wires;
use super::voice::Voice;
use super::watch::Watch;
use crate::sync::Mutex;
use crate::time::{Clock, Instant};

/// What the thread and those who call it share.
#[derive(Debug)]
pub(super) struct Control {
    calls: Mutex<Calls>,
    pub(super) watch: Arc<Watch>,
}

#[derive(Debug, Default)]
struct Calls {
    wishes: Vec<Wish>,
    closed: bool,
}

impl Control {
    pub(super) fn new(watch: Arc<Watch>) -> Self {
        Self { calls: Mutex::new(Calls::default()), watch }
    }

    /// Leaves a wish for the thread; gives it back when there is no thread any more.
    pub(super) fn call(&self, wish: Wish) -> Result<(), Wish> {
        let mut calls = self.calls.lock();
        if calls.closed {
            return Err(wish);
        }
        calls.wishes.push(wish);
        Ok(())
    }

    fn take(&self) -> Vec<Wish> {
        core::mem::take(&mut self.calls.lock().wishes)
    }
}

/// Says that the thread is gone, however it went.
struct Presence(Arc<Control>);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.watch.stopped();
        let left = {
            let mut calls = self.0.calls.lock();
            calls.closed = true;
            core::mem::take(&mut calls.wishes)
        };
        for wish in left {
            let _ = wish.reply.try_send(Report { undelivered: 0, why: None });
        }
    }
}

/// What the thread works with, made by who starts it.
pub(super) struct Work {
    pub(super) targets: [Option<Target>; 3],
    pub(super) lanes: Box<dyn FnOnce(Instant) -> Vec<Lane> + Send>,
    pub(super) voice: Voice,
}

const NAME: &str = "reliability-otlp";

/// Starts the thread. It makes its clients itself: a runtime must not be dropped inside of another.
pub(super) fn start(control: Arc<Control>, work: Work) -> Result<Thread, InvalidSetting> {
    let (ready, is_ready) = sync_channel(1);
    let refused = |why: String| {
        let advice = alloc::format!("the system says: {why}");
        InvalidSetting::new("build", "able to start a thread", "not", advice)
    };
    let body = move || {
        let Work { targets, lanes, mut voice } = work;
        let presence = Presence(control);
        match Wires::new(targets) {
            Ok(mut wires) => {
                let clock = Clock::precise();
                let mut pipeline = Pipeline::new(clock.clone(), lanes(clock.now()));
                // Who builds it waits for this.
                let _ = ready.send(Ok(()));
                run(&presence.0, &mut pipeline, &mut wires, &mut voice, &clock);
            }
            Err(invalid) => {
                let _ = ready.send(Err(invalid));
            }
        }
    };
    let started = thread::Builder::new().name(NAME.into()).spawn(body);
    let handle = started.map_err(|error| refused(error.to_string()))?;
    is_ready.recv().map_err(|_| refused("it ended at once".into()))??;
    Ok(handle.thread().clone())
}

fn run(
    control: &Control,
    pipeline: &mut Pipeline,
    wires: &mut Wires,
    voice: &mut Voice,
    clock: &Clock,
) {
    loop {
        for wish in control.take() {
            pipeline.wish(wish);
        }
        let next = pipeline.step(wires);
        match next {
            Next::Again => {}
            Next::Wait(pause) => {
                voice.tell(&control.watch.health(), clock.now());
                thread::park_timeout(pause);
            }
            Next::Done => {
                voice.tell_last(&control.watch.health(), clock.now());
                return;
            }
        }
    }
}

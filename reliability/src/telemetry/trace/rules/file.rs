use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};

use super::Rules;
use crate::document::{self, Fault, LoadError, Mistakes, Source, WatchedFile};
use crate::sync::Turn;
use crate::telemetry::trace::{Recorder, Sampler};

/// Rules in a file, put into force whenever it says something else: to look closer at what goes wrong
/// now, without a restart.
///
/// A file that makes no sense changes nothing: what was in force stays. It is told once, with line
/// and column, as an event of `tracing` and to whom [`told`](RulesFile::told) names, and not again
/// until the file changes. The same holds for one that is away.
///
/// # Examples
///
/// ```standalone_crate
/// use std::time::Duration;
/// use reliability::telemetry::trace::{Recorder, RulesFile};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("reliability-rules-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("traces.yaml");
/// std::fs::write(&path, "rules:\n  - name: errors\n    error: true\notherwise: 1%\n")?;
///
/// let recorder = Recorder::builder().start()?;
/// let watch = RulesFile::at(&path).every(Duration::from_secs(10)).start(recorder)?;
///
/// std::fs::write(&path, "rules:\n  - name: errors\n    eror: true\n")?;
/// let told = watch.look().unwrap_err().to_string();
/// assert!(told.contains("traces.yaml:3:5") && told.contains("did you mean `error`?"), "{told}");
/// assert!(!watch.look()?, "it is told once");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is read before `start`"]
pub struct RulesFile {
    file: WatchedFile,
    sampler: Sampler,
    every: Duration,
    told: Box<Told>,
}

type Told = dyn FnMut(Result<(), &LoadError>) + Send;

/// More than that is no file of rules, of which there are 64 at most.
const BYTES_MAX: usize = 1 << 20;

impl RulesFile {
    /// The file at that path, in YAML or JSON as [`Rules::from_yaml`] reads it; nothing is read yet.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self {
            file: WatchedFile::at(path.as_ref(), BYTES_MAX),
            sampler: Sampler::default(),
            every: Duration::from_secs(10),
            told: Box::new(|_| {}),
        }
    }

    /// What holds for traces that no rule matches, where the file has no `otherwise`. Default: what
    /// the caller keeps, or nobody called.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// How often it looks: 1 millisecond to 1 hour, the nearer end otherwise. Default: 10 seconds.
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every.clamp(Duration::from_millis(1), Duration::from_secs(3_600));
        self
    }

    /// Who is told of each change, and of each mistake once. It runs on the thread that looks,
    /// which goes on looking if it panics.
    pub fn told(mut self, told: impl FnMut(Result<(), &LoadError>) + Send + 'static) -> Self {
        self.told = Box::new(told);
        self
    }

    /// Puts into force what it says now, and looks at it by itself from now on, on a thread of its
    /// own, until the answer is dropped.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when it cannot be read or makes no sense, or the system gives no thread. Then
    /// nothing has changed.
    pub fn start(self, recorder: Recorder) -> Result<RulesWatch, LoadError> {
        let every = self.every;
        let (begin, begun) = channel::<Arc<Turn<Round>>>();
        let (stop, stopped) = channel::<()>();
        let look = move || {
            let Ok(round) = begun.recv() else { return };
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                // It tells by itself what is wrong.
                drop(round.take(Round::look));
            }
        };
        // Before anything is in force, so that nothing has changed where there is no thread.
        let worker = thread::Builder::new().name("reliability-rules".into()).spawn(look);
        let worker = worker.map_err(|error| {
            let why = format!("the system gives no thread that looks at it: {error}");
            LoadError::unusable(self.file.path(), why)
        })?;
        let mut watch = self.by_hand(recorder)?;
        // It waits for this.
        drop(begin.send(Arc::clone(&watch.round)));
        watch.worker = Some((stop, worker));
        Ok(watch)
    }

    /// The same, but looks only when it is [told to](RulesWatch::look): for tests, and who has a timer
    /// already.
    ///
    /// # Errors
    ///
    /// As [`start`](RulesFile::start).
    pub fn by_hand(self, recorder: Recorder) -> Result<RulesWatch, LoadError> {
        let Self { file, sampler, told, .. } = self;
        let mut round = Round { file, sampler, recorder, told, away: false };
        round.reload()?;
        Ok(RulesWatch { round: Arc::new(Turn::new(round)), worker: None })
    }
}

impl fmt::Debug for RulesFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RulesFile").field("path", &self.file.path()).finish_non_exhaustive()
    }
}

/// A file of rules that is looked at, as long as this lives. What was put into force stays.
///
/// # Examples
///
/// ```standalone_crate
/// use reliability::telemetry::trace::{Recorder, RulesFile, Sampler};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("reliability-watch-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("traces.yaml");
/// std::fs::write(&path, "rules:\n  - name: errors\n    error: true\n")?;
///
/// let recorder = Recorder::builder().start()?;
/// let watch = RulesFile::at(&path)
///     .sampler(Sampler::always_off())
///     .told(|outcome| println!("the rules have changed: {outcome:?}"))
///     .by_hand(recorder)?;
/// assert!(!watch.look()?, "nothing new");
///
/// std::fs::write(&path, "rules:\n  - name: all errors\n    error: true\notherwise: 1%\n")?;
/// assert!(watch.look()?);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the file is not looked at any more once this is dropped"]
pub struct RulesWatch {
    round: Arc<Turn<Round>>,
    worker: Option<(Sender<()>, JoinHandle<()>)>,
}

impl RulesWatch {
    /// Looks now; whether there was something new, which is in force then. Who is told of it and
    /// looks again, on the same thread, finds nothing new.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the file is away, or what it says makes no sense. Nothing has changed,
    /// and the next look finds nothing new until the file changes again.
    pub fn look(&self) -> Result<bool, LoadError> {
        self.round.take(Round::look).unwrap_or(Ok(false))
    }
}

impl Drop for RulesWatch {
    fn drop(&mut self) {
        if let Some((stop, worker)) = self.worker.take() {
            drop(stop);
            // It is not waited for where it drops this itself, from what it tells.
            if worker.thread().id() != thread::current().id() {
                drop(worker.join());
            }
        }
    }
}

impl fmt::Debug for RulesWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RulesWatch")
    }
}

struct Round {
    file: WatchedFile,
    sampler: Sampler,
    recorder: Recorder,
    told: Box<Told>,
    /// Whether it could not be read the last time, which was told.
    away: bool,
}

impl Round {
    fn look(&mut self) -> Result<bool, LoadError> {
        let outcome = match self.file.read_if_changed() {
            Ok(false) => {
                self.away = false;
                return Ok(false);
            }
            Err(_) if self.away => return Ok(false),
            Ok(true) => {
                self.away = false;
                self.put_into_force()
            }
            Err(error) => {
                self.away = true;
                Err(error)
            }
        };
        self.tell(&outcome);
        outcome.map(|()| true)
    }

    fn reload(&mut self) -> Result<(), LoadError> {
        self.file.read()?;
        self.put_into_force()
    }

    fn put_into_force(&mut self) -> Result<(), LoadError> {
        let name = self.file.name();
        let bytes = self.file.seen();
        if bytes.len() > BYTES_MAX {
            // It is cut there, perhaps in the middle of a character.
            let message = format!("the file must have at most {BYTES_MAX} bytes");
            let found = Vec::from([Fault::new(0..0, message)]);
            return Err(Mistakes::new(&Source::new(name, ""), found).into());
        }
        let rules = Rules::read(&name, document::utf8(&name, bytes)?)?;
        let reloaded = self.recorder.reload(self.sampler, Some(rules));
        reloaded.map_err(|invalid| LoadError::unusable(self.file.path(), invalid.to_string()))
    }

    fn tell(&mut self, outcome: &Result<(), LoadError>) {
        match outcome {
            Ok(()) => tracing::event!(
                name: "reliability.trace.rules_reloaded",
                target: "reliability",
                tracing::Level::INFO,
                reliability.file = self.file.name(),
                "other rules decide which traces are kept",
            ),
            Err(error) => tracing::event!(
                name: "reliability.trace.rules_refused",
                target: "reliability",
                tracing::Level::WARN,
                reliability.file = self.file.name(),
                reliability.error = %error,
                "the rules in the file are not put into force, and those from before stay",
            ),
        }
        // A thread that is gone would look at the file no more, and nobody would know.
        if catch_unwind(AssertUnwindSafe(|| (self.told)(outcome.as_ref().copied()))).is_err() {
            tracing::event!(
                name: "reliability.trace.listener_panicked",
                target: "reliability",
                tracing::Level::ERROR,
                reliability.file = self.file.name(),
                "who is told of the rules of traces panicked; the file is looked at all the same",
            );
        }
    }
}

//! A NATS server with JetStream of the test's own: on a free port, in a folder of its own, killed
//! when the test says so, and gone with the test, also when that is killed.
//!
//! ```no_run
//! use reliability_tests::nats::Nats;
//!
//! let server = Nats::start();
//! println!("connect to {}", server.url());
//! server.kill();
//! server.start_again();
//! ```

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::guarded::{Guarded, free_ports};

/// A server, which is killed when this is dropped, and its folder removed.
#[derive(Debug)]
pub struct Nats {
    folder: PathBuf,
    port: u16,
    running: Mutex<Option<Guarded>>,
}

impl Nats {
    /// A server as it comes.
    pub fn start() -> Self {
        Self::with("")
    }

    /// A server whose JetStream has these settings besides, as they stand in its file: `max_file:
    /// 1M`.
    pub fn with(jetstream: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("nats-{}-{number}", std::process::id()));
        let [port] = free_ports();
        fs::create_dir_all(&folder).unwrap();
        let data = folder.join("data");
        let settings = format!(
            "listen: \"127.0.0.1:{port}\"\n\
             jetstream {{ store_dir: \"{}\"\n{jetstream}\n}}\n",
            data.display()
        );
        fs::write(folder.join("nats.conf"), settings).unwrap();
        let server = Self { folder, port, running: Mutex::new(None) };
        server.start_again();
        server
    }

    /// One server for all tests of a process that do not kill it. It is stopped when nobody has it
    /// any more.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Nats>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// Starts it after it was killed, on what it has kept; returns when it answers.
    pub fn start_again(&self) {
        let mut running = self.running();
        assert!(running.is_none(), "it runs already");
        let mut server = Command::new("nats-server");
        server.arg("--config").arg(self.folder.join("nats.conf"));
        server.env_clear().env("LC_ALL", "C").current_dir("/").stderr(Stdio::piped());
        // Debian has it where only administrators look by default.
        let path = std::env::var("PATH").unwrap_or_default();
        server.env("PATH", format!("{path}:/usr/sbin"));
        let mut process = Guarded::start(&mut server, &self.folder);
        process.wait_for("Server is ready");
        *running = Some(process);
    }

    /// As `kill -9` does: nothing is written any more, and nobody is told.
    pub fn kill(&self) {
        self.running().take().expect("it runs").kill();
    }

    /// As who ends it in order: it writes what it has.
    pub fn stop(&self) {
        self.running().take().expect("it runs").stop();
    }

    /// Lets it stand still, with all connections open, as a machine does that swaps.
    pub fn pause(&self) {
        self.running().as_ref().expect("it runs").signal("STOP");
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.running().as_ref().expect("it runs").signal("CONT");
    }

    /// Where it is, for a client.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    fn running(&self) -> MutexGuard<'_, Option<Guarded>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        drop(self.running().take());
        let _ = fs::remove_dir_all(&self.folder);
    }
}

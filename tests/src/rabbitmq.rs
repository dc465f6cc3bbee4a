//! A RabbitMQ node of the test's own: on free ports, in a folder of its own, with its own name,
//! cookie and name server, killed when the test says so, and gone with the test, also when that is
//! killed.
//!
//! It takes some seconds to start, so that tests share one where they can.
//!
//! ```no_run
//! use reliability_tests::rabbitmq::RabbitMq;
//!
//! let node = RabbitMq::shared();
//! println!("connect to {}", node.url());
//!
//! let own = RabbitMq::start();
//! own.kill();
//! own.start_again();
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::guarded::{Guarded, free_ports};

/// A node, which is killed when this is dropped, and its folder removed.
#[derive(Debug)]
pub struct RabbitMq {
    folder: PathBuf,
    port: u16,
    /// Where nodes listen to each other.
    distribution: u16,
    /// Where the names of nodes are kept.
    names: u16,
    name_server: Mutex<Option<Guarded>>,
    running: Mutex<Option<Guarded>>,
}

impl RabbitMq {
    /// A node without plugins.
    pub fn start() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("rabbit-{}-{number}", std::process::id()));
        let [port, distribution, names] = free_ports();
        fs::create_dir_all(folder.join("home")).unwrap();
        let settings = format!(
            "listeners.tcp.1 = 127.0.0.1:{port}\n\
             log.console = true\nlog.console.level = info\nlog.file = false\n"
        );
        fs::write(folder.join("rabbitmq.conf"), settings).unwrap();
        fs::write(folder.join("enabled_plugins"), "[].\n").unwrap();
        let mut epmd = Command::new("epmd");
        epmd.args(["-address", "127.0.0.1", "-port", &names.to_string()]);
        let epmd = Guarded::start(epmd.stdout(Stdio::null()).stderr(Stdio::null()), &folder);
        let name_server = Mutex::new(Some(epmd));
        let running = Mutex::new(None);
        let node = Self { folder, port, distribution, names, name_server, running };
        node.start_again();
        node
    }

    /// One node for all tests of a process that do not kill it: let each have names of its own. It
    /// is stopped when nobody has it any more.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<RabbitMq>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let node = Arc::new(Self::start());
            *shared = Arc::downgrade(&node);
            node
        })
    }

    /// Starts it after it was killed, on what it has kept; returns when it answers.
    pub fn start_again(&self) {
        let mut running = lock(&self.running);
        assert!(running.is_none(), "it runs already");
        let mut node = self.command();
        let mut process = Guarded::start(node.stdout(Stdio::piped()), &self.folder);
        process.wait_for("Server startup complete");
        *running = Some(process);
    }

    fn command(&self) -> Command {
        let within = |name: &str| self.folder.join(name);
        let mut node = Command::new(program());
        // Nothing that is set for another node, or on this machine.
        node.env_clear().current_dir("/").stderr(Stdio::null());
        node.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        node.env("LC_ALL", "C").env("HOME", within("home"));
        node.env("ERL_EPMD_ADDRESS", "127.0.0.1").env("ERL_EPMD_PORT", self.names.to_string());
        node.env("RABBITMQ_NODENAME", self.name());
        node.env("RABBITMQ_DIST_PORT", self.distribution.to_string());
        node.env("RABBITMQ_CONF_ENV_FILE", "/dev/null").env("RABBITMQ_LOGS", "-");
        for (name, at) in [
            ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
            ("RABBITMQ_MNESIA_BASE", "mnesia"),
            ("RABBITMQ_LOG_BASE", "log"),
            ("RABBITMQ_GENERATED_CONFIG_DIR", "config"),
            ("RABBITMQ_SCHEMA_DIR", "schema"),
            ("RABBITMQ_PLUGINS_EXPAND_DIR", "plugins"),
            ("RABBITMQ_PID_FILE", "pid"),
        ] {
            node.env(name, within(at));
        }
        // The script becomes the node, instead of a shell that waits for it: what is killed is it.
        node.env("detached", "1");
        let only_here = "-kernel inet_dist_use_interface {127,0,0,1}";
        node.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", only_here);
        node
    }

    /// As `kill -9` does: nothing is written any more, and nobody is told.
    pub fn kill(&self) {
        lock(&self.running).take().expect("it runs").kill();
    }

    /// Waits until it has written which queues it has, which it does a moment after it has answered:
    /// a quorum queue that it has forgotten has no leader when it is started again.
    pub fn remembers_its_queues(&self) {
        let node = self.name();
        let names = self.folder.join("mnesia").join(&node).join("quorum").join(&node);
        // Erlang's table on disk has there whether all of it is written.
        let is_written = || fs::read(names.join("names.dets")).unwrap()[8..12] == [0, 0, 0, 1];
        for _ in 0..3_000 {
            if is_written() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not write which queues it has");
    }

    fn name(&self) -> String {
        format!("test{}@localhost", self.port)
    }

    /// Where it is, for a client: the user `guest` of the virtual host `/`.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        drop(lock(&self.running).take());
        drop(lock(&self.name_server).take());
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Debian's program on the path insists on another user; the one behind it does not.
fn program() -> PathBuf {
    let behind = Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
    if behind.exists() {
        return behind.to_owned();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("rabbitmq-server"))
        .find(|program| program.exists())
        .expect("rabbitmq-server: `apt-get install rabbitmq-server`")
}

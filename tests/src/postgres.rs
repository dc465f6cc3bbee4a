//! A PostgreSQL server of the test's own: on a free port, in a folder of its own, killed when the
//! test says so, and gone with the test, also when that is killed.
//!
//! ```no_run
//! use reliability_tests::postgres::Postgres;
//!
//! let server = Postgres::start();
//! assert_eq!(server.sql("SELECT 1 + 1"), ["2"]);
//! server.kill();
//! server.start_again();
//! println!("connect to {}", server.url());
//! ```

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// A server, which is stopped when this is dropped, and its folder removed.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    user: Option<(u32, u32)>,
    folder: PathBuf,
    port: u16,
    settings: Vec<(String, String)>,
    running: Mutex<Option<Running>>,
    databases: AtomicU32,
}

#[derive(Debug)]
struct Running {
    process: Child,
    /// Stops the server when this process is gone, however it went.
    watch: Child,
}

impl Postgres {
    /// Whether there is one on this machine that can be started.
    pub fn is_installed() -> bool {
        find().is_some()
    }

    /// A server as it comes, which waits for the disk at every commit.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A server with these settings besides, as in `postgresql.conf`: `("max_prepared_transactions",
    /// "50")` for two-phase commit.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Free at this moment; who is given it meanwhile makes the test fail to start, not to pass.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        // A socket's path has a hundred bytes.
        let folder = std::env::temp_dir().join(format!("pg-{}-{number}", std::process::id()));
        let settings = settings.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let server = Self {
            programs: programs(),
            user: user(),
            folder,
            port,
            settings: settings.collect(),
            running: Mutex::new(None),
            databases: AtomicU32::new(0),
        };
        server.make();
        server.start_again();
        server
    }

    /// One server for all tests of a process that do not kill it: take a
    /// [`database`](Self::database) of it. It is stopped when nobody has it any more.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::with(&[("max_connections", "300")]));
            *shared = Arc::downgrade(&server);
            server
        })
    }

    fn make(&self) {
        fs::create_dir_all(&self.folder).unwrap();
        if let Some((user, group)) = self.user {
            std::os::unix::fs::chown(&self.folder, Some(user), Some(group)).unwrap();
        }
        let made = self
            .program("initdb")
            .args(["--auth=trust", "--no-sync", "--locale=C.UTF-8", "--encoding=UTF8"])
            .args(["--username=postgres", "--pgdata"])
            .arg(self.data())
            .output()
            .expect("initdb: `apt-get install postgresql`");
        assert!(made.status.success(), "{}", told(&made));
    }

    /// Starts it after it was killed or stopped; returns when it answers.
    pub fn start_again(&self) {
        let mut running = self.running();
        assert!(running.is_none(), "it runs already");
        let (process, says) = loop {
            match self.try_to_start() {
                Ok(started) => break started,
                // A process that the killed server was just starting sees by itself that it is gone.
                Err(said) if said.contains("is still in use") => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(said) => panic!("the server did not start:\n{said}"),
            }
        };
        // Who is not listened to waits.
        std::thread::spawn(move || std::io::copy(&mut says.into_inner(), &mut std::io::sink()));
        let watch = Command::new("sh")
            .args(["-c", "read -r _; kill -QUIT \"$1\" && rm -rf \"$2\"", "sh"])
            .arg(process.id().to_string())
            .arg(&self.folder)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        *running = Some(Running { process, watch });
    }

    /// The server that answers, or what it has said before it ended.
    fn try_to_start(&self) -> Result<(Child, BufReader<ChildStderr>), String> {
        let mut server = self.program("postgres");
        server.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        server.args(["-c", "listen_addresses=127.0.0.1"]);
        // Nothing outside of its folder, so that nothing stays when it is killed.
        server.args(["-c", "dynamic_shared_memory_type=mmap", "-c"]);
        server.arg(format!("unix_socket_directories={}", self.folder.display()));
        for (name, value) in &self.settings {
            server.args(["-c", &format!("{name}={value}")]);
        }
        let mut process = server.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut says = BufReader::new(process.stderr.take().unwrap());
        let mut said = String::new();
        while !said.ends_with("database system is ready to accept connections\n") {
            if says.read_line(&mut said).unwrap() == 0 {
                process.wait().unwrap();
                return Err(said);
            }
        }
        Ok((process, says))
    }

    /// As `kill -9` of all its processes does: nothing is written any more, and nobody is told.
    pub fn kill(&self) {
        let Running { mut process, mut watch } = self.running().take().expect("it runs");
        watch.kill().unwrap();
        watch.wait().unwrap();
        // Stopped, so that it neither starts others nor cleans up after those who are gone.
        let server = process.id();
        signal("STOP", &[server]);
        let mut all = children(server);
        all.push(server);
        signal("KILL", &all);
        process.wait().unwrap();
        // Those who wait for the disk go later, and as long as one of them is there, there can be no
        // other server.
        while all.iter().any(|process| started_by(*process).is_some()) {
            std::thread::yield_now();
        }
    }

    /// Lets it end what it does, and tells all who are connected, as a restart of the machine does.
    pub fn stop(&self) {
        let Running { mut process, mut watch } = self.running().take().expect("it runs");
        watch.kill().unwrap();
        watch.wait().unwrap();
        signal("INT", &[process.id()]);
        process.wait().unwrap();
    }

    /// Where it is, for a client: the database `postgres` over TCP, without a password.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Where a database of it is, over TCP.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Where a database of it is, over its socket, as `key=value` pairs.
    pub fn socket_of(&self, database: &str) -> String {
        let folder = self.folder.display();
        format!("host={folder} port={} user=postgres dbname={database}", self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A new and empty database; answers its name.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        // Of `template0`, to which nobody can be connected: making one of the other waits for them.
        self.sql(&format!("CREATE DATABASE {name} TEMPLATE template0"));
        name
    }

    /// What the server answers to something that is said to it by hand in the database `postgres`:
    /// its rows, with `|` between columns.
    pub fn sql(&self, statements: &str) -> Vec<String> {
        self.sql_in("postgres", statements)
    }

    /// As [`sql`](Self::sql), in another database.
    pub fn sql_in(&self, database: &str, statements: &str) -> Vec<String> {
        let answered = self
            .program("psql")
            .args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet"])
            .args(["--variable", "ON_ERROR_STOP=1", "--command", statements])
            .arg(self.socket_of(database))
            .output()
            .unwrap();
        assert!(answered.status.success(), "{statements}: {}", told(&answered));
        String::from_utf8_lossy(&answered.stdout).lines().map(str::to_owned).collect()
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        // Its messages in English, and nothing that is set for another server.
        command.env_clear().env("LC_ALL", "C").current_dir("/");
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let running = self.running().take();
        if let Some(Running { mut process, mut watch }) = running {
            let _ = watch.kill();
            let _ = watch.wait();
            // At once, but it takes with it what it has elsewhere than in its folder.
            signal("QUIT", &[process.id()]);
            let _ = process.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn programs() -> PathBuf {
    find().expect("a PostgreSQL server: `apt-get install postgresql`")
}

/// Debian keeps them beside the path, a folder for each version: the newest one.
fn find() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .map(|version| version.path())
        .filter(|path| path.join("bin/postgres").exists())
        .max_by_key(|path| number(path));
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("postgres").exists())
    };
    newest.map(|path| path.join("bin")).or_else(on_path)
}

/// The server refuses to run as root, so it runs as the user that Debian's package makes.
fn user() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = users.lines().find(|line| line.starts_with("postgres:"));
    let user: Vec<&str> = user.expect("a user `postgres`").split(':').collect();
    Some((user[2].parse().unwrap(), user[3].parse().unwrap()))
}

fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|it| it.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter(|it| started_by(*it).is_some_and(|of| of == parent)).collect()
}

/// Who has started that process, unless it is gone or only waits to be counted.
fn started_by(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Its name stands in parentheses and may have spaces.
    let mut words = stat.rsplit(')').next()?.split_whitespace();
    match words.next()? {
        "Z" | "X" => None,
        _ => words.next()?.parse().ok(),
    }
}

fn signal(name: &str, processes: &[u32]) {
    let processes = processes.iter().map(u32::to_string);
    // By the shell's own `kill`, which every system has. One of them may be gone already.
    let told = Command::new("sh")
        .args(["-c", &format!("kill -{name} \"$@\""), "sh"])
        .args(processes)
        .stderr(Stdio::null())
        .status();
    told.unwrap();
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

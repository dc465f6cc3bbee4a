//! A server's process that does not outlive the test, however that ends.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process in a group of its own, which is killed when this is dropped, or this process is gone.
#[derive(Debug)]
pub(crate) struct Guarded {
    process: Child,
    /// Kills the group when this process is gone.
    watch: Child,
}

impl Guarded {
    /// Starts it; whoever is left when this process is gone loses the folder too.
    pub(crate) fn start(command: &mut Command, folder: &Path) -> Self {
        let process = command
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let watch = Command::new("sh")
            .args(["-c", "read -r _; kill -s KILL -- \"-$1\"; rm -rf \"$2\"", "sh"])
            .arg(process.id().to_string())
            .arg(folder)
            // What ends all who were started with this process does not end it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, watch }
    }

    /// Returns when it has said so on its standard output or error, whichever is piped.
    pub(crate) fn wait_for(&mut self, ready: &str) {
        let out = self.process.stdout.take().map(|it| Box::new(it) as Box<dyn Read + Send>);
        let err = self.process.stderr.take().map(|it| Box::new(it) as Box<dyn Read + Send>);
        let mut says = BufReader::new(out.or(err).expect("one of them is piped"));
        let mut said = String::new();
        while !said.lines().next_back().unwrap_or_default().contains(ready) {
            let read = says.read_line(&mut said).unwrap();
            assert!(read > 0, "the server did not start:\n{said}");
        }
        // Who is not listened to waits.
        std::thread::spawn(move || std::io::copy(&mut says, &mut std::io::sink()));
    }

    /// As `kill -9` does: nothing is written any more, and nobody is told.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// As who ends it in order: it writes what it has, and is waited for.
    pub(crate) fn stop(mut self) {
        let told = signal("TERM", &self.process);
        assert!(told && self.process.wait().is_ok(), "it runs");
        self.end();
    }

    fn end(&mut self) {
        let _ = self.watch.kill();
        let _ = self.watch.wait();
        let _ = signal("KILL", &self.process);
        let _ = self.process.wait();
    }

    /// Stops it where it stands, or lets it go on: `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let _ = signal(name, &self.process);
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.end();
    }
}

fn signal(name: &str, process: &Child) -> bool {
    // By the shell's own `kill`, which every system has. All of the group, which may be gone already.
    let told = Command::new("sh")
        .args(["-c", "kill -s \"$1\" -- \"-$2\"", "sh", name, &process.id().to_string()])
        .stderr(Stdio::null())
        .status();
    told.unwrap().success()
}

/// Free at this moment; who is given it meanwhile makes the test fail to start, not to pass.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.each_ref().map(|it| it.local_addr().unwrap().port())
}

//! Processes of the program that runs, which are killed: politely never.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Lines, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// A process of this program. Dropped, it is killed with SIGKILL.
#[derive(Debug)]
pub struct Process {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// This program once more, with those arguments.
    pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let says = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        Ok(Self { child, says: BufReader::new(says).lines() })
    }

    /// The next line that it says; none when it is gone.
    pub fn line(&mut self) -> io::Result<Option<String>> {
        self.says.next().transpose()
    }

    /// `kill -9`.
    pub fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// How it has ended by itself.
    pub fn ended(mut self) -> io::Result<ExitStatus> {
        // Waiting closes it, and that would tell the process that this one is gone.
        let stays_open = self.child.stdin.take();
        let ended = self.child.wait();
        drop(stays_open);
        ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends this process when the one that has started it is gone, however that came.
pub fn end_with_the_parent() {
    std::thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
}

/// `kill -9` of the process that asks for it.
pub fn die() -> ! {
    let _ = Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
    // Where there is no such program.
    std::process::abort()
}

/// A folder of this process's own, in which an example keeps its files. Dropped, it is removed.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty one, with that in its name.
    pub fn new(name: &str) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).map(|()| Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

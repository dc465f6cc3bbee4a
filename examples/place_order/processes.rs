//! Starts this program again as another process, and ends it: politely never.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Lines, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::BoxError;
use crate::flags::Flags;

/// A process of this program. Dropped, it is killed with SIGKILL.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

/// What has become of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worked {
    Killed,
    ToTheEnd,
}

impl Process {
    fn start(flags: &Flags, role: &[String]) -> Result<Self, BoxError> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(flags.write())
            .arg("--role")
            .args(role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let says = child.stdout.take().ok_or("it has no standard output")?;
        Ok(Self { child, says: BufReader::new(says).lines() })
    }

    /// A service, and where it is.
    pub(crate) fn service(
        name: &str,
        folder: &Path,
        flags: &Flags,
    ) -> Result<(Self, SocketAddr), BoxError> {
        let folder = folder.to_string_lossy().into_owned();
        let mut process = Self::start(flags, &[name.into(), folder])?;
        let address = process.says.next().ok_or_else(|| format!("{name} does not start"))??;
        Ok((process, address.parse()?))
    }

    /// A worker. It is killed when so many more orders have ended, unless there is no such number.
    pub(crate) fn worker(
        folder: &Path,
        flags: &Flags,
        partners: [SocketAddr; 3],
        kill_after: Option<usize>,
        ended: &mut BTreeSet<String>,
    ) -> Result<Worked, BoxError> {
        let mut role = vec!["worker".into(), folder.to_string_lossy().into_owned()];
        role.extend(partners.map(|at| at.to_string()));
        let mut process = Self::start(flags, &role)?;
        let before = ended.len();
        for order in process.says.by_ref() {
            ended.insert(order?);
            if kill_after.is_some_and(|more| ended.len() >= before + more) {
                process.child.kill()?;
                process.child.wait()?;
                return Ok(Worked::Killed);
            }
        }
        match process.child.wait()? {
            status if status.success() => Ok(Worked::ToTheEnd),
            status => Err(format!("the worker ended by itself: {status}").into()),
        }
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
pub(crate) fn end_with_the_parent() {
    std::thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
}

//! The processes of which this example consists.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use reliability_examples::process::Process;

use crate::BoxError;
use crate::flags::Flags;

/// What has become of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worked {
    Killed,
    ToTheEnd,
}

fn start(flags: &Flags, role: &[String]) -> Result<Process, BoxError> {
    let arguments = [flags.write(), vec!["--role".into()], role.to_vec()];
    Ok(Process::start(arguments.concat())?)
}

/// A service, and where it is.
pub(crate) fn service(
    name: &str,
    folder: &Path,
    flags: &Flags,
) -> Result<(Process, SocketAddr), BoxError> {
    let folder = folder.to_string_lossy().into_owned();
    let mut process = start(flags, &[name.into(), folder])?;
    let address = process.line()?.ok_or_else(|| format!("{name} does not start"))?;
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
    let mut process = start(flags, &role)?;
    let before = ended.len();
    while let Some(order) = process.line()? {
        ended.insert(order);
        if kill_after.is_some_and(|more| ended.len() >= before + more) {
            process.kill()?;
            return Ok(Worked::Killed);
        }
    }
    match process.ended()? {
        status if status.success() => Ok(Worked::ToTheEnd),
        status => Err(format!("the worker ended by itself: {status}").into()),
    }
}

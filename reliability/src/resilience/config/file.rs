use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use std::path::Path;

use super::overlay::{BYTES_MAX, Format, Overlay};
use crate::document::{self, LoadError, WatchedFile};

/// Reads a file of settings and puts it into force: TOML, YAML or JSON, by how its name ends.
///
/// The answer reads it again when it is asked to; dropping it changes nothing.
///
/// # Errors
///
/// [`LoadError`], and nothing has changed.
///
/// # Examples
///
/// ```no_run
/// use reliability::resilience::config;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut file = config::load("/etc/shop/policies.toml")?;
/// // When the operator says so:
/// file.reload()?;
/// # Ok(())
/// # }
/// ```
pub fn load(path: impl AsRef<Path>) -> Result<ConfigFile, LoadError> {
    let mut file = ConfigFile::at(path);
    file.reload()?;
    Ok(file)
}

/// A file of settings for policies, which can be read again.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::Policy;
/// use reliability::resilience::config::ConfigFile;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("reliability-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("policies.toml");
/// std::fs::write(&path, "[policies.from-file]\ntimeout = \"2s\"\n")?;
///
/// let mut file = ConfigFile::at(&path).expecting(["from-file"]);
/// file.reload()?;
/// let policy = Policy::builder("from-file").timeout(Duration::from_secs(1)).build()?;
/// assert_eq!(policy.settings().timeout, Some(Duration::from_secs(2).into()));
///
/// std::fs::write(&path, "[policies.from-file]\ntimeout = \"2 parsec\"\n")?;
/// assert!(file.reload_if_changed().is_err());
/// assert_eq!(policy.settings().timeout, Some(Duration::from_secs(2).into()), "nothing has changed");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ConfigFile {
    file: WatchedFile,
    expected: Vec<String>,
}

impl ConfigFile {
    /// The file at that path; nothing is read yet.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self { file: WatchedFile::at(path.as_ref(), BYTES_MAX), expected: Vec::new() }
    }

    /// Names policies that are built by hand later; see [`Overlay::expecting`].
    #[must_use]
    pub fn expecting<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.expected.extend(names.into_iter().map(Into::into));
        self
    }

    /// Reads the file and puts it into force.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the file cannot be read, or something is wrong with what it says. Then
    /// nothing has changed: what was in force stays.
    pub fn reload(&mut self) -> Result<(), LoadError> {
        self.file.read()?;
        self.put_into_force()
    }

    /// The same, if the file says something else than when it was last read; whether it did.
    ///
    /// It compares what the file says, not when it was written: a link that points elsewhere now is
    /// a change, and two changes in one tick of the file system's clock are not missed. A mistake
    /// is told once, and not again until the file changes.
    ///
    /// # Errors
    ///
    /// As [`reload`](ConfigFile::reload).
    pub fn reload_if_changed(&mut self) -> Result<bool, LoadError> {
        let changed = self.file.read_if_changed()?;
        if changed {
            self.put_into_force()?;
        }
        Ok(changed)
    }

    /// Looks at the file at these intervals, for as long as the future is polled, and tells what
    /// came of each change.
    ///
    /// # Panics
    ///
    /// When it is polled outside of a tokio runtime whose time driver is enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the watching. What was put into force stays.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use reliability::resilience::config;
    ///
    /// let file = config::load("policies.toml")?;
    /// tokio::spawn(file.watch(Duration::from_secs(10), |outcome| {
    ///     if let Err(error) = outcome {
    ///         eprintln!("{error}");
    ///     }
    /// }));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn watch(mut self, every: Duration, mut told: impl FnMut(Result<(), LoadError>)) {
        let mut unreadable = false;
        // An interval of zero would never let another task run.
        let every = every.max(Duration::from_millis(1));
        loop {
            tokio::time::sleep(every).await;
            let outcome = self.reload_if_changed();
            // A file that is away is told of once.
            let away = matches!(outcome, Err(LoadError::Unreadable { .. }));
            let again = away && unreadable;
            unreadable = away;
            match outcome {
                Ok(false) => {}
                Ok(true) => told(Ok(())),
                Err(_) if again => {}
                Err(error) => told(Err(error)),
            }
        }
    }

    fn put_into_force(&self) -> Result<(), LoadError> {
        self.overlay()?.apply()?;
        Ok(())
    }

    fn overlay(&self) -> Result<Overlay, LoadError> {
        let extension = self.file.path().extension().and_then(|extension| extension.to_str());
        let format = match extension {
            Some("toml") => Format::Toml,
            Some("yaml" | "yml") => Format::Yaml,
            Some("json") => Format::Json,
            _ => {
                let message = "its name has to end in .toml, .yaml, .yml or .json";
                return Err(LoadError::unusable(self.file.path(), message));
            }
        };
        let name = self.file.name();
        let overlay = Overlay::read(format, &name, document::utf8(&name, self.file.seen())?)?;
        Ok(overlay.expecting(self.expected.clone()))
    }
}

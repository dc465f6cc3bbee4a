use alloc::string::{String, ToString};
use alloc::vec::{self, Vec};
use core::slice;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::open_slo::{self, NotInOpenSlo};
use super::read::{BYTES_MAX, read, too_long};
use super::remark::Remark;
use super::write_simple;
use super::writer::documents;
use crate::document::{Fault, LoadError, Mistakes, Source, utf8};
use crate::sre::Definition;
use crate::sre::slo::registry;

/// The promises of a file, or of the process.
///
/// # Examples
///
/// ```
/// use reliability::sre::{Definitions, Slo};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = "
/// apiVersion: reliability/v1
/// kind: ServiceLevelObjective
/// metadata: { name: import }
/// spec: { sli: availability, target: 99.5%, timeWindow: 28d }
/// ---
/// apiVersion: reliability/v1
/// kind: ServiceLevelObjective
/// metadata: { name: export }
/// spec:
///   objectives:
///     - { sli: error-rate, atMost: 0.1% }
///     - { sli: { type: latency, threshold: 500ms }, target: 99% }
///   timeWindow: { calendar: month, utcOffset: \"+02:00\" }
/// ";
///
/// let definitions = Definitions::from_yaml(text)?;
/// assert_eq!(definitions.len(), 2);
/// let slos: Vec<Slo> = definitions.into_iter().map(Slo::new).collect::<Result<_, _>>()?;
/// slos[0].record(true);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Definitions {
    list: Vec<Definition>,
    remarks: Vec<Remark>,
}

impl Definitions {
    /// Reads all promises of a text, in both forms, in as many documents as there are.
    ///
    /// The text may also be JSON. It has at most 1 MiB.
    ///
    /// # Errors
    ///
    /// [`Mistakes`]: all that is wrong, each with its line and what may stand there; of mistakes in
    /// the syntax the first.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sre::Definitions;
    ///
    /// let text = "\
    /// apiVersion: reliability/v1
    /// kind: ServiceLevelObjective
    /// metadata: { name: checkout }
    /// spec:
    ///   sli: availability
    ///   taget: 99.9%
    ///   timeWindow: 400d
    /// ";
    ///
    /// let mistakes = Definitions::from_yaml(text).unwrap_err();
    /// assert_eq!(mistakes.list().len(), 3);
    /// let first = &mistakes.list()[1];
    /// assert_eq!(first.line(), 6);
    /// assert_eq!(first.message(), "`spec` has no `taget`; did you mean `target`?");
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self, Mistakes> {
        Self::read(&Source::new("YAML", text))
    }

    /// Reads all promises of a file.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the file cannot be read, or something in it is wrong: see
    /// [`from_yaml`](Definitions::from_yaml).
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sre::Definitions;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("reliability-slo-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("slo.yaml");
    /// # std::fs::write(&path, "")?;
    /// let definitions = Definitions::load(&path)?;
    /// # std::fs::remove_dir_all(&folder)?;
    /// # assert!(definitions.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let read = || {
            let mut bytes = Vec::new();
            // One more than is allowed, so that a longer file is seen to be longer.
            File::open(path)?.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let name = path.display().to_string();
        match read() {
            // It is cut there, perhaps in the middle of a character.
            Ok(bytes) if bytes.len() > BYTES_MAX => Err(too_long(&Source::new(name, "")).into()),
            Ok(bytes) => Ok(Self::read(&Source::new(&*name, utf8(&name, &bytes)?))?),
            Err(error) => Err(LoadError::unreadable(path, error)),
        }
    }

    /// Every promise of the process: those that are declared in the code, called or not, then those
    /// that were made, as [`all`](crate::sre::all) lists them.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "macros")] {
    /// use reliability::sre::{Definitions, Slo};
    ///
    /// static SEARCH: Slo = reliability::slo! { name: "search", availability: 99.5 };
    ///
    /// println!("{}", Definitions::of_process().to_yaml());
    /// # assert!(Definitions::of_process().find("search").is_some());
    /// # }
    /// ```
    pub fn of_process() -> Self {
        registry::all().iter().map(|slo| slo.definition().clone()).collect()
    }

    /// The promise of that name.
    pub fn find(&self, name: &str) -> Option<&Definition> {
        self.iter().find(|definition| definition.name == name)
    }

    /// What the file says to other programs: the first hundred of it, in the order of the file.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// All of them in the simple form, a document for each; see [`Definition::to_yaml`].
    pub fn to_yaml(&self) -> String {
        documents(self.iter().map(Definition::to_yaml))
    }

    /// All of them in OpenSLO v1, a document for each; see [`Definition::to_open_slo`].
    ///
    /// # Errors
    ///
    /// [`NotInOpenSlo`] about the first that it has no words for.
    pub fn to_open_slo(&self) -> Result<String, NotInOpenSlo> {
        let all: Result<Vec<_>, _> = self.iter().map(Definition::to_open_slo).collect();
        all.map(documents)
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> slice::Iter<'_, Definition> {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn read(source: &Source) -> Result<Self, Mistakes> {
        let read = read(source)?;
        let list = read.definitions.into_iter().map(|(definition, _)| definition).collect();
        Ok(Self { list, remarks: read.remarks })
    }
}

impl FromIterator<Definition> for Definitions {
    fn from_iter<I: IntoIterator<Item = Definition>>(definitions: I) -> Self {
        Self { list: definitions.into_iter().collect(), remarks: Vec::new() }
    }
}

impl IntoIterator for Definitions {
    type Item = Definition;
    type IntoIter = vec::IntoIter<Definition>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Definitions {
    type Item = &'a Definition;
    type IntoIter = slice::Iter<'a, Definition>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Definition {
    /// Reads the one promise of a text, in either form; [`Definitions::from_yaml`] reads several.
    ///
    /// # Errors
    ///
    /// [`Mistakes`]: all that is wrong, each with its line and what may stand there.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sre::Definition;
    ///
    /// let checkout = Definition::from_yaml(
    ///     "
    ///     apiVersion: reliability/v1
    ///     kind: ServiceLevelObjective
    ///     metadata:
    ///       name: checkout
    ///     spec:
    ///       sli: availability
    ///       target: 99.95%
    ///       timeWindow: 30d
    ///     ",
    /// )?;
    ///
    /// assert_eq!(checkout.to_string(), "checkout over 30d: availability 99.95%");
    /// # Ok::<(), reliability::sre::Mistakes>(())
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self, Mistakes> {
        let source = Source::new("YAML", text);
        let mut read = read(&source)?.definitions;
        let fault = match read.as_slice() {
            [_] => None,
            [] => Some(Fault::new(0..0, "there is no SLO here; write one")),
            [_, (_, second), ..] => {
                let message = "a second SLO; keep one of them, or read all with `Definitions`";
                Some(Fault::new(second.clone(), message))
            }
        };
        match (fault, read.pop()) {
            (None, Some((definition, _))) => Ok(definition),
            (fault, _) => Err(Mistakes::new(&source, fault.into_iter().collect())),
        }
    }

    /// The promise in the simple form, `apiVersion: reliability/v1`: everything, so that it is the same
    /// when it is read again.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sre::{Definition, Objective, Target, Window};
    ///
    /// let checkout = Definition::new("checkout", Window::days(30))
    ///     .objective(Objective::availability(Target::percent("99.95")));
    ///
    /// let text = checkout.to_yaml();
    /// assert_eq!(text, "\
    /// apiVersion: reliability/v1
    /// kind: ServiceLevelObjective
    /// metadata:
    ///   name: checkout
    /// spec:
    ///   sli: availability
    ///   target: 99.95%
    ///   timeWindow: 30d
    ///   alerting:
    ///     minEvents: 60
    ///     alerts: standard
    ///   errorBudgetPolicy:
    ///     freezeBelow: 10%
    ///     rollBackBelow: 5%
    ///     hysteresis: 2
    ///     minEvents: 60
    /// ");
    /// assert_eq!(Definition::from_yaml(&text), Ok(checkout));
    /// ```
    pub fn to_yaml(&self) -> String {
        write_simple::document(self).document()
    }

    /// The promise in [OpenSLO](https://github.com/OpenSLO/OpenSLO) v1: one document of the kind `SLO`, with
    /// its indicators and alerts inside.
    ///
    /// What OpenSLO has no field for stands in annotations that begin with `reliability/`, so that it
    /// is the same when it is read again.
    ///
    /// # Errors
    ///
    /// [`NotInOpenSlo`] where a window is no whole number of minutes, the description has more than
    /// 1050 characters, or the calendar is that of an offset that no zone has all the year.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::sre::{Definition, Objective, Target, Window};
    ///
    /// let checkout = Definition::new("checkout", Window::days(30))
    ///     .objective(Objective::latency(Target::percent("99"), Duration::from_millis(500)));
    ///
    /// let text = checkout.to_open_slo()?;
    /// assert_eq!(text, "\
    /// apiVersion: openslo/v1
    /// kind: SLO
    /// metadata:
    ///   name: checkout
    /// spec:
    ///   service: checkout
    ///   indicator:
    ///     metadata:
    ///       name: latency
    ///       annotations:
    ///         reliability/indicator: latency
    ///         reliability/unit: s
    ///     spec:
    ///       thresholdMetric:
    ///         metricSource:
    ///           type: reliability
    ///           spec:
    ///             slo: checkout
    ///             objective: latency
    ///   timeWindow:
    ///     - duration: 30d
    ///       isRolling: true
    ///   budgetingMethod: Occurrences
    ///   objectives:
    ///     - op: lt
    ///       value: 0.5
    ///       target: 0.99
    /// ");
    /// assert_eq!(Definition::from_yaml(&text), Ok(checkout));
    /// # Ok::<(), reliability::sre::NotInOpenSlo>(())
    /// ```
    pub fn to_open_slo(&self) -> Result<String, NotInOpenSlo> {
        open_slo::document(self).map(|document| document.document())
    }
}

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::process::ExitCode;

use crate::json::Text;
use crate::sre::slo::registry;
use crate::sre::{DecisionKind, Slo, Stance, Status};

/// Whether something new may be released, by the budgets of all promises.
///
/// # Examples
///
/// At the end of a pipeline, as a program of its own or a sub-command of the service:
///
/// ```no_run
/// use std::process::ExitCode;
/// use reliability::sre;
///
/// fn main() -> ExitCode {
///     let gate = sre::gate();
///     eprintln!("{gate}");
///     gate.exit_code()
/// }
/// ```
///
/// Or as the answer to an HTTP request, with what every framework can make an answer of:
///
/// ```
/// use reliability::sre;
///
/// let answer = sre::gate().answer();
/// assert_eq!((answer.status, answer.content_type), (200, "application/json"));
/// ```
#[derive(Debug, Clone)]
pub struct Gate {
    judged: Vec<Judged>,
}

#[derive(Debug, Clone)]
struct Judged {
    slo: Slo,
    status: Status,
}

/// An answer over HTTP.
///
/// # Examples
///
/// See [`Gate`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateAnswer {
    /// 200 when the gate is open, 423 (locked) when it is not.
    pub status: u16,
    /// Of the body.
    pub content_type: &'static str,
    /// Each promise with its stance, and what is left of its budget in per cent.
    pub body: String,
}

/// The gate of all promises of the process.
///
/// # Examples
///
/// See [`Gate`].
pub fn gate() -> Gate {
    Gate::of(registry::all())
}

impl Gate {
    /// The gate of these promises.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sre::{Definition, Gate, Objective, Slo, Target, Window};
    ///
    /// let answered = Objective::availability(Target::percent("99.9"));
    /// let search = Slo::new(Definition::new("search", Window::days(30)).objective(answered))?;
    /// let gate = Gate::of([search]);
    /// assert!(gate.is_open());
    /// assert_eq!(gate.held_by().count(), 0);
    /// # Ok::<(), reliability::sre::InvalidDefinition>(())
    /// ```
    pub fn of(slos: impl IntoIterator<Item = Slo>) -> Self {
        let judge = |slo: Slo| Judged { status: slo.status(), slo };
        Self { judged: slos.into_iter().map(judge).collect() }
    }

    /// The strictest stance of all.
    pub fn stance(&self) -> Stance {
        self.judged.iter().map(|judged| judged.status.stance()).max().unwrap_or_default()
    }

    /// Whether something new may be released.
    pub fn is_open(&self) -> bool {
        self.stance() == Stance::Release
    }

    /// Those that keep it closed.
    pub fn held_by(&self) -> impl Iterator<Item = &Status> {
        let statuses = self.judged.iter().map(|judged| &judged.status);
        statuses.filter(|status| status.stance() != Stance::Release)
    }

    /// Lets something through all the same: what mends the service, or a hole in it. The reason is
    /// remembered in the history of each promise that keeps the gate closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sre;
    ///
    /// let gate = sre::gate().exempt("fixes the outage of the payments");
    /// assert!(gate.is_open());
    /// ```
    #[must_use]
    pub fn exempt(self, why: &str) -> Self {
        for judged in &self.judged {
            if judged.status.stance() != Stance::Release {
                let exempted = DecisionKind::Exempted(String::from(why));
                judged.slo.live().lock().decide(judged.slo.name(), exempted);
            }
        }
        Self { judged: Vec::new() }
    }

    /// For the end of a pipeline: 0 when it is open, 1 for a freeze, 2 for a roll-back.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.stance() as u8)
    }

    /// For who asks over HTTP.
    pub fn answer(&self) -> GateAnswer {
        let status = if self.is_open() { 200 } else { 423 };
        GateAnswer { status, content_type: "application/json", body: self.json() }
    }

    fn json(&self) -> String {
        let slos = self.judged.iter().map(|Judged { status, .. }| {
            let remaining = status.remaining();
            let percent = remaining.map_or("null".into(), |it| alloc::format!("{:.3}", 100.0 * it));
            let (name, stance) = (Text(&status.name), status.stance());
            alloc::format!(
                r#"{{"name":{name},"stance":"{stance}","budget_left_percent":{percent}}}"#
            )
        });
        let slos = slos.collect::<Vec<_>>().join(",");
        alloc::format!(
            r#"{{"open":{},"stance":"{}","slos":[{slos}]}}"#,
            self.is_open(),
            self.stance()
        )
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stance())?;
        for status in self.held_by() {
            write!(f, "\n{status}")?;
        }
        Ok(())
    }
}

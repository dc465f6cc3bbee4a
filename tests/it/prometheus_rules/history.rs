//! One history, told to the engine of a process and to Prometheus.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use reliability::sre::{
    Alert, Definition, GoodAndBad, PrometheusRules, Reading, Slo, Status, Timeline, Urgency,
    Verdict,
};
use reliability::time::ManualClock;

/// What one replica counted in each step: good and bad. It is scraped at the end of each.
pub(super) struct Replica {
    /// In this step it is scraped for the first time, with nothing counted.
    pub(super) begins: usize,
    /// In these steps its counters begin again at zero.
    pub(super) restarts: Vec<usize>,
    pub(super) counts: Box<dyn Fn(usize) -> (u64, u64)>,
}

impl Replica {
    pub(super) fn new(counts: impl Fn(usize) -> (u64, u64) + 'static) -> Self {
        Self { begins: 0, restarts: Vec::new(), counts: Box::new(counts) }
    }

    pub(super) fn begins(mut self, step: usize) -> Self {
        self.begins = step;
        self
    }

    pub(super) fn restarts(mut self, step: usize) -> Self {
        self.restarts.push(step);
        self
    }

    /// The counters at each step, as the values of a series.
    fn samples(&self, steps: usize, which: impl Fn((u64, u64)) -> u64) -> String {
        let mut sum = 0;
        let mut samples = String::new();
        for step in 0..=steps {
            if step < self.begins {
                samples.push_str("_ ");
                continue;
            }
            if self.restarts.contains(&step) {
                sum = 0;
            }
            if step > self.begins {
                sum += which((self.counts)(step));
            }
            let _ = write!(samples, "{sum} ");
        }
        samples
    }
}

/// A history of some steps.
pub(super) struct History {
    pub(super) definition: Definition,
    pub(super) step: Duration,
    pub(super) steps: usize,
    pub(super) replicas: Vec<Replica>,
}

/// A promise that Prometheus is asked about, and what it should answer.
pub(super) struct Question {
    pub(super) step: usize,
    pub(super) expr: String,
    /// Labels of a series, and its value.
    pub(super) answers: Vec<(String, f64)>,
}

impl History {
    /// What the engine says after each step, of all replicas together: the counts of each, added up.
    pub(super) fn statuses(&self) -> Vec<Status> {
        let clock = ManualClock::new();
        let mut slos: Vec<Option<Slo>> = self.replicas.iter().map(|_| None).collect();
        let mut all = Vec::new();
        for step in 0..=self.steps {
            if step > 0 {
                clock.advance(self.step);
            }
            for (slo, replica) in slos.iter_mut().zip(&self.replicas) {
                if let Some(slo) = slo {
                    let (good, bad) = (replica.counts)(step);
                    (0..good).for_each(|_| slo.record(true));
                    (0..bad).for_each(|_| slo.record(false));
                } else if step == replica.begins {
                    let new = Slo::new(self.definition.clone()).unwrap();
                    let at = UNIX_EPOCH + self.step * u32::try_from(step).unwrap();
                    new.follow(Timeline::simulated(clock.clock(), at));
                    *slo = Some(new);
                }
            }
            let each: Vec<Status> = slos.iter().flatten().map(Slo::status).collect();
            all.push(Status::of(&self.definition, 0, |objective, window| {
                let readings = each.iter().map(|status| reading(status, objective, window));
                let none =
                    || Reading::rolling(Duration::ZERO, Duration::ZERO, GoodAndBad::default());
                readings.reduce(Reading::plus).unwrap_or_else(none)
            }));
        }
        all
    }

    /// The test for promtool: that each alert fires when the engine's does, and what else is asked.
    pub(super) fn test(&self, statuses: &[Status], questions: &[Question]) -> String {
        let mut test = format!("  - interval: {}s\n    input_series:\n", self.step.as_secs());
        for (number, replica) in self.replicas.iter().enumerate() {
            for (outcome, bad) in [("good", false), ("bad", true)] {
                let samples = replica.samples(self.steps, |it| if bad { it.1 } else { it.0 });
                let _ = writeln!(
                    test,
                    "      - series: 'reliability_slo_events_total{{reliability_slo_name=\"{}\",\
                     reliability_slo_objective=\"availability\",reliability_slo_outcome=\"{outcome}\",\
                     instance=\"{number}\"}}'\n        values: '{samples}'",
                    self.definition.name
                );
            }
        }
        test.push_str("    promql_expr_test:\n");
        for alert in self.alerts() {
            for step in 1..=self.steps {
                let Some(fires) = self.settled(statuses, &alert, step) else { continue };
                let (urgency, window) = (alert.urgency, hours(alert.long));
                let wanted = format!("severity=\"{urgency}\",window=\"{window}\"");
                let labels = format!(
                    "ALERTS{{alertname=\"SloBudgetBurns\",alertstate=\"firing\",\
                     reliability_slo_name=\"{}\",reliability_slo_objective=\"availability\",{wanted}}}",
                    self.definition.name
                );
                let expr = format!("ALERTS{{alertstate=\"firing\",{wanted}}}");
                let answers = if fires { vec![(labels, 1.0)] } else { vec![] };
                self.ask(&Question { step, expr, answers }, &mut test);
            }
        }
        questions.iter().for_each(|question| self.ask(question, &mut test));
        test
    }

    fn ask(&self, Question { step, expr, answers }: &Question, test: &mut String) {
        let at = self.step.as_secs() * *step as u64;
        let _ = writeln!(test, "      - expr: '{expr}'\n        eval_time: {at}s");
        if !answers.is_empty() {
            test.push_str("        exp_samples:\n");
        }
        for (labels, value) in answers {
            let _ = writeln!(test, "          - labels: '{labels}'\n            value: {value}");
        }
    }

    /// Whether an alert fires, where the engine is sure of it: its windows are up to 1/120 longer than
    /// they say, so near a beginning or end both answers are right.
    fn settled(&self, statuses: &[Status], alert: &Alert, step: usize) -> Option<bool> {
        let grain = alert.long.div_duration_f64(self.step) / 120.0;
        let near = if grain <= 1.0 { 0 } else { grain.ceil() as usize };
        let fires = |status: &Status| fires(status, alert);
        let (first, last) = (step.saturating_sub(near), (step + near).min(self.steps));
        let now = fires(&statuses[step]);
        statuses[first..=last].iter().all(|status| fires(status) == now).then_some(now)
    }

    fn alerts(&self) -> Vec<Alert> {
        self.definition.alerting(&self.definition.objectives()[0]).alerts
    }

    /// In which steps an alert fires by the engine, of that urgency and long window.
    pub(super) fn fired(
        &self,
        statuses: &[Status],
        urgency: Urgency,
        long: Duration,
    ) -> Vec<usize> {
        let alerts = self.alerts();
        let alert = alerts.iter().find(|it| it.urgency == urgency && it.long == long).unwrap();
        (0..statuses.len()).filter(|step| fires(&statuses[*step], alert)).collect()
    }

    /// That nothing recorded is not a number, at that step.
    pub(super) fn no_nan(&self, step: usize) -> Vec<Question> {
        let rules = self.rules().to_string();
        let records = rules.lines().filter_map(|line| line.trim().strip_prefix("- record: "));
        let of = |record: &str| Question {
            step,
            expr: format!("{record} != {record}"),
            answers: vec![],
        };
        let all: Vec<_> = records.map(of).collect();
        assert!(!all.is_empty());
        all
    }

    pub(super) fn rules(&self) -> PrometheusRules {
        let rules = PrometheusRules::of_definitions([self.definition.clone()]).unwrap();
        rules.scrape_interval(self.step)
    }
}

fn fires(status: &Status, alert: &Alert) -> bool {
    let found = status.objectives[0].alerts.iter().find(|it| it.alert == *alert);
    found.is_some_and(|it| it.verdict == Verdict::Firing)
}

fn reading(status: &Status, objective: usize, window: Option<Duration>) -> Reading {
    let status = &status.objectives[objective];
    let Some(window) = window else { return *status.budget.reading() };
    let of_alert = status.alerts.iter().find_map(|it| {
        let found = [(it.alert.long, it.long), (it.alert.short, it.short)];
        found.into_iter().find(|(length, _)| *length == window)
    });
    of_alert.unwrap().1
}

fn hours(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        _ if seconds.is_multiple_of(86_400) => format!("{}d", seconds / 86_400),
        _ if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        _ => format!("{}m", seconds / 60),
    }
}

/// Files of a test, in a folder of its own.
fn write(test: &str, name: &str, text: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("rules-{test}"));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file
}

/// What promtool says to a file of rules; the number of rules if it has nothing against them.
pub(super) fn check_rules(test: &str, rules: &str) -> Result<usize, String> {
    let file = write(test, "rules.yaml", rules);
    let output = Command::new("promtool").args(["check", "rules"]).arg(&file).output();
    let output = output.expect("promtool: `apt-get install prometheus`");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let found = said.split("SUCCESS: ").nth(1).and_then(|rest| rest.split(' ').next());
    match found.map(str::parse) {
        Some(Ok(count)) if output.status.success() => Ok(count),
        _ => Err(said),
    }
}

/// Lets promtool go through tests of rules.
pub(super) fn test_rules(
    test: &str,
    rules: &str,
    step: Duration,
    tests: &[String],
) -> Result<(), String> {
    write(test, "rules.yaml", rules);
    // As they stand in the file; promtool takes groups that nobody orders as they come.
    let groups = rules.lines().filter_map(|line| line.strip_prefix("  - name: "));
    let text = format!(
        "rule_files: [rules.yaml]\ngroup_eval_order: [{}]\nevaluation_interval: {}s\ntests:\n{}",
        groups.collect::<Vec<_>>().join(", "),
        step.as_secs(),
        tests.concat()
    );
    let file = write(test, "test.yaml", &text);
    let output = Command::new("promtool").args(["test", "rules"]).arg(&file).output();
    let output = output.expect("promtool: `apt-get install prometheus`");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

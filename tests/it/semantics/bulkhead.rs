//! Bulkheads.
//!
//! | event | what happens |
//! |---|---|
//! | `enter a b` | calls ask for a place, one after the other, and wait if they may |
//! | `a end` | the call `a` leaves its place |
//! | `a drop` | the call `a` is dropped, wherever it is |
//! | `set concurrent=2`, `set wait=1s` | settings change |
//! | `look` | nothing |
//!
//! `a=inside` is what has become of the call `a`: it is `waiting`, `inside`, `refused`, `done` or
//! `cancelled`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reliability::resilience::Bulkhead;
use tokio::sync::Notify;

use super::replay::{Subject, replay};
use super::table::{Settings, duration, number};
use super::tables;
use super::tasks::Tasks;

struct Places {
    /// `None` where the builder refused the settings.
    bulkhead: Option<Bulkhead>,
    tasks: Tasks,
    ends: BTreeMap<String, Arc<Notify>>,
    begun: bool,
}

impl Subject for Places {
    fn new(settings: &mut Settings) -> Self {
        let tasks = Tasks::new();
        let mut builder = Bulkhead::builder("stock");
        builder = builder.concurrent(settings.number("concurrent").unwrap_or(64));
        builder = builder.queue(settings.number("queue").unwrap_or(0));
        builder = builder.wait(settings.duration("wait").unwrap_or_default());
        let bulkhead = tasks.enter(|| builder.build()).ok();
        Self { bulkhead, tasks, ends: BTreeMap::new(), begun: false }
    }

    fn advance(&mut self, by: Duration) {
        self.tasks.advance(by);
    }

    fn step(&mut self, event: &[&str]) {
        self.begun = true;
        let Some(bulkhead) = self.bulkhead.clone() else { return };
        match *event {
            ["look"] => {}
            ["enter", ref names @ ..] => names.iter().for_each(|name| self.enter(&bulkhead, name)),
            ["set", setting] => {
                let (key, value) = setting.split_once('=').unwrap();
                let changed = bulkhead.reconfigure(|settings| match key {
                    "concurrent" => settings.concurrent = number(value),
                    "wait" => settings.wait = duration(value),
                    _ => panic!("a bulkhead has no setting `{key}`"),
                });
                changed.unwrap();
                self.tasks.settle();
            }
            [name, "end"] => {
                self.ends[name].notify_one();
                self.tasks.settle();
            }
            [name, "drop"] => self.tasks.cancel(name),
            _ => panic!("`{}` is no event", event.join(" ")),
        }
    }

    fn observe(&self, key: &str) -> Option<String> {
        let Some(bulkhead) = &self.bulkhead else {
            return (key == "made").then(|| if self.begun { "no" } else { "unknown" }.into());
        };
        Some(match key {
            "made" => "yes".into(),
            "in_use" => bulkhead.in_use().to_string(),
            "free" => bulkhead.concurrent().saturating_sub(bulkhead.in_use()).to_string(),
            "concurrent" => bulkhead.concurrent().to_string(),
            "wait" => format!("{:?}", bulkhead.wait()),
            "queued" => bulkhead.queued().to_string(),
            "rejected" => bulkhead.rejected().to_string(),
            name => self.tasks.status(name).unwrap_or_else(|| "not begun".into()),
        })
    }

    fn key_of(_word: &str) -> Option<&'static str> {
        None
    }
}

impl Places {
    fn enter(&mut self, bulkhead: &Bulkhead, name: &str) {
        let end = Arc::new(Notify::new());
        self.ends.insert(name.to_owned(), Arc::clone(&end));
        let entering = bulkhead.enter_owned();
        self.tasks.begin(name, "waiting", |status| async move {
            match entering.await {
                Err(_) => status.set("refused"),
                Ok(permit) => {
                    status.set("inside");
                    end.notified().await;
                    drop(permit);
                    status.set("done");
                }
            }
        });
    }
}

#[test]
fn as_the_bulkhead_of_resilience4j() {
    replay::<Places>(&tables::RESILIENCE4J_BULKHEAD);
}

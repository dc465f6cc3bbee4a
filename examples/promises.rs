//! Reads promises from a file, says what is wrong with it or what it says, and writes them in both forms.
//!
//! ```sh
//! cargo run --features config --example promises -- examples/promises.yaml
//! ```
//!
//! In a pipeline it refuses a file with a mistake: the exit code is 1 then.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

use std::process::ExitCode;

use reliability::sre::{Definitions, Slo};

fn main() -> ExitCode {
    let usual = concat!(env!("CARGO_MANIFEST_DIR"), "/promises.yaml");
    let path = std::env::args().nth(1).unwrap_or_else(|| usual.into());
    let definitions = match Definitions::load(&path) {
        Ok(definitions) => definitions,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("what it promises:\n");
    for definition in &definitions {
        println!("{definition}");
        for objective in definition.objectives() {
            let alerting = definition.alerting(objective);
            alerting.alerts.iter().for_each(|alert| println!("  {}: {alert}", objective.name));
            alerting.left_out.iter().for_each(|left| println!("  {}: {left}", objective.name));
        }
    }
    println!("\nwhat it says to other programs:\n");
    definitions.remarks().iter().for_each(|remark| println!("{path}:{remark}"));
    println!("\nin the simple form:\n\n{}", definitions.to_yaml());
    match definitions.to_open_slo() {
        Ok(text) => println!("in OpenSLO:\n\n{text}"),
        Err(refused) => println!("{refused}"),
    }

    // What a service does with them.
    let slos: Result<Vec<_>, _> = definitions.into_iter().map(Slo::new).collect();
    match slos {
        Ok(slos) => {
            for slo in &slos {
                slo.record(true);
                println!("{}\n", slo.status());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

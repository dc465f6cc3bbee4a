//! A server loses half of its capacity and recovers: what three adaptive limits make of it, drawn.
//!
//! ```sh
//! cargo run --release --example adaptive_limit
//! ```
//!
//! The limits know nothing of the server; the best fixed limit of each phase, beside which they are
//! drawn, knows everything.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;

use reliability::resilience::concurrency_limit::{Aimd, Algorithm, Gradient2, Vegas};
use reliability_examples::overload::{World, best_fixed, chart, run};

fn main() -> Result<(), Box<dyn Error>> {
    let world = World::halved();
    let best = best_fixed(&world)?;
    println!("answers in time per second, and as a share of the best fixed limit's:\n");
    println!("{:<12}{:>16}{:>16}{:>16}", "", "32 workers", "16 workers", "32 workers");
    println!("{:<12}{:>16.0}{:>16.0}{:>16.0}", "best fixed", best[0], best[1], best[2]);

    let algorithms: [(&str, Algorithm); 3] = [
        ("Gradient2", Gradient2::standard().into()),
        ("Vegas", Vegas::standard().into()),
        ("AIMD", Aimd::standard().into()),
    ];
    let mut runs = Vec::new();
    for (name, algorithm) in algorithms {
        let outcome = run(&world, algorithm)?;
        print!("{name:<12}");
        for (goodput, best) in outcome.goodput.iter().zip(best) {
            print!("{:>8.0} {:>5.1} %", goodput, 100.0 * goodput / best);
        }
        println!();
        runs.push((name, outcome));
    }

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::fs::create_dir_all(&folder)?;
    let file = folder.canonicalize()?.join("adaptive_limit.svg");
    std::fs::write(&file, chart(&world, &runs, best))?;
    println!("\ndrawn in {}", file.display());
    Ok(())
}

//! `reliability`: what an operator sees of transactions and does about them, from a terminal.

mod arguments;
mod doubt;
mod journal;
mod json;
mod kind;
mod seen;
#[cfg(test)]
mod tests;
mod verbs;

use std::process::ExitCode;

use arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(verbs::run(&arguments)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reliability: {error}");
            ExitCode::from(1)
        }
    }
}

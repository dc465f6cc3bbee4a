//! What the command line says.

use crate::BoxError;

pub(crate) const HELP: &str = "\
Orders go through stock, payments and mail, which are unreliable, while the process that carries
them is killed again and again. At the end the databases of all three say what has become of them.

  --orders N  how many orders; 300 by default
  --seed N    which orders, and what goes wrong; 1 by default
  --kills N   how often the worker is killed; 5 by default
  --keep      leave the databases and the journal where they are
  --help      this text";

/// What the command line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) orders: usize,
    pub(crate) seed: u64,
    pub(crate) kills: usize,
    pub(crate) keep: bool,
    pub(crate) help: bool,
    /// Requests do not say that they are repeated ones. That must not go well: it shows that the
    /// proof at the end proves something.
    pub(crate) forget_keys: bool,
    /// What this process is, when it is one of those that the example has started.
    pub(crate) role: Vec<String>,
}

impl Flags {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let (keep, help, forget_keys, role) = (false, false, false, Vec::new());
        let mut flags = Self { orders: 300, seed: 1, kills: 5, keep, help, forget_keys, role };
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let text = arguments.next().unwrap_or_default();
                text.parse::<u32>().map_err(|_| format!("`{argument} {text}` needs a number"))
            };
            match argument.as_str() {
                "--orders" => flags.orders = number()?.max(1) as usize,
                "--seed" => flags.seed = number()?.into(),
                "--kills" => flags.kills = number()? as usize,
                "--keep" => flags.keep = true,
                "--help" | "-h" => flags.help = true,
                "--forget-keys" => flags.forget_keys = true,
                "--role" => flags.role = arguments.by_ref().collect(),
                _ => {
                    return Err(
                        format!("`{argument}` means nothing here. There is:\n\n{HELP}").into()
                    );
                }
            }
        }
        Ok(flags)
    }

    /// The same for a process that is started.
    pub(crate) fn write(&self) -> Vec<String> {
        let mut all = vec!["--orders".into(), self.orders.to_string()];
        all.extend(["--seed".into(), self.seed.to_string()]);
        all.extend(self.forget_keys.then(|| "--forget-keys".to_owned()));
        all
    }
}

use std::error::Error;
use std::fmt;

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// Where the page is to be served.
    pub(super) dashboard: Option<String>,
    /// Where metrics, traces and logs go.
    pub(super) otlp: Option<String>,
    /// One second for each mood of the inventory.
    pub(super) brief: bool,
    /// Only say what there is.
    pub(super) help: bool,
}

/// What there is.
pub(super) const HELP: &str = "\
A shop asks an inventory for prices, on one route through #[resilient] and on one without. The
inventory is slow, fails, hangs and resets connections; each second is a line of the table, and the
verdict compares what visitors got.

  --dashboard [ADDRESS]  a page to watch it on, at 127.0.0.1:9090 or there; goes on until Ctrl-C
  --otlp [URL]           metrics, traces and logs go to http://127.0.0.1:4318 or there
                         (with `cargo run --features otlp`)
  --brief                seven seconds instead of half a minute
  --help                 this text";

impl Flags {
    pub(super) fn read(arguments: impl Iterator<Item = String>) -> Result<Self, Usage> {
        let mut flags = Self::default();
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let value = arguments.next_if(|next| !next.starts_with('-'));
            match argument.as_str() {
                "--dashboard" => {
                    flags.dashboard = Some(value.unwrap_or_else(|| "127.0.0.1:9090".into()));
                }
                "--otlp" => {
                    flags.otlp = Some(value.unwrap_or_else(|| "http://127.0.0.1:4318".into()));
                }
                "--help" | "-h" => flags.help = true,
                "--brief" if value.is_none() => flags.brief = true,
                _ => return Err(Usage(argument)),
            }
        }
        Ok(flags)
    }
}

/// An argument that means nothing here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` means nothing here. There is:\n\n{HELP}", self.0)
    }
}

impl Error for Usage {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Flags, Usage> {
        Flags::read(line.split_whitespace().map(String::from))
    }

    #[test]
    fn addresses_may_be_left_out() {
        let flags = |dashboard: Option<&str>, otlp: Option<&str>| {
            let (dashboard, otlp) = (dashboard.map(String::from), otlp.map(String::from));
            Ok(Flags { dashboard, otlp, ..Flags::default() })
        };
        let usual = flags(Some("127.0.0.1:9090"), Some("http://127.0.0.1:4318"));
        assert_eq!(read(""), flags(None, None));
        assert_eq!(read("--dashboard --otlp"), usual);
        assert_eq!(read("--dashboard [::1]:1"), flags(Some("[::1]:1"), None));
        assert_eq!(read("--otlp http://a"), flags(None, Some("http://a")));
        assert_eq!(read("--brief"), Ok(Flags { brief: true, ..Flags::default() }));
        assert_eq!(read("--help"), Ok(Flags { help: true, ..Flags::default() }));
        assert_eq!(read("--brief 3"), Err(Usage("--brief".into())));
        assert_eq!(read("--dashbord"), Err(Usage("--dashbord".into())));
    }
}

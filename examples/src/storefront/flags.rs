use std::error::Error;
use std::fmt;

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// Where the page is to be served.
    pub(super) dashboard: Option<String>,
}

impl Flags {
    pub(super) fn read(arguments: impl Iterator<Item = String>) -> Result<Self, Usage> {
        let mut flags = Self::default();
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            if argument != "--dashboard" {
                return Err(Usage(argument));
            }
            let address = arguments.next_if(|next| !next.starts_with('-'));
            flags.dashboard = Some(address.unwrap_or_else(|| "127.0.0.1:9090".into()));
        }
        Ok(flags)
    }
}

/// An argument that means nothing here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` means nothing here; there is `--dashboard [ADDRESS]`, which serves a page at \
             127.0.0.1:9090 or at that address",
            self.0
        )
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
    fn the_address_of_the_page_may_be_left_out() {
        let at = |address: &str| Ok(Flags { dashboard: Some(address.into()) });
        assert_eq!(read(""), Ok(Flags::default()));
        assert_eq!(read("--dashboard"), at("127.0.0.1:9090"));
        assert_eq!(read("--dashboard 127.0.0.1:0"), at("127.0.0.1:0"));
        assert_eq!(read("--dashbord"), Err(Usage("--dashbord".into())));
    }
}

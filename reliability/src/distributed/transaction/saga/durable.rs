use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::{Serialize, Serializer};

/// What can be written to a journal and read back: what is `Serialize` and `Deserialize` and
/// borrows nothing.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::Durable;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Stock {
///     article: String,
///     pieces: u32,
/// }
///
/// fn keep(_: impl Durable) {}
/// keep(Stock { article: "tea".into(), pieces: 3 });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written to the journal",
    label = "what a saga has to remember must survive a crash",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, and let it own what it holds"
)]
pub trait Durable: Send + Sync + 'static {
    // Not traits above it: of one that is missing, the compiler would speak in place of this one.
    #[doc(hidden)]
    fn to_journal<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    #[doc(hidden)]
    fn from_journal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>
    where
        Self: Sized;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Durable for T {
    fn to_journal<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn from_journal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// Something durable, to be written.
pub(in crate::distributed::transaction) struct Written<'a, T>(
    pub(in crate::distributed::transaction) &'a T,
);

/// Something durable that was read.
pub(in crate::distributed::transaction) struct Read<T>(pub(in crate::distributed::transaction) T);

impl<T: Durable> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_journal(serializer)
    }
}

impl<'de, T: Durable> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::from_journal(deserializer).map(Self)
    }
}

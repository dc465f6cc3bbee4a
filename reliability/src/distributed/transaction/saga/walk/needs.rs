use super::super::{History, Saga};
use super::TypedStep;

/// Steps whose outputs another one is given: a tuple of up to twelve.
///
/// # Examples
///
/// See [`At`](super::At).
pub trait Needs<D: Saga> {
    /// Their outputs.
    type Outputs<'a>: Send;

    /// Takes them from what is there; `None` when one is missing.
    fn from_history(history: &History<D>) -> Option<Self::Outputs<'_>>;
}

macro_rules! tuples {
    ($($step:ident)*) => {
        impl<D: Saga, $($step: TypedStep<Saga = D>),*> Needs<D> for ($($step,)*) {
            type Outputs<'a> = ($(&'a $step::Output,)*);

            fn from_history(history: &History<D>) -> Option<Self::Outputs<'_>> {
                let _ = history;
                Some(($(history.of::<$step>()?,)*))
            }
        }
    };
}

tuples!();
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C E);
tuples!(A B C E F);
tuples!(A B C E F G);
tuples!(A B C E F G H);
tuples!(A B C E F G H I);
tuples!(A B C E F G H I J);
tuples!(A B C E F G H I J K);
tuples!(A B C E F G H I J K L);
tuples!(A B C E F G H I J K L M);

/// Data of at most 32 bits, which therefore fits into the word of an
/// [`AtomicMachine`](super::AtomicMachine).
///
/// Derive it with [`Packed`](derive@super::Packed) for structs and for enums without data.
///
/// # Examples
///
/// By hand, for a number that needs twelve bits:
///
/// ```
/// use reliability::state::Packed;
///
/// struct Permille(u16);
///
/// impl Packed for Permille {
///     const BITS: u32 = 12;
///
///     fn to_bits(self) -> u32 {
///         self.0.min(1000).into()
///     }
///
///     fn from_bits(bits: u32) -> Self {
///         Self(bits as u16)
///     }
/// }
///
/// assert_eq!(Permille::from_bits(Permille(250).to_bits()).0, 250);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be packed into the word of an `AtomicMachine`",
    label = "`{Self}` is not `Packed`",
    note = "if it fits into 32 bits, write `#[derive(reliability::state::Packed)]` on it, or the impl by hand",
    note = "if it does not, keep it elsewhere and only its index here, or leave out `atomic`"
)]
pub trait Packed: Sized {
    /// How many bits it needs, at most 32.
    const BITS: u32;

    /// The value in the lowest [`BITS`](Self::BITS) bits; the others are zero.
    ///
    /// Bits above those are cut off where other data lies beside the value; with debug assertions
    /// that panics.
    fn to_bits(self) -> u32;

    /// The value back. It gets what `to_bits` gave, or all zeros for the data of an initial
    /// state that was not given any.
    fn from_bits(bits: u32) -> Self;
}

impl Packed for () {
    const BITS: u32 = 0;

    #[inline]
    fn to_bits(self) -> u32 {
        0
    }

    #[inline]
    fn from_bits(_: u32) -> Self {}
}

impl Packed for bool {
    const BITS: u32 = 1;

    #[inline]
    fn to_bits(self) -> u32 {
        self.into()
    }

    #[inline]
    fn from_bits(bits: u32) -> Self {
        bits != 0
    }
}

macro_rules! integers {
    ($($signed:ty as $unsigned:ty),* $(,)?) => {$(
        impl Packed for $unsigned {
            const BITS: u32 = <$unsigned>::BITS;

            #[inline]
            fn to_bits(self) -> u32 {
                self.into()
            }

            #[inline]
            fn from_bits(bits: u32) -> Self {
                bits as $unsigned
            }
        }

        impl Packed for $signed {
            const BITS: u32 = <$signed>::BITS;

            // By way of the unsigned type, so that a sign does not fill the bits above.
            #[inline]
            fn to_bits(self) -> u32 {
                self.cast_unsigned().into()
            }

            #[inline]
            fn from_bits(bits: u32) -> Self {
                (bits as $unsigned).cast_signed()
            }
        }
    )*};
}

integers!(i8 as u8, i16 as u16, i32 as u32);

impl Packed for f32 {
    const BITS: u32 = 32;

    #[inline]
    fn to_bits(self) -> u32 {
        f32::to_bits(self)
    }

    #[inline]
    fn from_bits(bits: u32) -> Self {
        f32::from_bits(bits)
    }
}

/// One bit more than the value: whether it is there.
impl<T: Packed> Packed for Option<T> {
    const BITS: u32 = 1 + T::BITS;

    #[inline]
    fn to_bits(self) -> u32 {
        self.map_or(0, |value| (value, true).to_bits())
    }

    #[inline]
    fn from_bits(bits: u32) -> Self {
        let (value, there) = <(T, bool)>::from_bits(bits);
        there.then_some(value)
    }
}

/// `high` above the lowest `low_bits`, which are `low`.
///
/// A `low` that sets more bits than its type declares loses them, so that its neighbour keeps its
/// own; with debug assertions it panics.
#[inline]
pub fn join_bits(low: u32, low_bits: u32, high: u32) -> u32 {
    let (low, beyond) = split_bits(low, low_bits);
    debug_assert!(beyond == 0, "a value sets bits above the {low_bits} of its `Packed::BITS`");
    // A shift by all 32 bits leaves nothing, as it should.
    low | high.checked_shl(low_bits).unwrap_or(0)
}

/// The lowest `low_bits`, and what stands above them.
#[inline]
pub fn split_bits(bits: u32, low_bits: u32) -> (u32, u32) {
    let above = u32::MAX.checked_shl(low_bits).unwrap_or(0);
    (bits & !above, bits.checked_shr(low_bits).unwrap_or(0))
}

/// Side by side, the first in the lowest bits.
impl<A: Packed, B: Packed> Packed for (A, B) {
    const BITS: u32 = A::BITS + B::BITS;

    #[inline]
    fn to_bits(self) -> u32 {
        const { assert!(Self::BITS <= 32, "this data needs more than 32 bits") };
        join_bits(self.0.to_bits(), A::BITS, self.1.to_bits())
    }

    #[inline]
    fn from_bits(bits: u32) -> Self {
        let (low, high) = split_bits(bits, A::BITS);
        (A::from_bits(low), B::from_bits(high))
    }
}

impl<A: Packed, B: Packed, C: Packed> Packed for (A, B, C) {
    const BITS: u32 = <(A, (B, C))>::BITS;

    #[inline]
    fn to_bits(self) -> u32 {
        (self.0, (self.1, self.2)).to_bits()
    }

    #[inline]
    fn from_bits(bits: u32) -> Self {
        let (first, (second, third)) = Packed::from_bits(bits);
        (first, second, third)
    }
}

impl<A: Packed, B: Packed, C: Packed, D: Packed> Packed for (A, B, C, D) {
    const BITS: u32 = <(A, (B, (C, D)))>::BITS;

    #[inline]
    fn to_bits(self) -> u32 {
        (self.0, (self.1, (self.2, self.3))).to_bits()
    }

    #[inline]
    fn from_bits(bits: u32) -> Self {
        let (first, (second, (third, fourth))) = Packed::from_bits(bits);
        (first, second, third, fourth)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use core::fmt::Debug;

    use proptest::prelude::*;

    use super::*;

    fn comes_back<T: Packed + Copy + PartialEq + Debug>(value: T) {
        let bits = value.to_bits();
        assert_eq!(T::from_bits(bits), value);
        let above = u64::from(bits) >> T::BITS;
        assert_eq!(above, 0, "{value:?} sets bits above its {}", T::BITS);
    }

    proptest! {
        #[test]
        fn values_come_back_and_stay_within_their_bits(
            wide: u32, signed: i32, pair: (i16, u16), three: (bool, i8, u16),
            four: (u8, bool, u8, i8), maybe: Option<u16>, nothing_beside: ((), u32),
        ) {
            comes_back(wide);
            comes_back(signed);
            comes_back(pair);
            comes_back(three);
            comes_back(four);
            comes_back(maybe);
            comes_back(nothing_beside);
            comes_back((wide, ()));
        }
    }

    #[derive(Debug)]
    struct Liar(u32);

    impl Packed for Liar {
        const BITS: u32 = 4;

        fn to_bits(self) -> u32 {
            self.0
        }

        fn from_bits(bits: u32) -> Self {
            Self(bits)
        }
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "above the 4 of its `Packed::BITS`"))]
    fn who_sets_more_bits_than_declared_does_not_change_a_neighbour() {
        let (liar, neighbour) = <(Liar, u8)>::from_bits((Liar(0xFFF), 1_u8).to_bits());
        assert_eq!((liar.0, neighbour), (0xF, 1));
    }

    #[test]
    fn neighbours_do_not_mix() {
        assert_eq!((0xAB_u8, 0xCD_u8).to_bits(), 0xCDAB);
        assert_eq!((true, (-1_i8, false)).to_bits(), 0b01_1111_1111);
    }
}

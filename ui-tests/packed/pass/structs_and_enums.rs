//! Structs of every shape, generic ones, and enums without data.
#![forbid(unsafe_code)]
#![deny(warnings)]

use std::fmt::Debug;

use reliability::state::Packed;

#[derive(Debug, Clone, Copy, PartialEq, Packed)]
struct Unit;

#[derive(Debug, Clone, Copy, PartialEq, Packed)]
struct Tuple(u8, i16);

#[derive(Debug, Clone, Copy, PartialEq, Packed)]
struct Named<T> {
    r#type: Mode,
    inner: T,
    flag: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Packed)]
enum Mode {
    Off,
    On,
    Auto,
}

#[derive(Debug, Clone, Copy, PartialEq, Packed)]
enum Only {
    One,
}

fn comes_back<T: Packed + Copy + PartialEq + Debug>(value: T, bits: u32) {
    assert_eq!(T::from_bits(value.to_bits()), value);
    assert_eq!(T::BITS, bits);
}

fn main() {
    comes_back(Unit, 0);
    comes_back(Tuple(255, -2), 24);
    comes_back(Mode::Auto, 2);
    comes_back(Mode::On, 2);
    comes_back(Mode::Off, 2);
    comes_back(Only::One, 0);
    comes_back(Named { r#type: Mode::Auto, inner: Tuple(7, i16::MIN), flag: true }, 27);
}

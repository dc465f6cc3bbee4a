///The states of [`Gate`] as types: each owns its data, and [`Typed`](gate::Typed) goes from one to the next along declared transitions only.
#[allow(
    dead_code,
    missing_debug_implementations,
    missing_copy_implementations,
    unreachable_pub,
    unused_imports,
    clippy::derive_partial_eq_without_eq,
    clippy::exhaustive_structs,
    clippy::field_scoped_visibility_modifiers,
    clippy::wildcard_imports,
    reason = "written by `StateMachine`: not every machine needs every part"
)]
#[deny(
    proc_macro_derive_resolution_fallback,
    reason = "the types of the states' data must be declared outside of the function, because a module cannot see into it"
)]
mod gate {
    use super::*;
    ///What a `Gate` holds while it is `Shut`.
    pub(super) struct Shut;
    ///What a `Gate` holds while it is `Open`.
    pub(super) struct Open {
        ///`visitors` of `Gate::Open`.
        pub(super) visitors: u16,
        ///`vip` of `Gate::Open`.
        pub(super) vip: bool,
    }
    /**A `Gate` whose state the compiler knows, and what all its states share.

Methods that make sense in one state only go in an `impl gate::Typed<gate::Shut>`.*/
    #[must_use = "the machine is gone when it is dropped"]
    pub(super) struct Typed<S, Shared = ()> {
        pub(super) state: S,
        pub(super) shared: Shared,
    }
    #[automatically_derived]
    impl<S: Initial> Typed<S> {
        ///A `Gate` that begins in [`Shut`], with nothing shared.
        pub(super) const fn new(state: S) -> Self {
            Self { state, shared: () }
        }
    }
    #[automatically_derived]
    impl<S, Shared> Typed<S, Shared> {
        /// Goes to `next`, along a declared transition. What was held before is dropped.
        pub(super) fn go<Next: ReachableFrom<S>>(
            self,
            next: Next,
        ) -> Typed<Next, Shared> {
            Typed {
                state: next,
                shared: self.shared,
            }
        }
        /// The same machine, with something else for all its states to share.
        pub(super) fn with<Other>(self, shared: Other) -> Typed<S, Other> {
            Typed { state: self.state, shared }
        }
        /// What the present state holds.
        pub(super) const fn state(&self) -> &S {
            &self.state
        }
        /// What the present state holds, to be changed without leaving the state.
        pub(super) const fn state_mut(&mut self) -> &mut S {
            &mut self.state
        }
        /// What all states share.
        pub(super) const fn shared(&self) -> &Shared {
            &self.shared
        }
        /// What all states share, to be changed.
        pub(super) const fn shared_mut(&mut self) -> &mut Shared {
            &mut self.shared
        }
        /// Takes the machine apart.
        pub(super) fn into_parts(self) -> (S, Shared) {
            (self.state, self.shared)
        }
    }
    ///The declared transitions of `Gate`: implemented by a state for each state that may precede it.
    #[diagnostic::on_unimplemented(
        message = "`{Prev}` cannot go to `{Self}`",
        label = "`{Prev}` does not declare `{Self}` as a target",
        note = "the transitions that `Gate` declares:\n`Shut` to `Open`\n`Open` to `Shut`",
        note = "go through a state in between, or declare the transition: add `{Self}` to the `to(..)` of `{Prev}`"
    )]
    pub(super) trait ReachableFrom<Prev>: ::reliability::state::ReachableFrom<Prev> {}
    #[automatically_derived]
    impl ::reliability::state::ReachableFrom<Shut> for Open {}
    #[automatically_derived]
    impl ReachableFrom<Shut> for Open {}
    #[automatically_derived]
    impl ::reliability::state::ReachableFrom<Open> for Shut {}
    #[automatically_derived]
    impl ReachableFrom<Open> for Shut {}
    ///The state in which a `Gate` begins.
    #[diagnostic::on_unimplemented(
        message = "`Gate` begins in `Shut`, not in `{Self}`",
        label = "not the initial state",
        note = "write `Typed::new(gate::Shut)`, and `go` from there",
        note = "a machine that was stored in another state comes back through its enum: `Typed::try_from(stored)`"
    )]
    pub(super) trait Initial: ::reliability::state::Initial {}
    #[automatically_derived]
    impl ::reliability::state::Initial for Shut {}
    #[automatically_derived]
    impl Initial for Shut {}
}
#[automatically_derived]
impl ::reliability::state::Machine for Gate {
    const NAME: &'static str = "gate";
    const STATES: &'static [&'static str] = &["Shut", "Open"];
    const INITIAL: usize = 0usize;
    const FINAL: &'static [usize] = &[];
    const TRANSITIONS: &'static [::reliability::state::Transition] = &[
        ::reliability::state::Transition {
            from: "Shut",
            to: "Open",
        },
        ::reliability::state::Transition {
            from: "Open",
            to: "Shut",
        },
    ];
    fn index(&self) -> usize {
        match self {
            Self::Shut { .. } => 0usize,
            Self::Open { .. } => 1usize,
        }
    }
}
/**What `Gate` declares; a double frame marks a state in which it may end.

<div style="overflow-x:auto"><svg role="img" aria-label="the states of Gate" width="230" height="54" viewBox="0 0 230 54" fill="none" stroke="currentColor" stroke-width="1.3" font-family="monospace" font-size="13"><circle cx="12" cy="27" r="4" fill="currentColor"></circle><path d="M12 27H34"></path><path d="M40 27l-8 -4v8z" fill="currentColor" stroke="none"></path><path d="M100 20C129 20 129 20 158 20" stroke-opacity="0.75"></path><path d="M164 20l-8 -4v8z" fill="currentColor" stroke="none"></path><path d="M164 34C135 34 135 34 106 34" stroke-opacity="0.75"></path><path d="M100 34l8 -4v8z" fill="currentColor" stroke="none"></path><rect x="40" y="6" width="60" height="42" rx="8" fill="currentColor" fill-opacity="0.08"></rect><text x="70" y="31" text-anchor="middle" fill="currentColor" stroke="none">Shut</text><rect x="164" y="6" width="60" height="42" rx="8" fill="currentColor" fill-opacity="0.08"></rect><text x="194" y="31" text-anchor="middle" fill="currentColor" stroke="none">Open</text></svg></div>
*/
#[automatically_derived]
#[allow(
    dead_code,
    clippy::same_name_method,
    reason = "written by `StateMachine`: its trait's methods without the trait in scope"
)]
impl Gate {
    /// Every transition that is declared, in the order of the declaration.
    const TRANSITIONS: &'static [::reliability::state::Transition] = <Self as ::reliability::state::Machine>::TRANSITIONS;
    /// The declared transitions as a Mermaid state diagram.
    #[must_use]
    fn mermaid() -> ::reliability::__private::String {
        <Self as ::reliability::state::Machine>::mermaid()
    }
    /// The declared transitions as a graph for Graphviz.
    #[must_use]
    fn dot() -> ::reliability::__private::String {
        <Self as ::reliability::state::Machine>::dot()
    }
    /// Goes to `next` if that is declared, and returns what was held before.
    ///
    /// # Errors
    ///
    /// When the transition is not declared. Nothing changes then, and the error gives
    /// `next` back.
    fn try_go(
        &mut self,
        next: Self,
    ) -> ::core::result::Result<Self, ::reliability::state::Refused<Self>> {
        ::reliability::state::Machine::try_go(self, next)
    }
}
#[automatically_derived]
impl ::reliability::state::State<Gate> for gate::Shut {
    const INDEX: usize = 0usize;
    const NAME: &'static str = "Shut";
}
#[automatically_derived]
impl ::core::convert::From<gate::Shut> for Gate {
    fn from(state: gate::Shut) -> Self {
        let gate::Shut {} = state;
        Self::Shut {}
    }
}
#[automatically_derived]
impl ::core::convert::TryFrom<Gate> for gate::Shut {
    type Error = Gate;
    fn try_from(machine: Gate) -> ::core::result::Result<Self, Self::Error> {
        match machine {
            Gate::Shut {} => ::core::result::Result::Ok(Self {}),
            other => ::core::result::Result::Err(other),
        }
    }
}
#[automatically_derived]
impl ::reliability::state::State<Gate> for gate::Open {
    const INDEX: usize = 1usize;
    const NAME: &'static str = "Open";
}
#[automatically_derived]
impl ::core::convert::From<gate::Open> for Gate {
    fn from(state: gate::Open) -> Self {
        let gate::Open { visitors: field_0, vip: field_1 } = state;
        Self::Open {
            visitors: field_0,
            vip: field_1,
        }
    }
}
#[automatically_derived]
impl ::core::convert::TryFrom<Gate> for gate::Open {
    type Error = Gate;
    fn try_from(machine: Gate) -> ::core::result::Result<Self, Self::Error> {
        match machine {
            Gate::Open { visitors: field_0, vip: field_1 } => {
                ::core::result::Result::Ok(Self {
                    visitors: field_0,
                    vip: field_1,
                })
            }
            other => ::core::result::Result::Err(other),
        }
    }
}
#[automatically_derived]
impl<S> ::core::convert::From<gate::Typed<S>> for Gate
where
    S: ::core::convert::Into<Gate>,
{
    fn from(typed: gate::Typed<S>) -> Self {
        ::core::convert::Into::into(typed.into_parts().0)
    }
}
#[automatically_derived]
impl<S> ::core::convert::TryFrom<Gate> for gate::Typed<S>
where
    S: ::core::convert::TryFrom<Gate, Error = Gate>,
{
    type Error = Gate;
    fn try_from(machine: Gate) -> ::core::result::Result<Self, Self::Error> {
        ::core::result::Result::map(
            <S as ::core::convert::TryFrom<Gate>>::try_from(machine),
            |state| gate::Typed { state, shared: () },
        )
    }
}
#[automatically_derived]
impl ::reliability::state::Packed for gate::Shut {
    const BITS: u32 = 0;
    fn to_bits(self) -> u32 {
        0
    }
    fn from_bits(_: u32) -> Self {
        Self {}
    }
}
const _: () = {
    let bits = 0;
    ::core::assert!(
        bits <= 32,
        "the data of `Shut` needs more than the 32 bits that are there for it: use smaller types, or keep it elsewhere and only its index here"
    )
};
#[automatically_derived]
impl ::reliability::state::Packed for gate::Open {
    const BITS: u32 = <u16 as ::reliability::state::Packed>::BITS
        + <bool as ::reliability::state::Packed>::BITS;
    fn to_bits(self) -> u32 {
        ::reliability::__private::join_bits(
            <u16 as ::reliability::state::Packed>::to_bits(self.visitors),
            <u16 as ::reliability::state::Packed>::BITS,
            <bool as ::reliability::state::Packed>::to_bits(self.vip),
        )
    }
    fn from_bits(bits: u32) -> Self {
        let (low, bits) = ::reliability::__private::split_bits(
            bits,
            <u16 as ::reliability::state::Packed>::BITS,
        );
        let field_0 = <u16 as ::reliability::state::Packed>::from_bits(low);
        let field_1 = <bool as ::reliability::state::Packed>::from_bits(bits);
        Self {
            visitors: field_0,
            vip: field_1,
        }
    }
}
const _: () = {
    let bits = <u16 as ::reliability::state::Packed>::BITS
        + <bool as ::reliability::state::Packed>::BITS;
    ::core::assert!(
        bits <= 32,
        "the data of `Open` needs more than the 32 bits that are there for it: use smaller types, or keep it elsewhere and only its index here"
    )
};
#[automatically_derived]
impl ::reliability::state::PackedMachine for Gate {
    fn unpack(index: usize, bits: u32) -> Self {
        match index {
            0usize => {
                ::core::convert::From::from(
                    <gate::Shut as ::reliability::state::Packed>::from_bits(bits),
                )
            }
            _ => {
                ::core::convert::From::from(
                    <gate::Open as ::reliability::state::Packed>::from_bits(bits),
                )
            }
        }
    }
}

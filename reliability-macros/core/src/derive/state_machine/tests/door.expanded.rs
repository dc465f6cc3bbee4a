///The states of [`Door`] as types: each owns its data, and [`Typed`](door::Typed) goes from one to the next along declared transitions only.
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
pub mod door {
    use super::*;
    ///What a `Door` holds while it is `Closed`.
    #[derive(Debug, Clone, Copy)]
    pub struct Closed;
    /// Somebody holds it.
    #[derive(Debug, Clone, Copy)]
    pub struct Open<'a, T: Clone> {
        ///`by` of `Door::Open`.
        pub by: &'a T,
        ///`since` of `Door::Open`.
        pub since: super::Tick,
    }
    ///What a `Door` holds while it is `Locked`.
    #[derive(Debug, Clone, Copy)]
    pub struct Locked(
        ///`0` of `Door::Locked`.
        pub u32,
    );
    /**A `Door` whose state the compiler knows, and what all its states share.

Methods that make sense in one state only go in an `impl door::Typed<door::Closed>`.*/
    #[derive(Debug, Clone)]
    #[must_use = "the machine is gone when it is dropped"]
    pub struct Typed<S, Shared = ()> {
        pub(super) state: S,
        pub(super) shared: Shared,
    }
    #[automatically_derived]
    impl<S: Initial> Typed<S> {
        ///A `Door` that begins in [`Closed`], with nothing shared.
        pub const fn new(state: S) -> Self {
            Self { state, shared: () }
        }
    }
    #[automatically_derived]
    impl<S, Shared> Typed<S, Shared> {
        /// Goes to `next`, along a declared transition. What was held before is dropped.
        pub fn go<Next: ReachableFrom<S>>(self, next: Next) -> Typed<Next, Shared> {
            Typed {
                state: next,
                shared: self.shared,
            }
        }
        /// The same machine, with something else for all its states to share.
        pub fn with<Other>(self, shared: Other) -> Typed<S, Other> {
            Typed { state: self.state, shared }
        }
        /// What the present state holds.
        pub const fn state(&self) -> &S {
            &self.state
        }
        /// What the present state holds, to be changed without leaving the state.
        pub const fn state_mut(&mut self) -> &mut S {
            &mut self.state
        }
        /// What all states share.
        pub const fn shared(&self) -> &Shared {
            &self.shared
        }
        /// What all states share, to be changed.
        pub const fn shared_mut(&mut self) -> &mut Shared {
            &mut self.shared
        }
        /// Takes the machine apart.
        pub fn into_parts(self) -> (S, Shared) {
            (self.state, self.shared)
        }
    }
    ///The declared transitions of `Door`: implemented by a state for each state that may precede it.
    #[diagnostic::on_unimplemented(
        message = "`{Prev}` cannot go to `{Self}`",
        label = "`{Prev}` does not declare `{Self}` as a target",
        note = "the transitions that `Door` declares:\n`Closed` to `Open` or `Locked`\n`Open` to `Closed`\n`Locked` to `Closed`",
        note = "go through a state in between, or declare the transition: add `{Self}` to the `to(..)` of `{Prev}`"
    )]
    pub trait ReachableFrom<Prev>: ::reliability::state::ReachableFrom<Prev> {}
    #[automatically_derived]
    impl<'a, T: Clone> ::reliability::state::ReachableFrom<Closed> for Open<'a, T> {}
    #[automatically_derived]
    impl<'a, T: Clone> ReachableFrom<Closed> for Open<'a, T> {}
    #[automatically_derived]
    impl ::reliability::state::ReachableFrom<Closed> for Locked {}
    #[automatically_derived]
    impl ReachableFrom<Closed> for Locked {}
    #[automatically_derived]
    impl<'a, T: Clone> ::reliability::state::ReachableFrom<Open<'a, T>> for Closed {}
    #[automatically_derived]
    impl<'a, T: Clone> ReachableFrom<Open<'a, T>> for Closed {}
    #[automatically_derived]
    impl ::reliability::state::ReachableFrom<Locked> for Closed {}
    #[automatically_derived]
    impl ReachableFrom<Locked> for Closed {}
    ///The state in which a `Door` begins.
    #[diagnostic::on_unimplemented(
        message = "`Door` begins in `Closed`, not in `{Self}`",
        label = "not the initial state",
        note = "write `Typed::new(door::Closed)`, and `go` from there",
        note = "a machine that was stored in another state comes back through its enum: `Typed::try_from(stored)`"
    )]
    pub trait Initial: ::reliability::state::Initial {}
    #[automatically_derived]
    impl ::reliability::state::Initial for Closed {}
    #[automatically_derived]
    impl Initial for Closed {}
}
#[automatically_derived]
impl<'a, T: Clone> ::reliability::state::Machine for Door<'a, T> {
    const NAME: &'static str = "door";
    const STATES: &'static [&'static str] = &["Closed", "Open", "Locked"];
    const INITIAL: usize = 0usize;
    const FINAL: &'static [usize] = &[2usize];
    const TRANSITIONS: &'static [::reliability::state::Transition] = &[
        ::reliability::state::Transition {
            from: "Closed",
            to: "Open",
        },
        ::reliability::state::Transition {
            from: "Closed",
            to: "Locked",
        },
        ::reliability::state::Transition {
            from: "Open",
            to: "Closed",
        },
        ::reliability::state::Transition {
            from: "Locked",
            to: "Closed",
        },
    ];
    fn index(&self) -> usize {
        match self {
            Self::Closed { .. } => 0usize,
            Self::Open { .. } => 1usize,
            Self::Locked { .. } => 2usize,
        }
    }
}
/**What `Door` declares; a double frame marks a state in which it may end.

<div style="overflow-x:auto"><svg role="img" aria-label="the states of Door" width="286" height="122" viewBox="0 0 286 122" fill="none" stroke="currentColor" stroke-width="1.3" font-family="monospace" font-size="13"><circle cx="12" cy="61" r="4" fill="currentColor"></circle><path d="M12 61H34"></path><path d="M40 61l-8 -4v8z" fill="currentColor" stroke="none"></path><path d="M116 40C149 40 149 20 182 20" stroke-opacity="0.75"></path><path d="M188 20l-8 -4v8z" fill="currentColor" stroke="none"></path><path d="M116 68C145 68 145 88 174 88" stroke-opacity="0.75"></path><path d="M180 88l-8 -4v8z" fill="currentColor" stroke="none"></path><path d="M188 34C155 34 155 54 122 54" stroke-opacity="0.75"></path><path d="M116 54l8 -4v8z" fill="currentColor" stroke="none"></path><path d="M180 102C151 102 151 82 122 82" stroke-opacity="0.75"></path><path d="M116 82l8 -4v8z" fill="currentColor" stroke="none"></path><rect x="40" y="26" width="76" height="70" rx="8" fill="currentColor" fill-opacity="0.08"></rect><text x="78" y="65" text-anchor="middle" fill="currentColor" stroke="none">Closed</text><rect x="188" y="6" width="60" height="42" rx="8" fill="currentColor" fill-opacity="0.08"></rect><text x="218" y="31" text-anchor="middle" fill="currentColor" stroke="none">Open</text><rect x="180" y="74" width="76" height="42" rx="8" fill="currentColor" fill-opacity="0.08"></rect><rect x="183" y="77" width="70" height="36" rx="6"></rect><text x="218" y="99" text-anchor="middle" fill="currentColor" stroke="none">Locked</text></svg></div>
*/
#[automatically_derived]
#[allow(
    dead_code,
    clippy::same_name_method,
    reason = "written by `StateMachine`: its trait's methods without the trait in scope"
)]
impl<'a, T: Clone> Door<'a, T> {
    /// Every transition that is declared, in the order of the declaration.
    pub const TRANSITIONS: &'static [::reliability::state::Transition] = <Self as ::reliability::state::Machine>::TRANSITIONS;
    /// The declared transitions as a Mermaid state diagram.
    #[must_use]
    pub fn mermaid() -> ::reliability::__private::String {
        <Self as ::reliability::state::Machine>::mermaid()
    }
    /// The declared transitions as a graph for Graphviz.
    #[must_use]
    pub fn dot() -> ::reliability::__private::String {
        <Self as ::reliability::state::Machine>::dot()
    }
    /// Goes to `next` if that is declared, and returns what was held before.
    ///
    /// # Errors
    ///
    /// When the transition is not declared. Nothing changes then, and the error gives
    /// `next` back.
    pub fn try_go(
        &mut self,
        next: Self,
    ) -> ::core::result::Result<Self, ::reliability::state::Refused<Self>> {
        ::reliability::state::Machine::try_go(self, next)
    }
}
#[automatically_derived]
impl<'a, T: Clone> ::reliability::state::State<Door<'a, T>> for door::Closed {
    const INDEX: usize = 0usize;
    const NAME: &'static str = "Closed";
}
#[automatically_derived]
impl<'a, T: Clone> ::core::convert::From<door::Closed> for Door<'a, T> {
    fn from(state: door::Closed) -> Self {
        let door::Closed {} = state;
        Self::Closed {}
    }
}
#[automatically_derived]
impl<'a, T: Clone> ::core::convert::TryFrom<Door<'a, T>> for door::Closed {
    type Error = Door<'a, T>;
    fn try_from(machine: Door<'a, T>) -> ::core::result::Result<Self, Self::Error> {
        match machine {
            Door::Closed {} => ::core::result::Result::Ok(Self {}),
            other => ::core::result::Result::Err(other),
        }
    }
}
#[automatically_derived]
impl<'a, T: Clone> ::reliability::state::State<Door<'a, T>> for door::Open<'a, T> {
    const INDEX: usize = 1usize;
    const NAME: &'static str = "Open";
}
#[automatically_derived]
impl<'a, T: Clone> ::core::convert::From<door::Open<'a, T>> for Door<'a, T> {
    fn from(state: door::Open<'a, T>) -> Self {
        let door::Open { by: field_0, since: field_1 } = state;
        Self::Open {
            by: field_0,
            since: field_1,
        }
    }
}
#[automatically_derived]
impl<'a, T: Clone> ::core::convert::TryFrom<Door<'a, T>> for door::Open<'a, T> {
    type Error = Door<'a, T>;
    fn try_from(machine: Door<'a, T>) -> ::core::result::Result<Self, Self::Error> {
        match machine {
            Door::Open { by: field_0, since: field_1 } => {
                ::core::result::Result::Ok(Self {
                    by: field_0,
                    since: field_1,
                })
            }
            other => ::core::result::Result::Err(other),
        }
    }
}
#[automatically_derived]
impl<'a, T: Clone> ::reliability::state::State<Door<'a, T>> for door::Locked {
    const INDEX: usize = 2usize;
    const NAME: &'static str = "Locked";
}
#[automatically_derived]
impl<'a, T: Clone> ::core::convert::From<door::Locked> for Door<'a, T> {
    fn from(state: door::Locked) -> Self {
        let door::Locked { 0: field_0 } = state;
        Self::Locked { 0: field_0 }
    }
}
#[automatically_derived]
impl<'a, T: Clone> ::core::convert::TryFrom<Door<'a, T>> for door::Locked {
    type Error = Door<'a, T>;
    fn try_from(machine: Door<'a, T>) -> ::core::result::Result<Self, Self::Error> {
        match machine {
            Door::Locked { 0: field_0 } => {
                ::core::result::Result::Ok(Self { 0: field_0 })
            }
            other => ::core::result::Result::Err(other),
        }
    }
}
#[automatically_derived]
impl<'a, T: Clone, S> ::core::convert::From<door::Typed<S>> for Door<'a, T>
where
    S: ::core::convert::Into<Door<'a, T>>,
{
    fn from(typed: door::Typed<S>) -> Self {
        ::core::convert::Into::into(typed.into_parts().0)
    }
}
#[automatically_derived]
impl<'a, T: Clone, S> ::core::convert::TryFrom<Door<'a, T>> for door::Typed<S>
where
    S: ::core::convert::TryFrom<Door<'a, T>, Error = Door<'a, T>>,
{
    type Error = Door<'a, T>;
    fn try_from(machine: Door<'a, T>) -> ::core::result::Result<Self, Self::Error> {
        ::core::result::Result::map(
            <S as ::core::convert::TryFrom<Door<'a, T>>>::try_from(machine),
            |state| door::Typed { state, shared: () },
        )
    }
}

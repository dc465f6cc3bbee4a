//! What the derive writes is quiet under every group of rustc's lints.
#![forbid(unsafe_code)]
#![deny(
    warnings,
    future_incompatible,
    keyword_idents,
    let_underscore,
    nonstandard_style,
    refining_impl_trait,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    unused,
    missing_docs,
    missing_debug_implementations,
    missing_copy_implementations,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences,
    explicit_outlives_requirements,
    non_ascii_idents,
    redundant_lifetimes,
    unit_bindings,
    meta_variable_misuse,
    absolute_paths_not_starting_with_crate,
    elided_lifetimes_in_paths
)]
#![allow(missing_copy_implementations, reason = "the enum of the user itself is not `Copy`")]

/// Machines.
pub mod machines {
    /// A door, for every owner.
    #[derive(Debug, reliability::state::StateMachine)]
    #[machine(name = "door", atomic)]
    pub enum Door {
        /// Shut.
        #[state(initial, to(Open))]
        Closed,
        /// Not shut.
        #[state(to(Closed))]
        Open(
            /// Since when.
            u32,
        ),
    }

    /// A door, for one owner.
    #[derive(Debug, reliability::state::StateMachine)]
    #[machine(name = "owned", derive(Debug, PartialEq))]
    pub enum Owned<'a, T: Clone> {
        /// Shut.
        #[state(initial, to(Open))]
        Closed,
        /// Not shut.
        #[state(to(Closed), final)]
        Open {
            /// By whom.
            by: &'a T,
        },
    }
}

fn main() {
    let door = machines::door::Typed::new(machines::door::Closed).go(machines::door::Open(1));
    assert_eq!(door.state().0, 1);
    let owned = machines::owned::Typed::new(machines::owned::Closed);
    assert_eq!(owned.go(machines::owned::Open { by: &1 }).state().by, &1);
}

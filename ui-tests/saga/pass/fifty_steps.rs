//! Fifty steps, each of which needs the two before it.
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Saga, Transient, saga};

async fn first(_: &Cx, input: &u64) -> Result<u64, Outcome<String>> {
    Ok(*input)
}

async fn second(_: &Cx, _: &u64, one: &u64) -> Result<u64, Outcome<String>> {
    Ok(*one)
}

async fn add(_: &Cx, _: &u64, one: &u64, other: &u64) -> Result<u64, Outcome<String>> {
    Ok(one.wrapping_add(*other))
}

async fn take(_: &Cx, _: &u64, _: Attempt<'_, u64>) -> Result<(), Transient> {
    Ok(())
}

async fn confirm(_: &Cx, _: &u64, one: &u64, other: &u64) -> Result<u64, Transient> {
    Ok(one.wrapping_add(*other))
}

#[saga(input = u64, refuse = String)]
enum Long {
    #[step(first, undo = take)]
    S0(u64),
    #[step(second, undo = take, needs(S0))]
    S1(u64),
    #[step(add, undo = take, needs(S0, S1))]
    S2(u64),
    #[step(add, undo = take, needs(S1, S2))]
    S3(u64),
    #[step(add, undo = take, needs(S2, S3))]
    S4(u64),
    #[step(add, undo = take, needs(S3, S4))]
    S5(u64),
    #[step(add, undo = take, needs(S4, S5))]
    S6(u64),
    #[step(add, undo = take, needs(S5, S6))]
    S7(u64),
    #[step(add, undo = take, needs(S6, S7))]
    S8(u64),
    #[step(add, undo = take, needs(S7, S8))]
    S9(u64),
    #[step(add, undo = take, needs(S8, S9))]
    S10(u64),
    #[step(add, undo = take, needs(S9, S10))]
    S11(u64),
    #[step(add, undo = take, needs(S10, S11))]
    S12(u64),
    #[step(add, undo = take, needs(S11, S12))]
    S13(u64),
    #[step(add, undo = take, needs(S12, S13))]
    S14(u64),
    #[step(add, undo = take, needs(S13, S14))]
    S15(u64),
    #[step(add, undo = take, needs(S14, S15))]
    S16(u64),
    #[step(add, undo = take, needs(S15, S16))]
    S17(u64),
    #[step(add, undo = take, needs(S16, S17))]
    S18(u64),
    #[step(add, undo = take, needs(S17, S18))]
    S19(u64),
    #[step(add, undo = take, needs(S18, S19))]
    S20(u64),
    #[step(add, undo = take, needs(S19, S20))]
    S21(u64),
    #[step(add, undo = take, needs(S20, S21))]
    S22(u64),
    #[step(add, undo = take, needs(S21, S22))]
    S23(u64),
    #[step(add, undo = take, needs(S22, S23))]
    S24(u64),
    #[step(add, undo = take, needs(S23, S24))]
    S25(u64),
    #[step(add, undo = take, needs(S24, S25))]
    S26(u64),
    #[step(add, undo = take, needs(S25, S26))]
    S27(u64),
    #[step(add, undo = take, needs(S26, S27))]
    S28(u64),
    #[step(add, undo = take, needs(S27, S28))]
    S29(u64),
    #[step(add, undo = take, needs(S28, S29))]
    S30(u64),
    #[step(add, undo = take, needs(S29, S30))]
    S31(u64),
    #[step(add, undo = take, needs(S30, S31))]
    S32(u64),
    #[step(add, undo = take, needs(S31, S32))]
    S33(u64),
    #[step(add, undo = take, needs(S32, S33))]
    S34(u64),
    #[step(add, undo = take, needs(S33, S34))]
    S35(u64),
    #[step(add, undo = take, needs(S34, S35))]
    S36(u64),
    #[step(add, undo = take, needs(S35, S36))]
    S37(u64),
    #[step(add, undo = take, needs(S36, S37))]
    S38(u64),
    #[step(add, undo = take, needs(S37, S38))]
    S39(u64),
    #[pivot(add, needs(S38, S39))]
    S40(u64),
    #[then(confirm, needs(S39, S40))]
    S41(u64),
    #[then(confirm, needs(S40, S41))]
    S42(u64),
    #[then(confirm, needs(S41, S42))]
    S43(u64),
    #[then(confirm, needs(S42, S43))]
    S44(u64),
    #[then(confirm, needs(S43, S44))]
    S45(u64),
    #[then(confirm, needs(S44, S45))]
    S46(u64),
    #[then(confirm, needs(S45, S46))]
    S47(u64),
    #[then(confirm, needs(S46, S47))]
    S48(u64),
    #[then(confirm, needs(S47, S48))]
    S49(u64),
}

fn main() {
    assert_eq!(Long::DEFINITION.steps().len(), 50);
}

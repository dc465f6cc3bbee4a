//! Raw names, in functions and macros, and where the prelude's names mean something else.
#![deny(warnings)]
#![allow(non_camel_case_types, dead_code, reason = "about what is in the way")]

use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};

mod shadowed {
    use reliability::distributed::transaction::tcc as tccs;

    pub struct Result;
    pub struct Option;
    pub struct Future;
    pub struct Send;
    pub struct str;

    #[derive(tccs::Tcc)]
    #[tcc(input = u8, refuse = Option, try = self::r#try, confirm = free, cancel = free)]
    pub(super) struct r#type {
        pub(super) r#in: u8,
    }

    async fn r#try(it: &r#type, _: &tccs::Cx, r#in: &u8) -> core::result::Result<(), Option> {
        if it.r#in == *r#in { Ok(()) } else { Err(Option) }
    }

    async fn free(_: &r#type, _: &tccs::Cx, _: &u8) -> core::result::Result<(), tccs::Transient> {
        Ok(())
    }
}

macro_rules! participant {
    ($name:ident, $input:ty, $hold:path, $free:path) => {
        #[derive(Tcc)]
        #[tcc(input = $input, refuse = (), try = $hold, confirm = $free, cancel = $free)]
        struct $name;
    };
}

async fn hold<T>(_: &T, cx: &Cx, (): &()) -> Result<(), ()> {
    if cx.transaction().is_empty() { Err(()) } else { Ok(()) }
}

async fn free<T>(_: &T, _: &Cx, (): &()) -> Result<(), Transient> {
    Ok(())
}

participant!(FromMacro, (), hold::<FromMacro>, free::<FromMacro>);

fn main() {
    #[derive(Tcc)]
    #[tcc(input = u64, refuse = u64, try = inside, confirm = Inside::done, cancel = Inside::done)]
    struct Inside;

    async fn inside(_: &Inside, _: &Cx, input: &u64) -> Result<(), u64> {
        Err(*input)
    }

    impl Inside {
        async fn done(&self, _: &Cx, _: &u64) -> Result<(), Transient> {
            Ok(())
        }
    }

    assert_eq!(<shadowed::r#type as Tcc>::NAME, "type");
    assert_eq!((FromMacro::NAME, Inside::NAME), ("FromMacro", "Inside"));
    let _ = (shadowed::r#type { r#in: 1 }, FromMacro, Inside);
}

use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// What the first record of a run says of its input, in the type that it has.
pub(super) struct Begun<T> {
    pub(super) input: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Begun<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = Begun<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what a saga was started with")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Begun<T>, A::Error> {
        let mut input = None;
        while let Some(key) = map.next_key::<alloc::string::String>()? {
            match key.as_str() {
                "input" => input = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        input.map(|input| Begun { input }).ok_or_else(|| A::Error::missing_field("input"))
    }
}

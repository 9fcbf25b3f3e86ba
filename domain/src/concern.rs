//! Events by concern: an enum of enums, stored as if it were one.
//!
//! **Invariant:** what is stored knows nothing of concerns. `OrgRenamed` stands there as `{"OrgRenamed":{…}}`, whichever
//! concern it belongs to, so that an event may move from one to another.

use serde::de::{
    Deserialize, Deserializer, EnumAccess, Error, IntoDeserializer, VariantAccess, Visitor, value,
};
use serde::forward_to_deserialize_any;

/// The events of one concern, listed by the names under which they are stored.
pub(crate) trait Concern: for<'de> Deserialize<'de> {
    const TYPES: &'static [&'static str];
}

/// Declares the events of one concern. An event is stored under the name of its variant.
macro_rules! events {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident { $($fields:tt)* }),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_meta])* $variant { $($fields)* }),*
        }

        impl $crate::concern::Concern for $name {
            const TYPES: &'static [&'static str] = &[$(stringify!($variant)),*];
        }

        impl $name {
            /// The name under which the event is stored.
            pub fn event_type(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant)),*
                }
            }
        }
    };
}
pub(crate) use events;

/// Declares an enum of concerns, each of them one type.
macro_rules! concerns {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($concern:ident($inner:ident)),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, serde::Serialize)]
        #[serde(untagged)]
        pub enum $name { $($concern($inner)),* }

        // Prints the inner value alone, as it is stored: a refusal is noted by the first word of this text.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$concern(one) => one.fmt(f)),*
                }
            }
        }

        $(impl From<$inner> for $name {
            fn from(one: $inner) -> Self {
                Self::$concern(one)
            }
        })*
    };
}
pub(crate) use concerns;

/// A stored event whose name has been read: the concern that knows the name decodes the rest.
pub(crate) struct NamedEvent<A> {
    name: &'static str,
    variant: A,
}

impl<'de, A: VariantAccess<'de>> NamedEvent<A> {
    /// Reads the name of an event, which has to be one of `types`.
    pub(crate) fn read<E>(data: E, types: &[&[&'static str]]) -> Result<Self, E::Error>
    where
        E: EnumAccess<'de, Variant = A, Error = A::Error>,
    {
        let (name, variant) = data.variant_seed(Name(types))?;
        Ok(Self { name, variant })
    }

    pub(crate) fn is_of<C: Concern>(&self) -> bool {
        C::TYPES.contains(&self.name)
    }

    pub(crate) fn event<C: Concern>(self) -> Result<C, A::Error> {
        C::deserialize(self)
    }
}

/// Looks a name up without keeping what was read.
struct Name<'a>(&'a [&'a [&'static str]]);

impl<'de> serde::de::DeserializeSeed<'de> for Name<'_> {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = &'static str;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of an event")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'static str, E> {
        let known = self.0.iter().flat_map(|types| types.iter()).find(|known| **known == name);
        known.copied().ok_or_else(|| E::custom(format_args!("unknown variant `{name}`")))
    }
}

impl<'de, A: VariantAccess<'de>> Deserializer<'de> for NamedEvent<A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, A: VariantAccess<'de>> EnumAccess<'de> for NamedEvent<A> {
    type Error = A::Error;
    type Variant = A;

    fn variant_seed<S: serde::de::DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, A), A::Error> {
        let name: value::StrDeserializer<'_, A::Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.variant))
    }
}

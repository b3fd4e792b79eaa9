//! Serde for values that have a text form.

/// Serializes a type by its `Display` and deserializes it by its `FromStr`, with the feature `serde`.
macro_rules! serde_as_text {
    ($type:ty) => {
        #[cfg(feature = "serde")]
        impl serde_core::Serialize for $type {
            fn serialize<S: serde_core::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde_core::Deserialize<'de> for $type {
            fn deserialize<D: serde_core::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as serde_core::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde_core::de::Error::custom)
            }
        }
    };
}

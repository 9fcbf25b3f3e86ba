//! p
#[cfg(feature = "testing")]
pub mod testing;

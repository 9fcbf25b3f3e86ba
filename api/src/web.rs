//! HTTP, whatever the product: what handlers take, what they answer, and where everything is.
//!
//! **Invariant:** nothing here knows of pages or of people.

pub mod cursor;
pub mod error;
pub mod etag;
pub mod extract;
pub mod paths;
pub mod request;

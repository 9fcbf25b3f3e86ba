//! l

pub mod ui;

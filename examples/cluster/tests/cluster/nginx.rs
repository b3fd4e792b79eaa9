//! The configuration that people copy.

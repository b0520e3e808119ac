//! What a driver's error code means to the port.

/// Kinds of failure that are handled differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// A unique value exists.
    Taken,
    /// Another transaction won: run the section again.
    Conflict,
    /// Not now.
    Unavailable,
    /// A defect.
    Other,
}

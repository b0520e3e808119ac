//! Mail and text messages.

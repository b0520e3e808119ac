//! Declarative bootstrap.

//! What the core asks of the world: traits only. Adapters implement them; `server` wires them.

pub mod clock;
pub mod entropy;
pub mod import;
pub mod logout_notifier;
pub mod messages;
pub mod password;
pub mod provider;
pub mod revocation;
pub mod sealer;
pub mod signer;
pub mod store;
pub mod totp;

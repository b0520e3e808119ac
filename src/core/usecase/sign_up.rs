//! An account for whom a link to it was sent.

use super::Core;
use crate::domain::actor::Actor;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::Secret;
use crate::domain::user::{Password, User};

/// What a link to an account is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignUpView {
    /// The address it was sent to.
    pub email: String,
}

/// An account from whom a link was sent to.
#[derive(Debug)]
pub struct SignUp {
    /// Who asks.
    pub actor: Actor,
    /// The link's token.
    pub token: Secret<String>,
    /// Must be the link's address.
    pub email: String,
    /// The password the account shall have.
    pub password: Password,
    /// Given name.
    pub first_name: Option<String>,
    /// Middle name.
    pub middle_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
}

/// An account that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedUp {
    /// Its address.
    pub email: String,
    /// The person.
    pub user: User,
}

impl Core {
    /// What the link is about; uses nothing up.
    ///
    /// # Errors
    /// LinkUnknown, LinkSpent.
    pub async fn sign_up_view(&self, token: &Secret<String>) -> Result<SignUpView, Error> {
        let _ = token;
        Err(ErrorKind::Unavailable.into())
    }

    /// There is an account with the address as its name, and the link is used up.
    ///
    /// # Errors
    /// In this order: LinkUnknown, LinkSpent, EmailMismatch, PasswordMissing, PasswordWeak, SignUpClosed, AccountExists.
    pub async fn sign_up(&self, command: SignUp) -> Result<SignedUp, Error> {
        drop(command);
        Err(ErrorKind::Unavailable.into())
    }
}

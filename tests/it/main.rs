//! The integration tests: one binary, because linking many costs more than running them.

#[cfg(test)]
mod dialects;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod oauth2;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod relying_parties;
#[cfg(test)]
mod saml;
#[cfg(test)]
mod security;

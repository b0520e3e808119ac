//! The second factor on a hosted page, and enrolling an authenticator app there.

use super::turn::{BrowserCookies, Turn};
use crate::domain::actor::{Actor, Origin};
use crate::domain::error::{Error, ErrorKind};
use crate::domain::secret::{Secret, TokenHash};
use crate::ports::totp::Enrolment;
use crate::usecase::half_way::Held;
use crate::usecase::{Core, EnrolAuthenticator, Verified, VerifyOneTimeCode, rerun};

/// Separates what is derived here from other uses of the server key.
const PURPOSE: &str = "page_enrolment";

/// A one-time code that was sent from the second-factor page or from the enrolment page.
#[derive(Debug)]
pub struct SecondFactorOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
    /// Six digits, or a recovery code.
    pub otp: Secret<String>,
}

/// A wish for another code, on the second-factor page.
#[derive(Debug)]
pub struct AnotherCodeOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
}

/// An enrolment page that is shown.
#[derive(Debug)]
pub struct EnrolmentOnPage {
    /// Where the request comes from.
    pub origin: Origin,
    /// The sealed transaction.
    pub transaction: Secret<String>,
    /// What the browser has of ours.
    pub cookies: BrowserCookies,
}

/// What a new authenticator app scans, or is told.
#[derive(Debug)]
pub struct PageEnrolment {
    /// `otpauth://totp/…`
    pub url: Secret<String>,
    /// The URL as a QR code, a PNG image.
    pub qr_code_png: Secret<Vec<u8>>,
    /// The secret in base32, for typing.
    pub secret: Secret<String>,
}

impl Core {
    /// The sign-in is complete.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown; and those the same page shows again: OneTimeCodeWrong, OneTimeCodeUnknown,
    /// TooManyAttempts, Overloaded, UserInactive, UserNotActiveYet.
    pub async fn second_factor_on_page(&self, command: SecondFactorOnPage) -> Result<Turn, Error> {
        let SecondFactorOnPage { origin, transaction, cookies, otp } = command;
        let mut step = self.step(origin, &transaction, cookies).await?;
        if !self.earlier_sign_in_stands(&step).await? {
            return Err(ErrorKind::OneTimeCodeUnknown.into());
        }
        let code = step.transaction.code.clone().map(Secret::new).ok_or(ErrorKind::OneTimeCodeUnknown)?;
        let verification = VerifyOneTimeCode {
            actor: Actor::anonymous(step.origin.clone()),
            username: self.name_behind(&code).await?,
            otp,
            client_id: Some(step.client.client_id.clone()),
            code: Some(code),
        };
        let Verified { code, recovery_codes } = match self.verify_one_time_code(verification).await {
            Ok(verified) => verified,
            Err(error) => return self.told_to_client(&step, error),
        };
        // They are shown before the browser goes anywhere.
        step.pause = !recovery_codes.is_empty();
        Ok(Turn { recovery_codes, ..Box::pin(self.go_on_with_code(step, code)).await? })
    }

    /// Another code is on its way, and the one before is worth nothing.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown; and those the same page shows: OneTimeCodeUnknown (nothing waits for a code
    /// that was sent), TooManyAttempts (messages are limited), UserInactive, UserNotActiveYet.
    pub async fn another_code_on_page(&self, command: AnotherCodeOnPage) -> Result<(), Error> {
        let AnotherCodeOnPage { origin, transaction, cookies } = command;
        let step = self.step(origin, &transaction, cookies).await?;
        let code = step.transaction.code.as_deref().ok_or(ErrorKind::OneTimeCodeUnknown)?;
        if !self.earlier_sign_in_stands(&step).await? {
            return Err(ErrorKind::OneTimeCodeUnknown.into());
        }
        let held = self.held(&TokenHash::of(code), Some(&step.client)).await?;
        let (Held::Pending(challenge), Some(half_way)) = (&held, held.half_way()) else {
            return Err(ErrorKind::OneTimeCodeUnknown.into());
        };
        let mut tx = self.reading("another_code").await?;
        let sign_in = self.readmit(&mut *tx, &step.client, &half_way).await?;
        drop(tx);
        let pending = self.another_code(&sign_in, challenge, &step.origin).await?;
        rerun(|| self.write_waiting(&sign_in, &pending)).await
    }

    /// The name of the account that the code is about; empty for a code that is worth nothing, which is then said as of any.
    async fn name_behind(&self, code: &Secret<String>) -> Result<String, Error> {
        let user = match self.held(&TokenHash::of(code.expose()), None).await {
            Ok(held) => held.half_way().map(|half_way| half_way.user),
            Err(error) if matches!(error.kind, ErrorKind::CodeUnknownOrUsed | ErrorKind::CodeExpired) => None,
            Err(error) => return Err(error),
        };
        let Some(user) = user else { return Ok(String::new()) };
        let account = self.reading("second_factor_account").await?.account(user).await?;
        Ok(account.map(|account| account.user.username).unwrap_or_default())
    }

    /// What the app that is enrolled in this sign-in scans: the same each time the page is shown.
    ///
    /// # Errors
    /// TransactionUnknown (403), ClientUnknown, CodeUnknownOrUsed, CodeExpired, AuthenticatorInForce, TooManyAttempts.
    pub async fn enrolment_on_page(&self, command: EnrolmentOnPage) -> Result<PageEnrolment, Error> {
        let EnrolmentOnPage { origin, transaction, cookies } = command;
        let step = self.step(origin, &transaction, cookies).await?;
        if !self.earlier_sign_in_stands(&step).await? {
            return Err(ErrorKind::CodeUnknownOrUsed.into());
        }
        let code = step.transaction.code.clone().map(Secret::new).ok_or(ErrorKind::CodeUnknownOrUsed)?;
        let secret = self.page_secret(&code).await?;
        let enrolment = EnrolAuthenticator {
            actor: Actor::anonymous(step.origin),
            code,
            client_id: step.client.client_id,
            otp: None,
        };
        let Enrolment { url, qr_code_png } = self.enrol_authenticator_with(enrolment, secret).await?;
        let secret = Secret::new(secret_of(url.expose()).to_owned());
        Ok(PageEnrolment { url, qr_code_png, secret })
    }

    /// The app's secret, 160 bits that follow from the code: a page that is loaded again, or shows a mistake, must not make
    /// what was scanned worthless.
    ///
    /// # Security
    /// Only this sign-in knows its code, so nobody else's QR code is ever shown here, and nobody else sees this one.
    async fn page_secret(&self, code: &Secret<String>) -> Result<Secret<Vec<u8>>, Error> {
        let (_, mac) = self.ports.signer.server_mac(PURPOSE, None, code.expose().as_bytes()).await?;
        Ok(Secret::new(mac[..20].to_vec()))
    }
}

/// The secret of an `otpauth` URL.
fn secret_of(url: &str) -> &str {
    let after = url.split_once("secret=").map_or("", |(_, after)| after);
    after.split('&').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::secret_of;

    #[test]
    fn the_secret_is_read_out_of_the_url() {
        assert_eq!(secret_of("otpauth://totp/A:b?secret=JBSWY3DP&issuer=A"), "JBSWY3DP");
        assert_eq!(secret_of("otpauth://totp/A:b?issuer=A&secret=JBSWY3DP"), "JBSWY3DP");
        assert_eq!(secret_of("otpauth://totp/A:b"), "");
    }
}

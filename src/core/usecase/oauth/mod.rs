//! The OAuth 2.0 and OpenID Connect dialect's own use-cases; codes, sessions and rotation are those of every dialect.

mod announce_logout;
mod authenticate_oauth;
mod authorize;
mod client_authentication;
mod consent;
mod end_browser_session;
mod id_token_info;
mod introspect;
mod issue_tokens;
mod page_federation;
mod page_forms;
mod page_second_factor;
mod page_sign_in;
mod pages;
mod revoke_token;
mod token_info;
mod turn;
mod user_info;

pub use self::authorize::Authorize;
pub use self::client_authentication::PresentedClient;
pub use self::consent::ConsentOnPage;
pub use self::end_browser_session::{EndBrowserSession, SignedOut};
pub use self::id_token_info::IdTokenInfo;
pub use self::introspect::Introspect;
pub use self::issue_tokens::{GrantRequest, TokenReply, TokenRequest};
pub use self::page_federation::{DepartFromPage, ReturnToPage};
pub use self::page_forms::{ForgetPasswordOnPage, NewForm, PasswordSet, ResetPasswordOnPage};
pub use self::page_second_factor::{EnrolmentOnPage, PageEnrolment, SecondFactorOnPage};
pub use self::page_sign_in::SignInOnPage;
pub use self::pages::{PageView, ProviderButton, ResumePage, SecondFactorAsked};
pub use self::revoke_token::RevokeToken;
pub use self::turn::{BrowserCookies, ClientReply, Next, SessionCookie, Stage, Turn};

//! How the hosted pages look for a tenant or an app: titles, logo, style sheet.

use serde::{Deserialize, Serialize};

/// What is set; the rest is the server's own. The names are those of the management API's hosted-page configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HostedPages {
    /// Heading of the sign-in page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in_title: Option<String>,
    /// Heading of the sign-up page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_up_title: Option<String>,
    /// Heading of the page that asks for a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forgot_password_title: Option<String>,
    /// Heading of the page that takes a new password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_password_title: Option<String>,
    /// Heading of the page that asks for a forgotten username.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recover_username_title: Option<String>,
    /// Picture above the heading; https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_url: Option<String>,
    /// A style sheet after ours; https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub css_url: Option<String>,
}

impl HostedPages {
    /// The app's words over the tenant's.
    #[must_use]
    pub fn over(&self, tenant: &Self) -> Self {
        let pick = |own: &Option<String>, other: &Option<String>| own.clone().or_else(|| other.clone());
        Self {
            sign_in_title: pick(&self.sign_in_title, &tenant.sign_in_title),
            sign_up_title: pick(&self.sign_up_title, &tenant.sign_up_title),
            forgot_password_title: pick(&self.forgot_password_title, &tenant.forgot_password_title),
            reset_password_title: pick(&self.reset_password_title, &tenant.reset_password_title),
            recover_username_title: pick(&self.recover_username_title, &tenant.recover_username_title),
            logo_url: pick(&self.logo_url, &tenant.logo_url),
            css_url: pick(&self.css_url, &tenant.css_url),
        }
    }
}

//! How the hosted pages look: the same keys for tenants (`[tenants.pages]`) and for clients.

use doorward_core::domain::client_rules::check_web_address;
use doorward_core::domain::hosted_pages::HostedPages;

use super::table_reader::TableReader;
use crate::config::Problem;
use crate::config::setting::Setting;

pub(super) fn read_pages(reader: &mut TableReader<'_>) -> Result<HostedPages, Problem> {
    Ok(HostedPages {
        sign_in_title: reader.optional("sign_in_title")?,
        sign_up_title: reader.optional("sign_up_title")?,
        forgot_password_title: reader.optional("forgot_password_title")?,
        reset_password_title: reader.optional("reset_password_title")?,
        recover_username_title: reader.optional("recover_username_title")?,
        logo_url: reader.optional::<WebAddress>("logo_url")?.map(|address| address.0),
        css_url: reader.optional::<WebAddress>("css_url")?.map(|address| address.0),
    })
}

/// What is fetched over https, or from this machine.
pub(super) struct WebAddress(pub(super) String);

impl Setting for WebAddress {
    fn kind() -> String {
        "address".to_owned()
    }

    fn expected() -> String {
        "an address such as \"https://app.example.com/x\" without fragment; \"http://\" only to this machine"
            .to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        check_web_address(text).is_ok().then(|| Self(text.to_owned()))
    }
}

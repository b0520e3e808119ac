//! From `[providers.<id>]` to the adapters.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorward_core::ports::clock::Clock;
use doorward_core::ports::entropy::Entropy;
use doorward_core::ports::provider::{NoProviders, ProviderKind, Registry, SignUp};
use doorward_crypto::{SystemClock, SystemEntropy};
use doorward_providers::settings::ProviderSettings;
use doorward_providers::{ConfigurationError, Tools};

use crate::config::{Provider, Settings, SignUpWord};

/// Every configured provider. Asks none of them anything.
///
/// # Errors
/// The first section that cannot work.
pub(crate) fn build(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<Arc<dyn Registry>> {
    if settings.providers.is_empty() {
        return Ok(Arc::new(NoProviders));
    }
    let sections = settings.providers.iter().map(|(id, provider)| provider_settings(id, provider));
    let tools = Tools { clock: clock.clone(), entropy: entropy.clone() };
    let built = doorward_providers::build(sections.collect::<Result<_, _>>()?, tools);
    Ok(Arc::new(built.map_err(|error| anyhow::anyhow!("configuration error: {error}"))?))
}

/// Whether every configured provider can be built.
///
/// # Errors
/// The first section that cannot work.
pub(crate) fn check(settings: &Settings) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    build(settings, &clock, &entropy).map(|_| ())
}

/// Says which providers there are, and which address has to be registered at each.
pub(crate) fn tell(providers: &dyn Registry, public_url: &str) {
    for provider in providers.all() {
        let info = provider.info();
        let callback = format!("{public_url}{}", info.callback_path);
        tracing::info!(event = "identity_provider", id = info.id, kind = info.kind.as_str(), callback);
    }
}

fn provider_settings(id: &str, provider: &Provider) -> Result<ProviderSettings, ConfigurationError> {
    let kind = provider
        .kind
        .ok_or_else(|| ConfigurationError { id: id.to_owned(), what: "needs `kind`".to_owned() })?;
    Ok(ProviderSettings {
        id: id.to_owned(),
        kind,
        client_id: provider.client_id.clone(),
        client_secret: provider.client_secret.clone(),
        audiences: provider.audiences.clone(),
        issuer: provider.issuer.clone(),
        authorization_endpoint: provider.authorization_endpoint.clone(),
        token_endpoint: provider.token_endpoint.clone(),
        userinfo_endpoint: provider.userinfo_endpoint.clone(),
        jwks_uri: provider.jwks_uri.clone(),
        revocation_endpoint: provider.revocation_endpoint.clone(),
        end_session_endpoint: provider.end_session_endpoint.clone(),
        scopes: provider.scopes.clone(),
        redirect_uri: provider.redirect_uri.clone(),
        callback_path: callback_path(id, kind),
        sign_up: sign_up(provider),
        link: provider.link,
        allow_loopback: provider.allow_loopback,
        timeout: provider.timeout,
        extra: extra(provider),
        private_key: provider.private_key.as_ref().map(|key| key.0.clone()),
        certificate: provider.certificate.as_ref().map(|pem| pem.0.clone()),
        idp_certificates: provider.idp_certificates.iter().map(|pem| pem.0.clone()).collect(),
        metadata_file: provider.metadata_file.clone(),
        metadata_url: provider.metadata_url.clone(),
    })
}

/// The old service's path for the section that is named like its kind.
fn callback_path(id: &str, kind: ProviderKind) -> String {
    let native = kind.native_callback_path().filter(|_| kind.as_str() == id);
    native.map_or_else(|| format!("/auth/providers/{id}/callback"), str::to_owned)
}

fn sign_up(provider: &Provider) -> SignUp {
    match (provider.sign_up, &provider.sign_up_tenant, &provider.sign_up_role) {
        (SignUpWord::Create, Some(tenant), Some(role)) => {
            SignUp::Create { tenant: tenant.clone(), role: role.clone() }
        }
        _ => SignUp::Deny,
    }
}

/// The kinds' own texts.
fn extra(provider: &Provider) -> BTreeMap<String, String> {
    let list = |words: &[String]| (!words.is_empty()).then(|| words.join(","));
    let flag = |set: bool| set.then(|| "true".to_owned());
    let texts = [
        ("client_authentication", provider.client_authentication.clone()),
        ("trust_mfa", flag(provider.trust_mfa)),
        ("hosted_domain", provider.hosted_domain.clone()),
        ("access_type", provider.access_type.clone()),
        ("tenant", provider.tenant.clone()),
        ("tenants", list(&provider.tenants)),
        ("region", provider.region.clone()),
        ("user_pool", provider.user_pool.clone()),
        ("domain", provider.domain.clone()),
        ("identity_provider", provider.identity_provider.clone()),
        ("host", provider.host.clone()),
        ("realm", provider.realm.clone()),
        ("team_id", provider.team_id.clone()),
        ("key_id", provider.key_id.clone()),
        ("version", provider.version.clone()),
        ("idp_entity_id", provider.idp_entity_id.clone()),
        ("idp_sso_url", provider.idp_sso_url.clone()),
        ("name_id_format", provider.name_id_format.clone()),
        ("unsolicited_client", provider.unsolicited_client.clone()),
        ("sign_requests", flag(provider.sign_requests)),
        ("force_authn", flag(provider.force_authn)),
        ("trust_email", flag(provider.trust_email)),
        ("email_domains", list(&provider.email_domains)),
        ("subject_attribute", provider.subject_attribute.clone()),
        ("email_attribute", provider.email_attribute.clone()),
        ("first_name_attribute", provider.first_name_attribute.clone()),
        ("last_name_attribute", provider.last_name_attribute.clone()),
        ("username_attribute", provider.username_attribute.clone()),
        ("phone_attribute", provider.phone_attribute.clone()),
    ];
    texts.into_iter().filter_map(|(key, text)| text.map(|text| (key.to_owned(), text))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn settings(environment: &[(&str, &str)]) -> Settings {
        let variable = |(key, value): &(&str, &str)| {
            (format!("DOORWARD__PROVIDERS__{}", key.replace('.', "__").to_uppercase()), (*value).to_owned())
        };
        let environment: BTreeMap<String, String> = environment.iter().map(variable).collect();
        let folder = tempfile::tempdir().expect("a temporary directory can be made");
        let path = folder.path().join("doorward.toml");
        std::fs::write(&path, "").expect("the file can be written");
        Settings::load(Some(&path), &environment).expect("well-formed settings")
    }

    fn only(environment: &[(&str, &str)]) -> ProviderSettings {
        let settings = settings(environment);
        let (id, provider) = settings.providers.iter().next().expect("one provider");
        provider_settings(id, provider).expect("it has a kind")
    }

    #[test]
    fn nothing_is_lost_on_the_way() {
        let google = only(&[
            ("google.client_id", "id"),
            ("google.client_secret", "secret"),
            ("google.hosted_domain", "example.com"),
            ("google.sign_up", "create"),
            ("google.sign_up_tenant", "acme"),
            ("google.sign_up_role", "Member"),
            ("google.timeout", "1s"),
        ]);
        assert_eq!((google.id.as_str(), google.kind), ("google", ProviderKind::Google));
        assert_eq!(google.callback_path, "/auth/google-auth-redirect");
        assert_eq!(google.extra, BTreeMap::from([("hosted_domain".to_owned(), "example.com".to_owned())]));
        assert_eq!(google.timeout.as_secs(), 1);
        let place = SignUp::Create { tenant: "acme".to_owned(), role: "Member".to_owned() };
        assert_eq!(google.sign_up, place);
        let azure = only(&[
            ("second_azure.kind", "azure"),
            ("second_azure.tenants", "a, b"),
            ("second_azure.trust_email", "true"),
        ]);
        assert_eq!(azure.callback_path, "/auth/providers/second_azure/callback");
        assert_eq!((azure.extra["tenants"].as_str(), azure.extra["trust_email"].as_str()), ("a,b", "true"));
        assert_eq!(azure.sign_up, SignUp::Deny);
    }

    #[test]
    fn a_section_that_cannot_work_is_named_in_one_line() {
        let error = check(&settings(&[("google.client_secret", "hunter2")])).expect_err("it lacks client_id");
        let line = format!("{error:#}");
        assert_eq!(line, "configuration error: [providers.google] needs `client_id`");
        assert!(check(&settings(&[])).is_ok());
    }
}

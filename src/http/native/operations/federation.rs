//! The operations of signing in at identity providers.

use super::{Operation, Parameter, READS_BODY};

/// Leaving for a provider: the client may be wrong, too many may be under way, the provider missing, unreachable or set up
/// wrongly.
const BEGINS: &[u16] = &[400, 401, 404, 408, 413, 415, 422, 429, 500, 502, 503];
/// Being back: the attempt may be unknown or used.
const FINISHES: &[u16] = &[400, 401, 404, 408, 413, 415, 422, 500, 502, 503];
/// An ID token becomes a code or tokens: as coming back, but a client's wrong secrets are counted.
const EXCHANGES: &[u16] = &[400, 401, 404, 408, 413, 415, 422, 429, 500, 502, 503];
const AUTHENTICATES: &[u16] = &[401, 404, 422, 500, 503];
const TELLS: &[u16] = &[404, 500, 502, 503];

const CLIENT: &[Parameter] = &[Parameter::ClientId, Parameter::ClientSecret];
const RETURN: &[Parameter] = &[Parameter::Code, Parameter::State];
const RETURN_OF_AZURE: &[Parameter] = &[Parameter::Code, Parameter::State, Parameter::SessionState];

const AWAY: &str =
    "The browser is on its way to the provider, by a redirect or by a form that submits itself (200)";
const BACK: &str = "The browser is on its way to the client's redirect URL, with `code`, or with `error`";

const fn begins(id: &'static str, parameters: &'static [Parameter]) -> Operation {
    Operation { id, description: AWAY, failures: BEGINS, parameters }
}

const fn finishes(id: &'static str, parameters: &'static [Parameter]) -> Operation {
    Operation { id, description: BACK, failures: FINISHES, parameters }
}

const fn logs_out(id: &'static str) -> Operation {
    Operation {
        id,
        description: "Success Response",
        failures: READS_BODY,
        parameters: &[Parameter::Authorization],
    }
}

/// Callbacks whose form is the provider's business.
pub(in crate::native) const ANY_FORM: [&str; 3] = [
    "SamlLoginController.oktaSamlCallback",
    "AppleLoginController.postAppleCallback",
    "ProviderController.callbackByForm",
];

pub(super) const OPERATIONS: &[Operation] = &[
    begins("GoogleLoginController.postLoginViaGoogle", &[]),
    begins("GoogleLoginController.loginViaGoogle", CLIENT),
    finishes("GoogleLoginController.googleCallback", RETURN),
    begins("AzureLoginController.postLoginViaAzure", &[]),
    begins("AzureLoginController.getLoginViaAzure", CLIENT),
    finishes("AzureLoginController.azureCallback", RETURN_OF_AZURE),
    begins("CognitoLoginController.postLoginViaCognito", &[]),
    begins("CognitoLoginController.loginViaCognito", CLIENT),
    finishes("CognitoLoginController.cognitoCallback", RETURN),
    begins("KeycloakLoginController.postLoginViaKeycloak", &[]),
    begins("KeycloakLoginController.loginViaKeycloak", CLIENT),
    finishes("KeycloakLoginController.keycloakCallback", RETURN),
    begins("AppleLoginController.postLoginViaApple", &[]),
    begins("AppleLoginController.loginViaApple", CLIENT),
    finishes("AppleLoginController.appleCallback", RETURN),
    finishes("AppleLoginController.postAppleCallback", &[]),
    begins("FacebookLoginController.postLoginViaFacebook", &[]),
    begins("FacebookLoginController.loginViaFacebook", CLIENT),
    finishes("FacebookLoginController.facebookCallback", RETURN),
    begins("InstagramLoginController.postLoginViaInstagram", &[]),
    begins("InstagramLoginController.loginViaInstagram", CLIENT),
    finishes("InstagramLoginController.instagramCallback", RETURN),
    begins("SamlLoginController.postLoginViaSaml", &[]),
    begins("SamlLoginController.loginViaSaml", CLIENT),
    finishes("SamlLoginController.oktaSamlCallback", &[Parameter::Client]),
    begins("ProviderController.begin", &[]),
    begins("ProviderController.beginByQuery", CLIENT),
    finishes("ProviderController.callback", RETURN),
    finishes("ProviderController.callbackByForm", &[]),
    Operation {
        id: "ProviderController.nonce",
        description: "A nonce for one ID token",
        failures: BEGINS,
        parameters: &[],
    },
    Operation {
        id: "ProviderController.token",
        description: "A CodeResponse, or a TokenResponse where tokens were asked for",
        failures: EXCHANGES,
        parameters: &[],
    },
    Operation {
        id: "ProviderController.link",
        description: "Where the caller's browser goes to link an account",
        failures: AUTHENTICATES,
        parameters: &[],
    },
    Operation {
        id: "ProviderController.viewLink",
        description: "A page that says which account is about to be linked",
        failures: FINISHES,
        parameters: &[Parameter::Ticket],
    },
    begins("ProviderController.startLink", &[]),
    Operation {
        id: "ProviderController.identities",
        description: "The caller's accounts at identity providers",
        failures: AUTHENTICATES,
        parameters: &[],
    },
    Operation {
        id: "ProviderController.unlink",
        description: "Success Response",
        failures: AUTHENTICATES,
        parameters: &[],
    },
    logs_out("LogoutController.googleLogout"),
    logs_out("LogoutController.keycloakLogout"),
    logs_out("LogoutController.cognitoLogout"),
    Operation {
        id: "SamlLoginController.metadata",
        description: "Metadata of this service provider",
        failures: TELLS,
        parameters: &[],
    },
    Operation {
        id: "SamlLoginController.metadataOfProvider",
        description: "Metadata of this service provider",
        failures: TELLS,
        parameters: &[],
    },
];

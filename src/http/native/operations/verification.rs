//! The operations of one-time codes, authenticator apps, links and sign-up.

use super::{CHANGES_PASSWORD, LIMITED, Operation, Parameter};

const LOOKS_AT_CODE: &[u16] = &[401, 429, 500, 503];
const LOOKS_AT_LINK: &[u16] = &[400, 401, 422, 500, 503];
const LOOKS_AT_BEARER: &[u16] = &[401, 500, 503];
const SENDS_TO_CALLER: &[u16] = &[401, 422, 429, 500, 503];
const PROVES_ADDRESS: &[u16] = &[400, 401, 408, 409, 413, 415, 422, 500, 503];
const MAKES_ACCOUNT: &[u16] = &[400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "OtpController.sendOtp",
        description: "A code is on its way, if the user may sign in with one",
        failures: LIMITED,
        parameters: &[],
    },
    Operation {
        id: "OtpController.verifyOtp",
        description: "Auth Code that you can use to generate access and refresh tokens using the POST /auth/token API",
        failures: LIMITED,
        parameters: &[],
    },
    Operation {
        id: "OtpController.checkQr",
        description: "Whether an authenticator app is confirmed",
        failures: LOOKS_AT_CODE,
        parameters: &[Parameter::CodeHeader, Parameter::ClientIdHeader],
    },
    Operation {
        id: "OtpController.createQr",
        description: "qrCode that you can use to generate codes in Authenticator App",
        failures: CHANGES_PASSWORD,
        parameters: &[],
    },
    Operation {
        id: "ForgetPasswordController.forgetPassword",
        description: "Success Response.",
        failures: LIMITED,
        parameters: &[],
    },
    Operation {
        id: "ForgetPasswordController.verifyResetPasswordLink",
        description: "Check if Token Is Valid and not Expired.",
        failures: LOOKS_AT_LINK,
        parameters: &[Parameter::Token],
    },
    Operation {
        id: "ForgetPasswordController.resetPassword",
        description: "If User password successfully changed.",
        failures: LIMITED,
        parameters: &[],
    },
    Operation {
        id: "SignupRequestController.requestSignup",
        description: "A link is on its way",
        failures: CHANGES_PASSWORD,
        parameters: &[],
    },
    Operation {
        id: "SignupRequestController.verifyInviteToken",
        description: "Whom the link is for",
        failures: LOOKS_AT_BEARER,
        parameters: &[],
    },
    Operation {
        id: "SignupRequestController.signupWithToken",
        description: "The new account",
        failures: MAKES_ACCOUNT,
        parameters: &[],
    },
    Operation {
        id: "EmailController.requestVerification",
        description: "A link is on its way",
        failures: SENDS_TO_CALLER,
        parameters: &[],
    },
    Operation {
        id: "EmailController.change",
        description: "A link is on its way to the new address",
        failures: CHANGES_PASSWORD,
        parameters: &[],
    },
    Operation {
        id: "EmailController.verify",
        description: "Success Response",
        failures: PROVES_ADDRESS,
        parameters: &[],
    },
];

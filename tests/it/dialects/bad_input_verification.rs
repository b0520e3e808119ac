//! The same for one-time codes, links and sign-up: whatever comes in, an answer of the dialect goes out.

use doorward_tests::harness::app::Options;
use doorward_tests::{App, on_both};

use super::bad_input::{survives, target};

on_both![one_time_codes_survive, authenticators_survive, links_survive, addresses_survive];
on_both![open_to_sign_up; sign_up_survives];

fn open_to_sign_up() -> Options {
    Options::default().set("native.sign_up_tenant", "acme")
}

async fn one_time_codes_survive(app: &App) {
    survives(app, target("POST", "/auth/send-otp", &["client_id", "client_secret", "key"], "")).await;
    survives(app, target("POST", "/auth/verify-otp", &["key", "otp", "clientId", "code"], "")).await;
}

async fn authenticators_survive(app: &App) {
    survives(app, target("GET", "/auth/check-qr-code", &[], "code")).await;
    survives(app, target("POST", "/auth/create-qr-code", &["code", "clientId", "otp"], "")).await;
}

async fn links_survive(app: &App) {
    let properties = &["client_id", "client_secret", "username"];
    survives(app, target("POST", "/auth/forget-password", properties, "")).await;
    survives(app, target("GET", "/auth/verify-reset-password-link", &[], "token")).await;
    let properties = &["client_id", "client_secret", "token", "password"];
    survives(app, target("PATCH", "/auth/reset-password", properties, "")).await;
}

async fn sign_up_survives(app: &App) {
    survives(app, target("POST", "/auth/sign-up/create-token", &["email", "data"], "")).await;
    survives(app, target("GET", "/auth/sign-up/verify-token", &[], "access_token")).await;
    let properties = &["email", "password", "firstName", "lastName"];
    survives(app, target("POST", "/auth/sign-up/create-user", properties, "")).await;
}

async fn addresses_survive(app: &App) {
    survives(app, target("POST", "/auth/verify-email/create-token", &["x"], "")).await;
    survives(app, target("PATCH", "/auth/change-email", &["email", "password"], "")).await;
    survives(app, target("POST", "/auth/verify-email", &["token"], "")).await;
}

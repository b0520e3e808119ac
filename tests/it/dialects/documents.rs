//! The OpenAPI document and the page to read it with.

use doorward_tests::{App, on_both};
use serde_json::Value;

on_both![the_document_is_that_of_the_old_service, the_docs_come_from_this_server_alone];

async fn the_document_is_that_of_the_old_service(app: &App) {
    let document = app.get("/openapi.json").await.ok();
    for (path, method, operation, request) in [
        ("/auth/login", "post", "LoginController.login", "LoginRequest"),
        ("/auth/login-token", "post", "LoginController.loginWithClientUser", "LoginRequest"),
        ("/auth/token", "post", "LoginController.getToken", "AuthTokenRequest"),
        ("/auth/token-refresh", "post", "LoginController.exchangeToken", "AuthRefreshTokenRequest"),
        ("/auth/switch-token", "post", "LoginController.switchToken", "AuthRefreshTokenRequest"),
        ("/auth/me", "get", "LoginController.me", ""),
        ("/auth/change-password", "patch", "LoginController.resetPassword", "ResetPasswordPartial"),
        ("/logout", "post", "LogoutController.logout", "RefreshTokenRequestPartial"),
        ("/login-activity", "get", "LoginActivityController.find", ""),
        ("/login-activity/count", "get", "LoginActivityController.count", ""),
        ("/login-activity/{id}", "get", "LoginActivityController.findById", ""),
        ("/active-users/{range}", "get", "LoginActivityController.getActiveUsers", ""),
        ("/auth/send-otp", "post", "OtpController.sendOtp", "OtpSendRequest"),
        ("/auth/verify-otp", "post", "OtpController.verifyOtp", "OtpLoginRequest"),
        ("/auth/check-qr-code", "get", "OtpController.checkQr", ""),
        ("/auth/create-qr-code", "post", "OtpController.createQr", "CreateQrCodeRequest"),
        ("/auth/forget-password", "post", "ForgetPasswordController.forgetPassword", "ForgetPasswordDto"),
        ("/auth/verify-reset-password-link", "get", "ForgetPasswordController.verifyResetPasswordLink", ""),
        (
            "/auth/reset-password",
            "patch",
            "ForgetPasswordController.resetPassword",
            "ResetPasswordWithClient",
        ),
        ("/auth/sign-up/create-token", "post", "SignupRequestController.requestSignup", "SignupRequestDto"),
        ("/auth/sign-up/verify-token", "get", "SignupRequestController.verifyInviteToken", ""),
        (
            "/auth/sign-up/create-user",
            "post",
            "SignupRequestController.signupWithToken",
            "LocalUserProfileDto",
        ),
    ] {
        let described = &document["paths"][path][method];
        assert_eq!(described["operationId"], operation, "{path}");
        let is_answered = ["200", "204"].iter().any(|status| described["responses"][status].is_object());
        assert!(is_answered, "{path}");
        let body = &described["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let name = body.as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
        assert_eq!(name, request, "{path}");
    }
    let schemas = &document["components"]["schemas"];
    assert!(schemas["TokenResponse"]["properties"]["expires"].is_object());
    assert!(schemas["loopback.Count"].is_object());
    every_reference_leads_somewhere(&document, &document);
}

fn every_reference_leads_somewhere(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            for (name, value) in members {
                if let (true, Some(reference)) = (name == "$ref", value.as_str()) {
                    let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
                    assert!(target.is_some(), "{reference}");
                }
                every_reference_leads_somewhere(document, value);
            }
        }
        Value::Array(items) => {
            for item in items {
                every_reference_leads_somewhere(document, item);
            }
        }
        _ => {}
    }
}

async fn the_docs_come_from_this_server_alone(app: &App) {
    let page = app.get("/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("http"), "{policy}");
    let mut assets = 0;
    for attribute in ["src=\"", "href=\""] {
        for rest in page.text.split(attribute).skip(1) {
            let url = rest.split('"').next().unwrap_or_default();
            assert!(url.starts_with('/') && !url.starts_with("//"), "{url}");
            assert_eq!(app.get(url).await.status, 200, "{url}");
            assets += 1;
        }
    }
    assert!(assets >= 2, "{}", page.text);
    assert!(!page.text.contains("http://") && !page.text.contains("https://"));
}

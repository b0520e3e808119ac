//! More passwords than can be hashed: some are refused at once, nothing piles up (T9).

use doorward_tests::bootstrap::WEBAPP;
use doorward_tests::harness::app::Options;
use doorward_tests::{App, on_both};
use futures_util::future::join_all;

on_both![one_worker; too_many_sign_ins_are_told_to_come_back];

fn one_worker() -> Options {
    Options::default().set("passwords.workers", "1").set("passwords.max_waiting", "1")
}

async fn too_many_sign_ins_are_told_to_come_back(app: &App) {
    // The imported hash has bcrypt's cost 10: slow enough to be overtaken.
    let sign_ins = join_all((0..16).map(|_| app.login(WEBAPP, "imported")));
    let (replies, ping) = futures_util::join!(sign_ins, app.get("/health/live"));
    assert_eq!(ping.status, 200);
    let (served, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert!(!served.is_empty() && !refused.is_empty(), "{} served", served.len());
    for reply in refused {
        assert!(reply.status == 429 || reply.status == 503, "{}", reply.text);
        assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1), "{reply:?}");
        assert_eq!(reply.json()["error"]["statusCode"], reply.status);
    }
    let _ = app.login(WEBAPP, "imported").await.ok();
}

//! The hosted pages, as somebody with a browser and without JavaScript meets them.

mod cookies;
mod federation;
mod forms;
mod headers;
mod links;
mod locales;
mod second_factor;
mod sign_in;
mod sign_out;
mod transactions;

use doorward_tests::App;
use doorward_tests::harness::pages::{Page, Visitor};
use doorward_tests::harness::relying_party::authorize_url;

/// The name of the session's cookie where browsers come without TLS.
const SESSION: &str = "doorward_session";

/// A new browser at the sign-in page of an authorization request of that client.
async fn at_sign_in(app: &App, client: &str) -> (Visitor, Page) {
    let visitor = app.visitor();
    let page = visitor.get(&authorize_url(client, &[])).await.here();
    page.assert_shows(200, &["username", "password", "submit"]);
    (visitor, page)
}

/// The sealed transaction in the page's form.
#[track_caller]
fn transaction(page: &Page) -> String {
    let mut inputs = page.all("input");
    let hidden = inputs.find(|input| input.attribute("name") == "transaction");
    hidden.unwrap_or_else(|| unreachable!("no transaction in {}", page.text)).attribute("value").to_owned()
}

/// What the page says went wrong.
#[track_caller]
fn complaint(page: &Page) -> &str {
    page.text_of("error").unwrap_or_else(|| unreachable!("nothing is wrong: {}", page.text))
}

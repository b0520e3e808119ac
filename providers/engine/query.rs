//! Addresses with parameters.

use url::{Url, form_urlencoded};

/// The address with these parameters behind its own. Spaces become `%20`: Cognito does not understand `+`.
pub(crate) fn with_parameters(target: &Url, parameters: &[(&str, &str)]) -> String {
    let encode =
        |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let added: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let mut target = target.clone();
    let query = match target.query().filter(|query| !query.is_empty()) {
        Some(query) => format!("{query}&{}", added.join("&")),
        None => added.join("&"),
    };
    target.set_fragment(None);
    target.set_query(Some(&query));
    target.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_added_and_encoded() {
        let parse = |text: &str| Url::parse(text).expect("an address");
        let parameters = [("scope", "openid e+mail"), ("state", "a&b=c#d\r\n%")];
        let encoded = "scope=openid%20e%2Bmail&state=a%26b%3Dc%23d%0D%0A%25";
        assert_eq!(
            with_parameters(&parse("https://a.test/x#y"), &parameters),
            format!("https://a.test/x?{encoded}")
        );
        assert_eq!(
            with_parameters(&parse("https://a.test/x?p=1"), &parameters),
            format!("https://a.test/x?p=1&{encoded}")
        );
    }
}

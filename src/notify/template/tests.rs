//! Every built-in template, and the operator's in their place.

use super::*;
use crate::testing::Checked;

fn write(directory: &Path, name: &str, text: &str) -> Checked {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().ok_or("it has a directory")?)?;
    Ok(fs::write(path, text)?)
}

#[test]
fn every_kind_is_built_in_in_every_language() -> Checked {
    let templates = Templates::load(None)?;
    for locale in ["en", "de"] {
        for kind in MailKind::ALL {
            let template = templates.find(locale, kind);
            assert_eq!(template.locale, locale, "{kind:?}");
            assert!(template.subject.contains("{{{organization.name}}}"), "{kind:?}");
        }
    }
    for kind in [MailKind::Registration, MailKind::ForgotPassword, MailKind::VerifyEmail] {
        let template = templates.find("en", kind);
        assert!(
            template.plain.contains("{{{url}}}") && template.html.contains("href=\"{{{url}}}\""),
            "{kind:?}"
        );
    }
    Ok(())
}

#[test]
fn readers_get_their_locale_or_language_or_english() -> Checked {
    let directory = tempfile::tempdir()?;
    write(directory.path(), "de-AT/welcome.md", "subject: Servus\n\nServus")?;
    write(directory.path(), "fr/welcome.md", "subject: Bienvenue\n\nBienvenue")?;
    let templates = Templates::load(Some(directory.path()))?;
    let subject = |locale| templates.find(locale, MailKind::Welcome).subject.clone();
    assert_eq!(subject("de-AT"), "Servus");
    assert_eq!(subject("DE_at"), "Servus");
    assert_eq!(subject("de-CH"), "Willkommen bei {{{organization.name}}}");
    assert_eq!(subject("fr-CA"), "Bienvenue");
    for other in ["en-GB", "ja", "", "../../etc", "-"] {
        assert_eq!(subject(other), "Welcome to {{{organization.name}}}", "{other}");
    }
    assert_eq!(templates.find("fr", MailKind::NewDevice).locale, "en");
    Ok(())
}

#[test]
fn the_operators_file_takes_the_place_of_ours() -> Checked {
    let directory = tempfile::tempdir()?;
    write(directory.path(), "README.md", "Not a template.")?;
    write(directory.path(), "en/.hidden", "Not a template.")?;
    write(directory.path(), "en/welcome.md", "subject: Hi\n\nHi {{user.displayName}}")?;
    let templates = Templates::load(Some(directory.path()))?;
    assert_eq!(templates.find("en", MailKind::Welcome).plain, "Hi {{user.displayName}}\n");
    assert!(templates.find("en", MailKind::NewDevice).plain.contains("{{organization.name}}"));
    Ok(())
}

#[test]
fn mistakes_show_at_the_start() -> Checked {
    let cases = [
        ("en/welcom.md", "subject: A\n\nB", "expected one of registration.md, welcome.md,"),
        ("en/welcome.txt", "subject: A\n\nB", "expected one of"),
        ("en/welcome.md", "Welcome", "expected a line \"subject: …\""),
        ("en/welcome.md", "subject: A\n\n{{user.nme}}", "there is no variable user.nme"),
        ("en/welcome.md", "subject: {{organisation}}\n\nB", "organisation"),
        ("en/welcome.md", "subject: A\n\n{{url", "expected }}"),
        ("en/welcome.md", "subject: A\n\n{{#if url}}x", ""),
    ];
    for (name, text, expected) in cases {
        let directory = tempfile::tempdir()?;
        write(directory.path(), name, text)?;
        let problem = Templates::load(Some(directory.path())).expect_err(text).to_string();
        assert!(problem.contains(name) && problem.contains(expected), "{problem}");
        assert!(!problem.contains('\n'), "{problem}");
    }
    assert!(Templates::load(Some(Path::new("/nonexistent"))).is_err());
    Ok(())
}

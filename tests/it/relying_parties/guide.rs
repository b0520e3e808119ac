//! The guide shows what is run.

use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_owned()
}

fn read(path: &str) -> String {
    let path = repository().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| unreachable!("{}: {error}", path.display()))
}

#[test]
fn every_snippet_is_part_of_a_program_that_is_run() {
    let guide = read("docs/guides/openid-connect.md");
    let snippets =
        guide.split("<!-- ").skip(1).map(|rest| rest.split_once(" -->\n```").expect("a fence follows"));
    let mut count = 0;
    for (path, rest) in snippets {
        let (_, rest) = rest.split_once('\n').expect("the fence names a language");
        let (snippet, _) = rest.split_once("\n```").expect("the fence ends");
        assert!(!snippet.trim().is_empty(), "{path}: nothing is shown");
        assert!(read(path).contains(snippet), "{path} has not what the guide shows: {snippet}");
        count += 1;
    }
    assert_eq!(count, guide.matches("```").count() / 2, "a snippet names no program");
}

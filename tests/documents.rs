//! Compares the documents with the code: the README's example is the compiled one, the tests that
//! `docs/testing.md` and `docs/security.md` name exist, and so do the log lines in the guide.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).expect("a file of the repository")
}

#[test]
fn the_sign_in_of_the_readme_is_the_minimal_example() {
    let (readme, example) = (read("README.md"), read("examples/minimal/src/main.rs"));
    let (_, code) = example.split_once("\n\n").expect("documentation, then code");
    assert!(readme.contains(&format!("```rust,no_run\n{code}```\n")), "copy it into the README");
}

#[test]
fn the_store_of_the_guide_is_the_example_on_files() {
    let page = read("docs/guide/own_store.md");
    for (file, attributes) in [("src/lib.rs", "no_run"), ("tests/conformance.rs", "ignore")] {
        let example = read(format!("examples/file-store/{file}"));
        let (_, code) = example.split_once("\n\n").expect("documentation, then code");
        assert!(page.contains(&format!("```rust,{attributes}\n{code}```\n")), "copy {file}");
    }
    let store = read("examples/file-store/src/lib.rs");
    assert!(store.lines().count() < 80, "the guide promises less than 80 lines");
}

#[test]
fn every_test_that_the_documentation_names_exists() {
    let tests = tests_under(root());
    let document = read("docs/testing.md") + &read("docs/security.md");
    let named = named(&document);
    assert!(named.len() > 300, "{} names are too few: are they still found?", named.len());
    let missing: Vec<_> =
        named.iter().filter(|name| !tests.iter().any(|test| test.answers_to(name))).collect();
    assert!(missing.is_empty(), "the documentation names tests that do not exist: {missing:#?}");
}

#[test]
fn every_log_line_that_the_guide_quotes_exists() {
    // A line of a source that ends with `\` continues without the next line's indentation.
    let sources = sources(&root().join("src")) + &sources(&root().join("core/src"));
    let sources = sources.replace("\\\n", "\n");
    let sources = sources.split_whitespace().collect::<Vec<_>>().join(" ");
    let guide = read("docs/guide/add_to_an_app.md");
    let (_, table) = guide.split_once("| Symptom | Log |").expect("the table of symptoms");
    let mut count = 0;
    for cell in table.lines().skip(2).filter_map(|row| row.split('|').nth(2)) {
        for quote in quotes(cell) {
            // The code writes `refused: {reason}`.
            let reason = quote.trim_matches(['…', ' ']).rsplit_once(": ").map_or(quote, |it| it.1);
            let reason = reason.trim_matches(['…', ':', ' ']);
            assert!(sources.contains(reason), "no log line has `{reason}`");
            count += 1;
        }
    }
    assert!(count > 10, "{count} quotes are too few: is the table still found?");
}

/// Returns the texts between single or double backticks that are log lines.
fn quotes(cell: &str) -> Vec<&str> {
    if let Some((before, rest)) = cell.split_once("`` ") {
        let (quote, after) = rest.split_once(" ``").expect("two more backticks");
        return [quotes(before), vec![quote], quotes(after)].concat();
    }
    cell.split('`').skip(1).step_by(2).filter(|quote| !quote.starts_with("tif=")).collect()
}

fn sources(directory: &Path) -> String {
    let entries = fs::read_dir(directory).expect("a directory of the repository");
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| if path.is_dir() { sources(&path) } else { read(&path) })
        .collect()
}

#[test]
fn a_name_is_a_test_only_where_it_is_one() {
    let source = "mod inner {\n    #[tokio::test]\n    async fn runs() {}\n    fn helps() {}\n}\n";
    let tests = tests_in(&["it", "cps"], source);
    let is_found = |name: &str| tests.iter().any(|test| test.answers_to(name));
    for name in ["cps::runs", "it::cps::inner::runs", "cps::ru…", "cps::…"] {
        assert!(is_found(name), "{name}");
    }
    for name in ["cps::helps", "other::runs", "inner::cps::runs", "cps::run", "rps::…"] {
        assert!(!is_found(name), "{name}");
    }
}

/// A test function: the modules, files and directories that it is in, and its own name.
struct Test {
    place: Vec<String>,
    name: String,
}

impl Test {
    /// Whether `written` names this test: some of its modules, in their order, and its name, or the
    /// beginning of that name and `…`.
    fn answers_to(&self, written: &str) -> bool {
        let mut segments: Vec<_> = written.split("::").collect();
        let name = segments.pop().unwrap_or_default();
        let is_named = match name.strip_suffix('…') {
            Some(beginning) => self.name.starts_with(beginning),
            None => self.name == name,
        };
        let mut place = self.place.iter();
        is_named && segments.iter().all(|segment| place.any(|inner| inner == segment))
    }
}

/// What stands between backticks and has the form of a test's path.
fn named(document: &str) -> Vec<&str> {
    let is_path = |text: &&str| {
        text.contains("::")
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:…".contains(c))
            && !text.ends_with("::tests")
    };
    document.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).filter(is_path).collect()
}

fn tests_under(directory: &Path) -> Vec<Test> {
    let entries = fs::read_dir(directory).expect("a directory of the repository");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let mut tests = Vec::new();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            tests.extend(tests_under(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let inside = path.strip_prefix(root()).expect("below the root").with_extension("");
            let place: Vec<_> = inside.iter().filter_map(|part| part.to_str()).collect();
            tests.extend(tests_in(&place, &read(&path)));
        }
    }
    tests
}

fn tests_in(place: &[&str], source: &str) -> Vec<Test> {
    let mut tests = Vec::new();
    let (mut inline, mut is_test) = (None, false);
    for line in source.lines() {
        let text = line.trim_start();
        if let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {")) {
            inline = Some(name);
        } else if line == "}" {
            inline = None;
        }
        if text.starts_with("#[") {
            is_test |= text.contains("test]") || text.contains("::test(");
        } else if let Some((_, rest)) = text.split_once("fn ").filter(|_| is_test) {
            is_test = false;
            let name = rest.split(['(', '<']).next().unwrap_or_default().to_owned();
            let place = place.iter().copied().chain(inline).map(str::to_owned).collect();
            tests.push(Test { place, name });
        }
    }
    tests
}

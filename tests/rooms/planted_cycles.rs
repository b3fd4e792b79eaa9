//! Tests of the search for circular imports: it reports each planted cycle and nothing else.

use std::collections::HashMap;
use std::path::Path;

use super::cycles::cycles;

fn search(files: &[(&str, &str)]) -> Vec<String> {
    let files: HashMap<_, _> = files.iter().copied().collect();
    cycles(Path::new("lib.rs"), &|file| {
        files.get(file.to_str().expect("UTF-8")).map(|text| (*text).to_owned())
    })
}

/// Asserts that the files hold one cycle with these nodes.
#[track_caller]
fn assert_circular(nodes: &str, files: &[(&str, &str)]) {
    let found = search(files);
    assert_eq!(heads(&found), [nodes], "{found:?}");
}

fn heads(found: &[String]) -> Vec<&str> {
    found.iter().filter_map(|cycle| cycle.lines().next()).collect()
}

#[track_caller]
fn assert_free(files: &[(&str, &str)]) {
    let found = search(files);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

const TWO: (&str, &str) = ("lib.rs", "mod a; mod b;");

#[test]
fn siblings_that_import_each_other_are_circular() {
    for (a, b) in [
        ("use crate::b::B;", "use crate::a::A;"),
        ("use super::b::B;", "use super::{a::{self, A}};"),
        ("use crate::b;", "use crate::a as other;"),
        ("fn f() { crate::b::f() }", "impl super::a::A for B {}"),
        ("pub use crate::b::B;", "use crate::a::A;"),
        ("use crate::b::*;", "fn f() { assert!(crate::a::f()) }"),
        ("mod inner { use super::super::b::B; }", "fn f() { use crate::a::A; }"),
    ] {
        assert_circular("a -> b -> a", &[TWO, ("a.rs", a), ("b.rs", b)]);
    }
    assert_free(&[TWO, ("a.rs", "use crate::b::B;"), ("b.rs", "use a::A; use std::fmt;")]);
}

#[test]
fn a_cycle_is_reported_with_its_places() {
    let found = search(&[TWO, ("a.rs", "\nuse crate::b::B;"), ("b.rs", "use crate::a::A;")]);
    assert_eq!(
        found,
        [
            "a -> b -> a\n    a -> b\n        a.rs:2: crate::b::B\n    b -> a\n        b.rs:1: crate::a::A"
        ]
    );
}

#[test]
fn an_indirect_cycle_is_circular() {
    assert_circular(
        "a -> b -> c -> a",
        &[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use crate::c::C;"),
            ("c.rs", "use crate::a::A;"),
        ],
    );
}

#[test]
fn an_import_from_the_subtree_of_a_sibling_is_an_import_of_the_sibling() {
    assert_circular(
        "a -> b -> a",
        &[
            TWO,
            ("a/mod.rs", "mod x; pub mod y;"),
            ("a/x.rs", "use crate::b::B;"),
            ("a/y.rs", ""),
            ("b.rs", "use crate::a::y::Y;"),
        ],
    );
    // Each level of the tree has its own graph.
    assert_circular(
        "a::x -> a::y -> a::x",
        &[
            TWO,
            ("b.rs", ""),
            ("a.rs", "mod x; mod y;"),
            ("a/x.rs", "use super::y::Y;"),
            ("a/y.rs", "use super::x::X;"),
        ],
    );
}

#[test]
fn a_module_may_not_import_from_an_ancestor_that_uses_it() {
    let grandchild = ("a/x.rs", "use crate::Thing;");
    for own in [
        "use a::A; struct Thing;",
        "struct Thing(a::A);",
        "pub use a::A; struct Thing(A);",
        "use a::A as Other; struct Thing;",
        "pub use a::Other as A; struct Thing; fn f() -> A {}",
    ] {
        let root = format!("mod a; {own}");
        assert_circular(
            "crate -> a -> crate",
            &[("lib.rs", &root), ("a.rs", "mod x;"), grandchild],
        );
    }
    // An ancestor that only re-exports or declares its children does not use them.
    for own in ["pub use a::A;", "pub(crate) use a::{A, x::X};", "pub use a::*;", ""] {
        let root = format!("mod a; {own} struct Thing; fn f(a: a) {{ a.A }} ");
        assert_free(&[("lib.rs", &root), ("a.rs", "mod x;"), grandchild]);
    }
}

#[test]
fn a_reexport_leads_to_where_the_item_is_defined() {
    let root = ("lib.rs", "mod a; mod b; pub use a::A; pub(crate) use b::Other as B;");
    for (a, b) in [
        ("use super::B;", "use crate::A;"),
        ("use crate::b::B;", "use crate::A;"),
        ("use super::*; struct A(B);", "use super::{A};"),
        ("use crate::B as Mine;", "fn f() { crate::A::new() }"),
    ] {
        assert_circular("a -> b -> a", &[root, ("a.rs", a), ("b.rs", b)]);
    }
    assert_free(&[root, ("a.rs", "use super::B;"), ("b.rs", "use std::fmt;")]);
    assert_free(&[root, ("a.rs", "use super::*;"), ("b.rs", "use crate::A;")]);
    // A path through an imported module leads to that module and to what it re-exports.
    let found = search(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "pub use crate::b::B;"),
        ("b.rs", "use crate::c::C;"),
        ("c.rs", "use crate::a as other; fn f() { other::B::new() }"),
    ]);
    assert_eq!(heads(&found), ["a -> b -> c -> a", "b -> c -> b"], "{found:?}");
}

#[test]
fn tests_inside_a_module_do_not_count() {
    for tests in [
        "#[cfg(test)] mod tests { use super::*; use crate::b::B; }",
        "#[cfg(test)] use crate::b::B;",
        "#[cfg(test)] mod tests;",
    ] {
        assert_free(&[
            TWO,
            ("a.rs", tests),
            ("a/tests.rs", "use super::A; use crate::b::B;"),
            ("b.rs", "use crate::a::A;"),
        ]);
    }
    // Modules of tests must not import each other either.
    assert_circular(
        "a::tests::x -> a::tests::y -> a::tests::x",
        &[
            TWO,
            ("a.rs", "#[cfg(all(test, feature = \"x\"))] mod tests;"),
            ("a/tests/mod.rs", "mod x; mod y;"),
            ("a/tests/x.rs", "use super::y::Y;"),
            ("a/tests/y.rs", "use super::x::X;"),
            ("b.rs", ""),
        ],
    );
}

#[test]
fn modules_are_found_in_the_files_that_they_name() {
    assert_circular(
        "a -> b -> a",
        &[
            ("lib.rs", "#[path = \"rooms/a.rs\"] pub(crate) mod a; #[path = \"c.rs\"] mod b;"),
            ("rooms/a.rs", "mod x;"),
            ("rooms/x.rs", "use crate::b;"),
            ("c.rs", "use crate::a;"),
        ],
    );
}

#[test]
fn comments_and_visibilities_are_not_imports() {
    assert_free(&[
        TWO,
        (
            "a.rs",
            "/// See [`crate::b::B`].\npub(in crate::b) fn f() -> &'static str { \"crate::b\" }",
        ),
        ("b.rs", "use crate::a::A;"),
    ]);
}

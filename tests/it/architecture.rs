//! Dependencies point one way.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// What each crate of the workspace may build on. Tests may look at more: see below.
const ALLOWED: &[(&str, &[&str])] = &[
    ("heap-profile", &[]),
    ("heap-recorder", &["heap-profile"]),
    ("heap-admin", &["heap-profile", "heap-recorder"]),
    ("problems", &[]),
    (
        "leaklab",
        &["heap-admin", "heap-profile", "heap-recorder", "problems"],
    ),
    (
        "spoilers",
        &[
            "heap-admin",
            "heap-profile",
            "heap-recorder",
            "leaklab",
            "problems",
        ],
    ),
];

fn packages() -> Vec<Package> {
    let manifest = crate::harness::root().join("Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec();
    metadata
        .expect("cargo metadata")
        .workspace_packages()
        .into_iter()
        .cloned()
        .collect()
}

fn edges(keep: impl Fn(DependencyKind) -> bool) -> BTreeSet<(String, String)> {
    let packages = packages();
    let ours: BTreeSet<_> = packages.iter().map(|package| package.name.to_string()).collect();
    let mut edges = BTreeSet::new();
    for package in &packages {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| keep(dependency.kind))
        {
            if ours.contains(&dependency.name) {
                edges.insert((package.name.to_string(), dependency.name.clone()));
            }
        }
    }
    edges
}

#[test]
fn dependencies_between_the_crates_point_one_way() {
    let allowed: BTreeSet<_> = ALLOWED
        .iter()
        .flat_map(|(from, tos)| tos.iter().map(move |to| (from.to_string(), to.to_string())))
        .collect();
    let found = edges(|kind| kind != DependencyKind::Development);
    assert!(
        found.contains(&("leaklab".into(), "heap-admin".into())),
        "nothing was looked at: {found:?}"
    );
    let wrong: Vec<_> = found.difference(&allowed).collect();
    assert!(wrong.is_empty(), "not allowed: {wrong:?}");
}

#[test]
fn nothing_but_spoilers_knows_spoilers() {
    let wrong: Vec<_> = edges(|_| true)
        .into_iter()
        .filter(|(_, to)| to == "spoilers")
        .collect();
    assert!(wrong.is_empty(), "not allowed: {wrong:?}");
}

#[test]
fn every_crate_is_named_in_the_table() {
    let found: BTreeSet<_> = packages()
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let named: BTreeSet<_> = ALLOWED.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(found, named);
}

//! What the build script takes for the page's files, and what it refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha384, Sha512};
use tempfile::TempDir;

use crate::archive;
use crate::manifest::{File, Manifest, Package};
use crate::npm::{self, NpmError};

const SCRIPT: &[u8] = b"alert(1)";
const PLENTY: Duration = Duration::from_secs(60);

fn archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in [
        ("package/a.js", SCRIPT),
        ("package/LICENSE", b"free"),
        ("package/other", b"x"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn manifest(archive: &[u8], script: &[u8]) -> Manifest {
    let package = Package {
        name: "a".into(),
        version: "1.0.0".into(),
        integrity: format!("sha512-{}", STANDARD.encode(Sha512::digest(archive))),
        license: "LICENSE".into(),
        files: vec![File {
            path: "a.js".into(),
            integrity: format!("sha384-{}", STANDARD.encode(Sha384::digest(script))),
        }],
    };
    Manifest {
        cdn: "https://cdn.example".into(),
        packages: vec![package],
    }
}

/// A folder with the archive in it, as npm leaves it.
fn store() -> TempDir {
    let store = tempfile::tempdir().unwrap();
    fs::write(store.path().join("a-1.0.0.tgz"), archive()).unwrap();
    store
}

/// A program that stands in for npm.
fn program(folder: &Path, body: &str) -> String {
    let path = folder.join("npm");
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_pinned_files_and_their_licence_are_taken_from_the_archive() {
    let files = archive::open_all(&manifest(&archive(), SCRIPT), store().path()).unwrap();
    let names: Vec<_> = files.keys().map(|(_, path)| path.as_str()).collect();
    assert_eq!(names, ["LICENSE", "a.js"]);
}

#[test]
fn an_archive_with_another_hash_is_refused() {
    let error = archive::open_all(&manifest(b"other", SCRIPT), store().path())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("a@1.0.0: expected sha512-"), "{error}");
}

#[test]
fn a_file_with_another_hash_is_refused() {
    let error = archive::open_all(&manifest(&archive(), b"other"), store().path())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("a@1.0.0/a.js: expected sha384-"), "{error}");
}

#[test]
fn a_hash_of_an_unknown_kind_is_refused() {
    assert!(archive::check("a", "md5-AAAA", SCRIPT).is_err());
}

#[test]
fn the_projects_own_list_can_be_read_and_pins_every_version() {
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/packages.json");
    let manifest: Manifest = serde_json::from_slice(&fs::read(list).unwrap()).unwrap();
    for package in &manifest.packages {
        assert!(
            package.version.split('.').all(|part| part.parse::<u32>().is_ok()),
            "{package:?}"
        );
        assert!(package.integrity.starts_with("sha512-"), "{package:?}");
    }
}

#[test]
fn fonts_are_stripped_and_nothing_else() {
    let css = "a{b:c}@font-face{src:url(data:x)}@media x{d{e:f}}@font-face {\n src: y;\n}g{}";
    assert_eq!(archive::strip_fonts(css), "a{b:c}@media x{d{e:f}}g{}");
}

#[test]
fn archives_that_are_there_already_need_no_npm() {
    let store = store();
    npm::fetch(
        "/nowhere/npm",
        &manifest(&archive(), SCRIPT),
        store.path(),
        PLENTY,
    )
    .unwrap();
    let wrong = npm::fetch("/nowhere/npm", &manifest(b"other", SCRIPT), store.path(), PLENTY);
    assert!(matches!(wrong, Err(NpmError::Missing(_))));
}

#[test]
fn npm_that_fails_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let npm = program(
        folder.path(),
        "echo 'npm warn old' >&2; echo 'npm error code ENOTFOUND' >&2; exit 1",
    );
    let result = npm::fetch(&npm, &manifest(b"", SCRIPT), &folder.path().join("store"), PLENTY);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("npm error code ENOTFOUND"), "{error}");
}

#[test]
fn npm_that_hangs_is_ended_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let npm = program(
        folder.path(),
        &format!(
            "sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait",
            pid.display()
        ),
    );
    let store = folder.path().join("store");
    let result = npm::fetch(&npm, &manifest(b"", SCRIPT), &store, Duration::from_secs(2));
    assert!(matches!(result, Err(NpmError::TimedOut(_))));
    let grandchild = fs::read_to_string(pid).unwrap();
    // Killed, it lingers as a zombie until the process that inherits it has looked.
    let alive = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", grandchild.trim())).unwrap_or_default();
        !(stat.is_empty() || stat.contains(") Z ") || stat.contains(") X "))
    };
    for _ in 0..500 {
        if !alive() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{grandchild} still runs");
}

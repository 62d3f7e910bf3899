//! Opens package archives: checked first, read afterwards.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha384, Sha512};

use crate::manifest::{Manifest, Package};

/// Contents by (package, path).
pub(crate) type Files = BTreeMap<(String, String), Vec<u8>>;

/// Every file of the manifest, and every licence.
pub(crate) fn open_all(manifest: &Manifest, store: &Path) -> Result<Files, Box<dyn Error>> {
    let mut files = Files::new();
    for package in &manifest.packages {
        let archive = read_checked(package, store)?;
        for (path, content) in extract(package, &archive)? {
            files.insert((package.name.clone(), path), content);
        }
    }
    Ok(files)
}

/// The archive's bytes, if they are the pinned ones.
pub(crate) fn read_checked(package: &Package, store: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let path = store.join(package.archive());
    let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    check(&package.spec(), &package.integrity, &bytes)?;
    Ok(bytes)
}

fn extract(package: &Package, archive: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let Some(inner) = path.strip_prefix("package/") else {
            continue;
        };
        if inner != package.license && !package.files.iter().any(|file| file.path == inner) {
            continue;
        }
        let inner = inner.to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        found.insert(inner, content);
    }
    for file in &package.files {
        let content = found
            .get(&file.path)
            .ok_or_else(|| format!("{} holds no {}", package.spec(), file.path))?;
        check(
            &format!("{}/{}", package.spec(), file.path),
            &file.integrity,
            content,
        )?;
    }
    Ok(found)
}

/// Refuses bytes whose hash is not `integrity` (`sha384-...` or `sha512-...`).
pub(crate) fn check(what: &str, integrity: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let found = match integrity.split_once('-') {
        Some(("sha384", _)) => format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes))),
        Some(("sha512", _)) => format!("sha512-{}", STANDARD.encode(Sha512::digest(bytes))),
        _ => return Err(format!("{what}: expected a sha384 or sha512 hash, found {integrity:?}").into()),
    };
    if found != integrity {
        return Err(format!("{what}: expected {integrity}, found {found}").into());
    }
    Ok(())
}

/// The style sheet without its `@font-face` blocks: three quarters of its bytes, and the
/// system's fonts do as well.
pub(crate) fn strip_fonts(css: &str) -> String {
    let mut kept = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find("@font-face") {
        kept.push_str(&rest[..start]);
        // The fonts are base64, which has no brace.
        rest = rest[start..].split_once('}').map_or("", |(_, after)| after);
    }
    kept + rest
}

//! Embeds the GraphiQL page's files into the library.
//!
//! `web/packages.json` pins them. Where npm can fetch the archives they are checked and
//! embedded, and the page needs no network; elsewhere the page is built to take the same
//! files from the content delivery network, each with its hash.
//!
//! `LEAKLAB_NPM` says which: unset tries npm, `0` leaves it alone, `1` fails without it.
//! An archive or a file with the wrong hash fails the build in every case.

#[path = "build/archive.rs"]
mod archive;
#[path = "build/generate.rs"]
mod generate;
#[path = "build/manifest.rs"]
mod manifest;
#[path = "build/npm.rs"]
mod npm;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use archive::Files;
use manifest::Manifest;

const SWITCH: &str = "LEAKLAB_NPM";
/// A registry that does not answer must not hold up a build for longer.
const NPM_TIMEOUT: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let home = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?);
    let web = home.join("../../web");
    for watched in ["../../web", "build.rs", "build"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    println!("cargo::rerun-if-env-changed={SWITCH}");

    let manifest: Manifest = serde_json::from_slice(&fs::read(web.join("packages.json"))?)?;
    let vendored = vendored(&manifest, &out.join("npm"))?;
    generate::write(&manifest, vendored.as_ref(), &web, &out)?;
    Ok(())
}

/// The packages' files, or `None` where the page has to do without.
fn vendored(manifest: &Manifest, store: &Path) -> Result<Option<Files>, Box<dyn Error>> {
    let switch = env::var(SWITCH).unwrap_or_default();
    if switch == "0" {
        fall_back("the build was told not to use npm");
        return Ok(None);
    }
    match npm::fetch("npm", manifest, store, NPM_TIMEOUT) {
        Ok(()) => Ok(Some(archive::open_all(manifest, store)?)),
        Err(error) if switch == "1" => Err(format!("{SWITCH}=1, but {error}").into()),
        Err(error) => {
            fall_back(&error.to_string());
            Ok(None)
        }
    }
}

fn fall_back(reason: &str) {
    println!(
        "cargo::warning=GraphiQL will be loaded from the network by its page: {reason}; \
         hint: to embed it, build with npm on the PATH and {SWITCH}=1"
    );
}

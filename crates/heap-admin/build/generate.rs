//! Writes `assets.rs` and the compressed files that it includes.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::archive::{Files, strip_fonts};
use crate::manifest::Manifest;

/// Where the page finds the files: the same prefix that the routes use.
const PREFIX: &str = "/graphql/assets/";

/// `static` tables of assets and links, in the shapes that `door::assets` declares.
pub(crate) fn write(
    manifest: &Manifest,
    files: Option<&Files>,
    web: &Path,
    out: &Path,
) -> Result<(), Box<dyn Error>> {
    let mut tables = Tables {
        out,
        assets: String::new(),
    };
    let script = tables.add("page.js", &fs::read(web.join("page.js"))?)?;
    let style = tables.add("page.css", &fs::read(web.join("page.css"))?)?;
    let mut embedded = Vec::new();
    if let Some(files) = files {
        embedded = vendor(manifest, files, &mut tables)?;
        tables.add("licenses.txt", licenses(manifest, files).as_bytes())?;
    }
    let mut code = format!("pub(super) static ASSETS: &[Asset] = &[\n{}];\n", tables.assets);
    writeln!(
        code,
        "pub(super) static PAGE_SCRIPT: Link = {};",
        link(&script, "")
    )?;
    writeln!(code, "pub(super) static PAGE_STYLE: Link = {};", link(&style, ""))?;
    writeln!(
        code,
        "pub(super) static EMBEDDED: &[Link] = &[{}];",
        embedded.join(", ")
    )?;
    writeln!(
        code,
        "pub(super) static CDN: &[Link] = &[{}];",
        cdn(manifest).join(", ")
    )?;
    fs::write(out.join("assets.rs"), code)?;
    Ok(())
}

/// Adds the packages' files; gives the links that the page needs.
fn vendor(
    manifest: &Manifest,
    files: &Files,
    tables: &mut Tables<'_>,
) -> Result<Vec<String>, Box<dyn Error>> {
    let mut links = Vec::new();
    for package in &manifest.packages {
        for file in &package.files {
            let content = &files[&(package.name.clone(), file.path.clone())];
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            let url = if name.ends_with(".css") {
                tables.add(name, strip_fonts(std::str::from_utf8(content)?).as_bytes())?
            } else {
                tables.add(name, content)?
            };
            links.push(link(&url, ""));
        }
    }
    Ok(links)
}

fn cdn(manifest: &Manifest) -> Vec<String> {
    let of = |package: &crate::manifest::Package| {
        let base = format!("{}/{}", manifest.cdn, package.spec());
        let links = package
            .files
            .iter()
            .map(|file| link(&format!("{base}/{}", file.path), &file.integrity));
        links.collect::<Vec<_>>()
    };
    manifest.packages.iter().flat_map(of).collect()
}

fn licenses(manifest: &Manifest, files: &Files) -> String {
    let mut text = String::new();
    for package in &manifest.packages {
        let license = files.get(&(package.name.clone(), package.license.clone()));
        let license = String::from_utf8_lossy(license.map_or(&[], Vec::as_slice));
        text.push_str(&format!("{}\n\n{license}\n\n", package.spec()));
    }
    text
}

fn link(url: &str, integrity: &str) -> String {
    format!("Link {{ url: {url:?}, integrity: {integrity:?} }}")
}

struct Tables<'a> {
    out: &'a Path,
    assets: String,
}

impl Tables<'_> {
    /// Compresses one file into the table; gives its address, which changes with its content
    /// so that a browser may keep it for ever.
    fn add(&mut self, name: &str, content: &[u8]) -> Result<String, Box<dyn Error>> {
        let digest: String = Sha256::digest(content)
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let (stem, extension) = name.rsplit_once('.').ok_or("an asset's name has an extension")?;
        let kind = match extension {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
        let name = format!("{stem}-{digest}.{extension}");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content)?;
        let path = self.out.join(format!("{name}.gz"));
        fs::write(&path, encoder.finish()?)?;
        writeln!(
            self.assets,
            "    Asset {{ name: {name:?}, kind: {kind:?}, etag: {:?}, gzip: include_bytes!({path:?}) }},",
            format!("\"{digest}\""),
        )?;
        Ok(format!("{PREFIX}{name}"))
    }
}

//! `web/packages.json`: what the page is made of, to the byte.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Serves `<cdn>/<name>@<version>/<path>`, each file as it is in the archive.
    pub(crate) cdn: String,
    /// In the order in which the page loads them.
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Of the archive, as the registry publishes it.
    pub(crate) integrity: String,
    /// Path of the licence text, which travels with the embedded files.
    pub(crate) license: String,
    pub(crate) files: Vec<File>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) path: String,
    /// Of this file, as a browser checks it.
    pub(crate) integrity: String,
}

impl Package {
    /// The name of the archive that `npm pack` writes.
    pub(crate) fn archive(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }

    pub(crate) fn spec(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

//! SHA-256 as text.

use sha2::{Digest as _, Sha256};

/// The hash in hexadecimal: 64 digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

//! `profile.proto` in and out, gzipped or (in only) as it is.
//!
//! A file may come from anywhere, so reading is bounded: in unpacked bytes, in parts and in values (`limits`), and each
//! reference between parts is checked (`read`). `message` is the format itself.

mod limits;
mod message;
mod read;
mod write;

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use prost::Message;

pub use limits::{MAX_DECODED_BYTES, MAX_RECORDS, MAX_VALUES};

use crate::{Error, Profile};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

impl Profile {
    /// Reads a pprof file, gzipped or not. What it may cost is bounded by [`MAX_DECODED_BYTES`],
    /// [`MAX_RECORDS`] and [`MAX_VALUES`], whatever the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Profile, Error> {
        if bytes.starts_with(&GZIP_MAGIC) {
            decode_raw(&unzip(bytes)?)
        } else {
            decode_raw(bytes)
        }
    }

    /// Writes a pprof file, gzipped lightly: it is done in the measured process too. An error means that an index in the model leads nowhere.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let message = write::to_message(self)?.encode_to_vec();
        let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
        zip.write_all(&message)
            .and_then(|()| zip.finish())
            .map_err(Error::not_a_profile)
    }
}

fn decode_raw(bytes: &[u8]) -> Result<Profile, Error> {
    if bytes.is_empty() {
        return Err(Error::not_a_profile("it is empty"));
    }
    if bytes.starts_with(b"heap_v2/") {
        return Err(Error::not_a_profile("it is jemalloc's own text format"));
    }
    limits::check(bytes)?;
    let message = message::Profile::decode(bytes).map_err(Error::not_a_profile)?;
    read::from_message(message)
}

fn unzip(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut unzipped = Vec::new();
    let mut bounded = MultiGzDecoder::new(bytes).take(MAX_DECODED_BYTES as u64 + 1);
    match bounded.read_to_end(&mut unzipped) {
        Ok(_) if unzipped.len() > MAX_DECODED_BYTES => Err(Error::TooBig {
            limit: MAX_DECODED_BYTES,
        }),
        Ok(_) => Ok(unzipped),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(Error::CutShort),
        Err(error) => Err(Error::not_a_profile(format_args!(
            "its gzip stream is damaged ({error})"
        ))),
    }
}

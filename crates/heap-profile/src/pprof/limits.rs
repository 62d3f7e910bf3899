//! A first walk over the bytes, before anything is built from them.
//!
//! Two bytes on the wire can become 72 in memory (an empty sample), so a limit on bytes alone does not bound the
//! memory that decoding takes. This walk counts parts and values, and tells a file that was cut short from one that
//! never was a profile, which the decoder's own error does not.

use crate::Error;

/// The most that a file may unpack to: 256 MiB. A snapshot of 100,000 stacks is about 15 MB.
pub const MAX_DECODED_BYTES: usize = 256 << 20;
/// The most parts (samples, labels, locations, lines, strings and so on) that a file may have: about 4 million.
pub const MAX_RECORDS: usize = 4 << 20;
/// The most values and stack entries that a file may have: about 32 million.
pub const MAX_VALUES: usize = 32 << 20;

const SAMPLE_TYPE: u64 = 1;
const SAMPLE: u64 = 2;
const LOCATION: u64 = 4;
const COMMENT: u64 = 13;
const SAMPLE_LOCATIONS: u64 = 1;
const SAMPLE_VALUES: u64 = 2;

/// Refuses what is no sequence of protobuf fields, or has too many.
pub(super) fn check(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() > MAX_DECODED_BYTES {
        return Err(Error::TooBig {
            limit: MAX_DECODED_BYTES,
        });
    }
    let mut counts = Counts::default();
    let mut fields = Fields { rest: bytes };
    while let Some((tag, payload)) = fields.next().map_err(|malformed| malformed.at_the_top(&counts))? {
        counts.begun |= counts.records == 0 && begins_a_profile(tag, payload);
        counts.record()?;
        match (tag, payload) {
            (SAMPLE | LOCATION, Some(inner)) => count_inner(tag, inner, &mut counts)?,
            (COMMENT, Some(packed)) => counts.values(packed.len())?,
            _ => {}
        }
    }
    Ok(())
}

/// Whether a field is a sample type, with which every writer begins: two small integers, and so no text.
fn begins_a_profile(tag: u64, payload: Option<&[u8]>) -> bool {
    const INTEGERS: [u8; 2] = [1 << 3, 2 << 3];
    let first = payload.and_then(<[u8]>::first);
    tag == SAMPLE_TYPE && first.is_some_and(|key| INTEGERS.contains(key))
}

fn count_inner(outer: u64, bytes: &[u8], counts: &mut Counts) -> Result<(), Error> {
    let mut fields = Fields { rest: bytes };
    while let Some((tag, payload)) = fields.next().map_err(|_| damaged())? {
        match (tag, payload) {
            // A packed value is a byte or more.
            (SAMPLE_LOCATIONS | SAMPLE_VALUES, Some(packed)) if outer == SAMPLE => {
                counts.values(packed.len())?
            }
            (_, None) => counts.values(1)?,
            _ => counts.record()?,
        }
    }
    Ok(())
}

fn damaged() -> Error {
    Error::not_a_profile("a part of it is malformed")
}

#[derive(Default)]
struct Counts {
    /// The first field is that of a profile.
    begun: bool,
    records: usize,
    values: usize,
}

impl Counts {
    fn record(&mut self) -> Result<(), Error> {
        self.records += 1;
        if self.records > MAX_RECORDS {
            return Err(Error::TooMany {
                what: "parts",
                limit: MAX_RECORDS,
            });
        }
        Ok(())
    }

    fn values(&mut self, more: usize) -> Result<(), Error> {
        self.values += more;
        if self.values > MAX_VALUES {
            return Err(Error::TooMany {
                what: "values",
                limit: MAX_VALUES,
            });
        }
        Ok(())
    }
}

enum Malformed {
    CutShort,
    Invalid,
}

impl Malformed {
    /// Bytes of any kind often look like fields of which the last is cut short: that is believed only of what begins
    /// as profiles do.
    fn at_the_top(self, counts: &Counts) -> Error {
        match self {
            Malformed::CutShort if counts.begun => Error::CutShort,
            _ => Error::not_a_profile("its bytes are no protobuf message"),
        }
    }
}

/// The fields of a message: tag, and the payload where it is length-delimited.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    #[allow(clippy::type_complexity)]
    fn next(&mut self) -> Result<Option<(u64, Option<&'a [u8]>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let payload = match key & 7 {
            0 => self.varint().map(|_| None)?,
            1 => self.take(8).map(|_| None)?,
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| Malformed::Invalid)?;
                Some(self.take(len)?)
            }
            5 => self.take(4).map(|_| None)?,
            _ => return Err(Malformed::Invalid),
        };
        match key >> 3 {
            0 => Err(Malformed::Invalid),
            tag => Ok(Some((tag, payload))),
        }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for (at, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.rest = &self.rest[at + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 {
            Malformed::CutShort
        } else {
            Malformed::Invalid
        })
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Malformed::CutShort)?;
        self.rest = rest;
        Ok(taken)
    }
}

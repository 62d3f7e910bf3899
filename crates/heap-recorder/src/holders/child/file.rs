//! Files of `/proc`, read by system calls, through a buffer on the stack.

use std::ffi::CStr;

/// An open file; closed when it is dropped.
pub(super) struct File(libc::c_int);

impl File {
    pub(super) fn open(path: &CStr) -> Option<Self> {
        // SAFETY: opens a file by a name that ends with NUL, for reading.
        let file = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
        (file >= 0).then_some(Self(file))
    }

    /// Reads what comes next; nothing at the end, and where it cannot be read.
    pub(super) fn read<'b>(&self, buffer: &'b mut [u8]) -> &'b [u8] {
        // SAFETY: `buffer` has room for as many bytes, and the file is open.
        let read = unsafe { libc::read(self.0, buffer.as_mut_ptr().cast(), buffer.len()) };
        usize::try_from(read)
            .ok()
            .and_then(|read| buffer.get(..read))
            .unwrap_or(&[])
    }

    /// Fills `words` from an offset on; says how many were read.
    pub(super) fn read_words(&self, words: &mut [u64], offset: u64) -> usize {
        let Ok(offset) = libc::off_t::try_from(offset) else {
            return 0;
        };
        // SAFETY: `words` has room for as many bytes, any of which are valid numbers, and the file is open.
        let read = unsafe { libc::pread(self.0, words.as_mut_ptr().cast(), size_of_val(words), offset) };
        usize::try_from(read).unwrap_or(0) / size_of::<u64>()
    }

    /// Calls `line` with the beginning of each line, up to [`LINE`] bytes.
    pub(super) fn for_each_line(&self, mut line: impl FnMut(&[u8])) {
        let mut chunk = [0_u8; 4096];
        let mut kept = [0_u8; LINE];
        let mut len = 0;
        loop {
            let bytes = self.read(&mut chunk);
            if bytes.is_empty() {
                break;
            }
            for byte in bytes {
                if *byte == b'\n' {
                    line(kept.get(..len).unwrap_or(&[]));
                    len = 0;
                } else if let Some(slot) = kept.get_mut(len) {
                    *slot = *byte;
                    len += 1;
                }
            }
        }
        if len > 0 {
            line(kept.get(..len).unwrap_or(&[]));
        }
    }
}

/// How much of a line is kept.
const LINE: usize = 256;

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: it is open, and this value's own.
        unsafe { libc::close(self.0) };
    }
}

/// The number in hexadecimal that a text begins with, and what follows it.
pub(super) fn hexadecimal(text: &[u8]) -> Option<(usize, &[u8])> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let len = text.iter().take_while(|byte| digit(byte).is_some()).count();
    let (number, rest) = text.split_at_checked(len)?;
    let value = number
        .iter()
        .filter_map(digit)
        .fold(0, |value, digit| value << 4 | digit as usize);
    (len > 0).then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_lie_in_the_chunks() {
        let file = File::open(c"/proc/self/maps").expect("it is there");
        let mut lines = 0;
        file.for_each_line(|line| {
            lines += 1;
            let (start, rest) = hexadecimal(line).expect("an address");
            let (end, rest) = hexadecimal(&rest[1..]).expect("another");
            assert!(
                start < end && rest.starts_with(b" "),
                "{}",
                String::from_utf8_lossy(line)
            );
        });
        assert!(lines > 5);
        assert!(File::open(c"/proc/self/nothing").is_none());
    }

    #[test]
    fn what_is_no_number_is_none() {
        assert_eq!(hexadecimal(b"xyz"), None);
        assert_eq!(hexadecimal(b"1fg"), Some((0x1f, &b"g"[..])));
    }
}

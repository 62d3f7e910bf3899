//! Files of `/proc`, read by system calls, through a buffer on the stack: without the allocator and without locks.

use std::{ffi::CStr, ops::ControlFlow};

/// An open file; closed when it is dropped.
pub(crate) struct File(libc::c_int);

impl File {
    pub(crate) fn open(path: &CStr) -> Option<Self> {
        // SAFETY: opens a file by a name that ends with NUL, for reading.
        let file = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
        (file >= 0).then_some(Self(file))
    }

    /// Reads what comes next; nothing at the end, and where it cannot be read.
    pub(crate) fn read<'b>(&self, buffer: &'b mut [u8]) -> &'b [u8] {
        // SAFETY: `buffer` has room for as many bytes, and the file is open.
        let read = unsafe { libc::read(self.0, buffer.as_mut_ptr().cast(), buffer.len()) };
        usize::try_from(read)
            .ok()
            .and_then(|read| buffer.get(..read))
            .unwrap_or(&[])
    }

    /// Fills `words` from an offset on; says how many were read.
    pub(crate) fn read_words(&self, words: &mut [u64], offset: u64) -> usize {
        let Ok(offset) = libc::off_t::try_from(offset) else {
            return 0;
        };
        // SAFETY: `words` has room for as many bytes, any of which are valid numbers, and the file is open.
        let read = unsafe { libc::pread(self.0, words.as_mut_ptr().cast(), size_of_val(words), offset) };
        usize::try_from(read).unwrap_or(0) / size_of::<u64>()
    }

    /// Calls `line` with the beginning of each line, up to [`LINE`] bytes, until it has enough.
    pub(crate) fn for_each_line(&self, mut line: impl FnMut(&[u8]) -> ControlFlow<()>) {
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
                    if line(kept.get(..len).unwrap_or(&[])).is_break() {
                        return;
                    }
                    len = 0;
                } else if let Some(slot) = kept.get_mut(len) {
                    *slot = *byte;
                    len += 1;
                }
            }
        }
        if len > 0 {
            // It is the last one.
            let _ = line(kept.get(..len).unwrap_or(&[]));
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

/// The addresses that a line of `/proc/PID/maps` begins with, from the first to the first behind, and what follows them.
pub(crate) fn range(line: &[u8]) -> Option<(usize, usize, &[u8])> {
    let (start, rest) = hexadecimal(line)?;
    let (end, rest) = hexadecimal(rest.strip_prefix(b"-")?)?;
    Some((start, end, rest))
}

/// The number in hexadecimal that a text begins with, and what follows it.
fn hexadecimal(text: &[u8]) -> Option<(usize, &[u8])> {
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
            let (start, end, rest) = range(line).expect("two addresses");
            assert!(
                start < end && rest.starts_with(b" "),
                "{}",
                String::from_utf8_lossy(line)
            );
            ControlFlow::Continue(())
        });
        assert!(lines > 5);
        assert!(File::open(c"/proc/self/nothing").is_none());
    }

    #[test]
    fn whoever_has_enough_gets_no_more_lines() {
        let mut lines = 0;
        File::open(c"/proc/self/maps")
            .expect("it is there")
            .for_each_line(|_| {
                lines += 1;
                if lines == 2 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
        assert_eq!(lines, 2);
    }

    #[test]
    fn ranges_are_read_whatever_follows_them_on_the_line() {
        let of = |line| range(line).map(|(start, end, _)| (start, end));
        assert_eq!(
            of(b"55d0-0055ff00 r--p 0-1 08:01 7 /a b-c"),
            Some((0x55d0, 0x55_ff00))
        );
        let stack = b"7ffd10000000-7ffd10021000 rw-p 0 [stack]";
        assert_eq!(of(stack), Some((0x7ffd_1000_0000, 0x7ffd_1002_1000)));
        assert_eq!(of(b"12 34"), None);
    }

    #[test]
    fn what_is_no_number_is_none() {
        assert_eq!(hexadecimal(b"xyz"), None);
        assert_eq!(hexadecimal(b"1fg"), Some((0x1f, &b"g"[..])));
    }
}

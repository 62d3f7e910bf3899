//! The reader gives the same responses however the bytes are cut.

use proptest::prelude::*;

use super::*;

type Seen = (u16, bool, u64, Option<Vec<u8>>);

/// Reads `bytes` in pieces of the given sizes, around and around; then the stream ends.
fn read(bytes: &[u8], pieces: &[usize]) -> (Vec<Seen>, Result<bool, Malformed>) {
    let mut reader = ResponseReader::new(false);
    let mut seen = Vec::new();
    let mut left = bytes;
    for piece in pieces.iter().cycle() {
        if left.is_empty() {
            break;
        }
        let room = reader.room();
        let count = left.len().min(*piece).min(room.len());
        room[..count].copy_from_slice(&left[..count]);
        reader.filled(count);
        left = &left[count..];
        loop {
            match reader.next() {
                Ok(Some(response)) => seen.push(own(response)),
                Ok(None) => break,
                Err(malformed) => return (seen, Err(malformed)),
            }
        }
    }
    seen.extend(reader.end_of_stream().map(own));
    (seen, Ok(reader.is_between_responses()))
}

fn own(response: Response<'_>) -> Seen {
    (
        response.status,
        response.close,
        response.interim,
        response.json.map(<[u8]>::to_vec),
    )
}

const PIPELINED: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"data\":{}}\
HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\ncontent-type: application/json\r\n\r\n{}\n\
HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\
HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n\
4\r\n[\"\r\n\r\nA;name=value\r\n0123456789\r\n2\r\n\"]\r\n0\r\nTrailer: yes\r\n\r\n\
HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain\
HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 0\r\n\r\n\
HTTP/1.1 304 Not Modified\r\ncontent-length: 77\r\nConnection: upgrade, CLOSE\r\n\r\n\
HTTP/1.1 500 Oh\r\n\r\nuntil the end";

fn expected() -> Vec<Seen> {
    vec![
        (200, false, 0, Some(b"{\"data\":{}}".to_vec())),
        (404, false, 0, None),
        (204, false, 2, None),
        (200, false, 0, Some(b"[\"\r\n0123456789\"]".to_vec())),
        (200, false, 0, None),
        (200, false, 0, None),
        (304, true, 0, None),
        (500, true, 0, None),
    ]
}

#[test]
fn every_way_to_end_a_response_is_understood() {
    assert_eq!(read(PIPELINED, &[usize::MAX]), (expected(), Ok(true)));
    assert_eq!(read(PIPELINED, &[1]), (expected(), Ok(true)));
}

#[test]
fn a_stream_that_ends_in_a_response_does_not_end_between_responses() {
    let complete = PIPELINED.len() - b"HTTP/1.1 500 Oh\r\n\r\nuntil the end".len();
    let ends: Vec<usize> = (0..=complete)
        .filter(|&end| read(&PIPELINED[..end], &[5]).1 == Ok(true))
        .collect();
    assert_eq!(
        ends.len(),
        expected().len(),
        "after nothing, and after each response but the last: {ends:?}"
    );
}

#[test]
fn a_response_to_head_has_no_body_whatever_its_headers_say() {
    let mut reader = ResponseReader::new(true);
    let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    reader.room()[..bytes.len()].copy_from_slice(bytes);
    reader.filled(bytes.len());
    assert_eq!(
        reader
            .next()
            .expect("well-formed")
            .map(|response| response.status),
        Some(200)
    );
    assert!(reader.is_between_responses());
}

#[test]
fn bytes_that_are_no_response_are_refused() {
    let error = |bytes: &[u8]| read(bytes, &[3]).1.expect_err("malformed");
    assert!(matches!(error(b"SSH-2.0-OpenSSH_9\r\n"), Malformed::Head(_)));
    assert_eq!(
        error(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"),
        Malformed::ContentLength
    );
    assert_eq!(
        error(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
        Malformed::ContentLength
    );
    assert_eq!(
        error(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n"),
        Malformed::TransferEncoding
    );
    assert_eq!(
        error(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"),
        Malformed::Chunk
    );
    assert_eq!(
        error(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc"),
        Malformed::Chunk
    );
    assert_eq!(error(b"HTTP/1.1 101 Switching\r\n\r\n"), Malformed::Switch);
    let endless = [b"HTTP/1.1 200 OK\r\nx: ".as_slice(), &[b'y'; BUFFER_BYTES]].concat();
    assert_eq!(error(&endless), Malformed::HeadTooLong);
}

#[test]
fn a_json_body_that_is_too_long_to_look_into_is_skipped() {
    let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n".to_vec();
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", KEPT_BYTES + 1).as_bytes());
    bytes.resize(bytes.len() + KEPT_BYTES + 1, b' ');
    assert_eq!(
        read(&bytes, &[usize::MAX]),
        (vec![(200, false, 0, None)], Ok(true))
    );
}

proptest! {
    #[test]
    fn any_cut_of_the_bytes_gives_the_same_responses(pieces in prop::collection::vec(1_usize..60, 1..40)) {
        prop_assert_eq!(read(PIPELINED, &pieces), (expected(), Ok(true)));
    }

    #[test]
    fn hostile_bytes_give_the_same_end_however_they_are_cut(
        at in 0..PIPELINED.len(), byte in any::<u8>(), pieces in prop::collection::vec(1_usize..60, 1..40),
    ) {
        let mut bytes = PIPELINED.to_vec();
        bytes[at] = byte;
        prop_assert_eq!(read(&bytes, &pieces), read(&bytes, &[usize::MAX]));
    }
}

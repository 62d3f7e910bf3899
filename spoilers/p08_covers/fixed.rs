//! `cover`: a book's cover, drawn as wide as the screen in front of the customer has room for.
//!
//! Wrong: a limit that counts covers where its author thought of bytes. Four million pictures are no limit.
//! Healed: a weigher tells the cache what each cover takes, in bytes, and so the limit is one of bytes.

use std::sync::{Arc, LazyLock};

use async_graphql::{Context, Object, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use moka::{policy::EvictionPolicy, sync::Cache};
use problems::{
    Lab,
    parts::{Gate, internal, within},
};
use rusqlite::{Connection, OptionalExtension};

/// The widest cover, in pixels.
const MAX_WIDTH: i64 = 512;
/// A bitmap's header and its two colours.
const HEADER_BYTES: usize = 62;

/// What a cover takes beside its picture, in bytes: itself, the cache's record of it, what the allocator rounds up.
const BESIDE: usize = 512;

/// The room that there is for covers, in bytes.
const ROOM: u64 = 4 << 20;

/// Covers that were drawn, by book and width: those that were not asked for lately make room for new ones.
static COVERS: LazyLock<Cache<(i64, i64), Arc<Cover>>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(ROOM)
        .weigher(|_, cover: &Arc<Cover>| weight(cover))
        .eviction_policy(EvictionPolicy::lru())
        .build()
});

/// A cover, drawn.
pub(crate) struct Cover {
    width: i64,
    height: i64,
    bitmap: Vec<u8>,
}

/// A book's cover
#[Object]
impl Cover {
    /// Pixels from left to right
    async fn width(&self) -> i64 {
        self.width
    }

    /// Pixels from top to bottom
    async fn height(&self) -> i64 {
        self.height
    }

    /// How long the picture is, in bytes
    async fn bytes(&self) -> usize {
        self.bitmap.len()
    }

    /// The picture, a data URL
    async fn picture(&self) -> String {
        let mut url = "data:image/bmp;base64,".to_owned();
        BASE64_STANDARD.encode_string(&self.bitmap, &mut url);
        url
    }
}

impl Cover {
    /// Two colours, and a pattern that no other title has.
    fn draw(title: &str, genre: &str, width: i64) -> Self {
        let height = width * 3 / 2;
        // A row fills whole words of four bytes.
        let row = usize::try_from((width + 31) / 32 * 4).unwrap_or_default();
        let pixels = row * usize::try_from(height).unwrap_or_default();
        let mut bitmap = Vec::with_capacity(HEADER_BYTES + pixels);
        header(&mut bitmap, width, height, colour(genre));
        let mut pattern = title.bytes().cycle();
        let mut ink = 0_u8;
        for _ in 0..pixels {
            ink = ink.wrapping_mul(5).wrapping_add(pattern.next().unwrap_or(1));
            bitmap.push(ink);
        }
        Self {
            width,
            height,
            bitmap,
        }
    }
}

/// What a bitmap of one bit a pixel begins with: see BITMAPFILEHEADER and BITMAPINFOHEADER.
fn header(bitmap: &mut Vec<u8>, width: i64, height: i64, colour: u32) {
    let length = bitmap.capacity() as u32;
    let (planes_and_depth, header) = (1 | 1 << 16, HEADER_BYTES as u32);
    bitmap.extend_from_slice(b"BM");
    for word in [
        length,
        0,
        header,
        40,
        width as u32,
        height as u32,
        planes_and_depth,
        0,
    ] {
        bitmap.extend_from_slice(&word.to_le_bytes());
    }
    for word in [length - header, 0, 0, 2, 2, colour, 0x00ff_ffff] {
        bitmap.extend_from_slice(&word.to_le_bytes());
    }
}

/// Each genre has a colour of its own.
fn colour(genre: &str) -> u32 {
    let mix = |mixed: u32, byte: u8| mixed.wrapping_mul(31).wrapping_add(byte.into());
    genre.bytes().fold(7, mix) & 0x007f_7f7f
}

/// Bytes that a cover takes at hand.
fn weight(cover: &Cover) -> u32 {
    u32::try_from(cover.bitmap.capacity() + BESIDE).unwrap_or(u32::MAX)
}

pub(crate) fn settle() {
    // Where nobody has asked yet there is nothing to do, and no cache to be made for it.
    if let Some(known) = LazyLock::get(&COVERS) {
        known.run_pending_tasks();
    }
}

pub(crate) struct CoversQuery;

#[Object]
impl CoversQuery {
    /// The cover of the book with that number, drawn that wide
    #[graphql(guard = "Gate::of(8)")]
    async fn cover(
        &self,
        ctx: &Context<'_>,
        book: i64,
        #[graphql(default = 96)] width: i64,
    ) -> Result<Option<Arc<Cover>>> {
        within("width", width, 1, MAX_WIDTH)?;
        if let Some(cover) = COVERS.get(&(book, width)) {
            return Ok(Some(cover));
        }
        let db = ctx.data::<Lab>()?.bookshop().db();
        let spine = db.call(move |conn| spine(conn, book)).await.map_err(internal)?;
        let Some((title, genre)) = spine else {
            return Ok(None);
        };
        let cover = Arc::new(Cover::draw(&title, &genre, width));
        COVERS.insert((book, width), Arc::clone(&cover));
        Ok(Some(cover))
    }
}

/// What a cover is drawn from: title and genre.
fn spine(connection: &Connection, book: i64) -> rusqlite::Result<Option<(String, String)>> {
    connection
        .prepare_cached("SELECT title, genre FROM books WHERE id = ?1")?
        .query_row([book], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

//! The data of a new shop: the same for everyone, from a fixed seed.
//!
//! Any change here, or in the words, is a new schema version: see `location`.

use fastrand::Rng;
use rusqlite::{Connection, params};

use super::{
    entities::OrderState,
    words::{ADJECTIVES, CITIES, COUNTRIES, FIRST_NAMES, GENRES, LAST_NAMES, NOUNS, SENTENCES},
};

/// Users in a new shop.
pub(super) const USERS: i64 = 10_000;
const AUTHORS: i64 = 500;
const BOOKS: i64 = 2_000;
const REVIEWS: i64 = 30_000;
const ORDERS: i64 = 20_000;
const SEED: u64 = 0x0b00_c5ee_d001;

const TABLES: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL, bio TEXT NOT NULL);
    CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER NOT NULL REFERENCES authors,
        genre TEXT NOT NULL, published INTEGER NOT NULL, price_cents INTEGER NOT NULL, blurb TEXT NOT NULL);
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL, genre TEXT NOT NULL,
        member_since TEXT NOT NULL);
    CREATE TABLE reviews (id INTEGER PRIMARY KEY, book_id INTEGER NOT NULL REFERENCES books,
        user_id INTEGER NOT NULL REFERENCES users, stars INTEGER NOT NULL, text TEXT NOT NULL,
        written_on TEXT NOT NULL);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users,
        state INTEGER NOT NULL, placed_on TEXT NOT NULL);
    CREATE TABLE order_items (order_id INTEGER NOT NULL REFERENCES orders, position INTEGER NOT NULL,
        book_id INTEGER NOT NULL REFERENCES books, quantity INTEGER NOT NULL, price_cents INTEGER NOT NULL,
        PRIMARY KEY (order_id, position)) WITHOUT ROWID;
";

/// Made after the rows: sorting once is quicker than keeping sorted.
const INDEXES: &str = "
    CREATE INDEX books_by_genre ON books (genre);
    CREATE INDEX reviews_by_book ON reviews (book_id);
    CREATE INDEX reviews_by_user ON reviews (user_id);
    CREATE INDEX orders_by_user ON orders (user_id);
";

/// Makes the tables and fills them, within the transaction that the caller has begun.
pub(super) fn fill(connection: &Connection) -> rusqlite::Result<()> {
    let mut rng = Rng::with_seed(SEED);
    connection.execute_batch(TABLES)?;
    authors(connection, &mut rng)?;
    books(connection, &mut rng)?;
    users(connection, &mut rng)?;
    reviews(connection, &mut rng)?;
    orders(connection, &mut rng)?;
    connection.execute_batch(INDEXES)
}

fn authors(connection: &Connection, rng: &mut Rng) -> rusqlite::Result<()> {
    let mut insert = connection.prepare("INSERT INTO authors VALUES (?1, ?2, ?3, ?4)")?;
    for id in 1..=AUTHORS {
        let name = person(rng);
        let country = pick(rng, &COUNTRIES);
        let bio = format!("{name} was born in {country}. {}", prose(rng, 3));
        insert.execute(params![id, name, country, bio])?;
    }
    Ok(())
}

fn books(connection: &Connection, rng: &mut Rng) -> rusqlite::Result<()> {
    let mut insert = connection.prepare("INSERT INTO books VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for id in 1..=BOOKS {
        let (title, author, genre) = (title(rng), rng.i64(1..=AUTHORS), pick(rng, &GENRES));
        let (published, price) = (rng.i64(1950..=2025), rng.i64(5..=60) * 100 - 5);
        insert.execute(params![id, title, author, genre, published, price, prose(rng, 2)])?;
    }
    Ok(())
}

fn users(connection: &Connection, rng: &mut Rng) -> rusqlite::Result<()> {
    let mut insert = connection.prepare("INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for id in 1..=USERS {
        let (name, city, genre) = (person(rng), pick(rng, &CITIES), pick(rng, &GENRES));
        insert.execute(params![id, name, city, genre, day(rng, 2010, 2022)])?;
    }
    Ok(())
}

fn reviews(connection: &Connection, rng: &mut Rng) -> rusqlite::Result<()> {
    let mut insert = connection.prepare("INSERT INTO reviews VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for id in 1..=REVIEWS {
        let (book, user, stars) = (rng.i64(1..=BOOKS), rng.i64(1..=USERS), rng.i64(1..=5));
        insert.execute(params![
            id,
            book,
            user,
            stars,
            pick(rng, &SENTENCES),
            day(rng, 2023, 2025)
        ])?;
    }
    Ok(())
}

fn orders(connection: &Connection, rng: &mut Rng) -> rusqlite::Result<()> {
    let mut order = connection.prepare("INSERT INTO orders VALUES (?1, ?2, ?3, ?4)")?;
    let mut item = connection.prepare("INSERT INTO order_items VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for id in 1..=ORDERS {
        let state = rng.usize(0..OrderState::ALL.len()) as i64;
        order.execute(params![id, rng.i64(1..=USERS), state, day(rng, 2023, 2025)])?;
        for position in 1..=rng.i64(1..=3) {
            let (book, quantity) = (rng.i64(1..=BOOKS), rng.i64(1..=3));
            item.execute(params![id, position, book, quantity, rng.i64(5..=60) * 100 - 5])?;
        }
    }
    Ok(())
}

fn pick<'a>(rng: &mut Rng, words: &[&'a str]) -> &'a str {
    words[rng.usize(0..words.len())]
}

fn person(rng: &mut Rng) -> String {
    format!("{} {}", pick(rng, &FIRST_NAMES), pick(rng, &LAST_NAMES))
}

fn title(rng: &mut Rng) -> String {
    let (adjective, noun) = (pick(rng, &ADJECTIVES), pick(rng, &NOUNS));
    match rng.u8(0..4) {
        0 => format!("The {adjective} {noun}"),
        1 => format!("The {noun} of {}", pick(rng, &CITIES)),
        2 => format!("A {adjective} {noun} in {}", pick(rng, &CITIES)),
        _ => format!("{adjective} {noun}, {adjective} {}", pick(rng, &NOUNS)),
    }
}

fn prose(rng: &mut Rng, sentences: usize) -> String {
    let from = rng.usize(0..SENTENCES.len());
    let chosen: Vec<&str> = SENTENCES
        .iter()
        .copied()
        .cycle()
        .skip(from)
        .take(sentences)
        .collect();
    chosen.join(" ")
}

fn day(rng: &mut Rng, first_year: i32, last_year: i32) -> String {
    format!(
        "{}-{:02}-{:02}",
        rng.i32(first_year..=last_year),
        rng.u8(1..=12),
        rng.u8(1..=28)
    )
}

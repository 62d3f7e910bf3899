//! The data of a new shop.

use problems::shop::{Bookshop, Location};
use rusqlite::{Connection, types::ValueRef};

fn shop() -> Bookshop {
    Bookshop::open(Location::Memory).expect("a shop in memory opens")
}

#[tokio::test]
async fn a_new_shop_has_the_rows_that_the_catalogue_speaks_of() {
    let counts = shop()
        .db()
        .call(|conn| {
            ["authors", "books", "users", "reviews", "orders"]
                .iter()
                .map(|table| conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)))
                .collect::<rusqlite::Result<Vec<i64>>>()
        })
        .await
        .unwrap();
    assert_eq!(counts, [500, 2_000, 10_000, 30_000, 20_000]);
}

#[tokio::test]
async fn every_new_shop_holds_the_same_data() {
    let digests = [
        shop().db().call(digest).await.unwrap(),
        shop().db().call(digest).await.unwrap(),
    ];
    assert_eq!(
        digests, [DIGEST; 2],
        "other data is another schema version: see shop/location.rs"
    );
}

/// FNV-1a over every value of every row, in order.
const DIGEST: u64 = 0x03c5_a7ce_37a1_71a6;

fn digest(connection: &mut Connection) -> rusqlite::Result<u64> {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            digest = (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for table in ["authors", "books", "users", "reviews", "orders", "order_items"] {
        let mut select = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2"))?;
        let columns = select.column_count();
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Integer(number) => add(&number.to_le_bytes()),
                    ValueRef::Text(text) => add(text),
                    other => panic!("no column of {table} holds {other:?}"),
                }
            }
        }
    }
    Ok(digest)
}

#[tokio::test]
async fn a_few_rows_are_known() {
    let rows = shop()
        .db()
        .call(|conn| {
            [
                "SELECT name FROM users WHERE id = 1",
                "SELECT name FROM authors WHERE id = 500",
                "SELECT title FROM books WHERE id = 1",
                "SELECT written_on FROM reviews WHERE id = 30000",
                "SELECT placed_on FROM orders WHERE id = 20000",
            ]
            .iter()
            .map(|select| conn.query_row(select, [], |row| row.get(0)))
            .collect::<rusqlite::Result<Vec<String>>>()
        })
        .await
        .unwrap();
    assert_eq!(
        rows,
        [
            "Chidi Petrov",
            "Ines Kovacs",
            "The Astronomer of Brno",
            "2023-06-21",
            "2025-03-28"
        ]
    );
}

#[tokio::test]
async fn relations_lead_somewhere() {
    let dangling = shop()
        .db()
        .call(|conn| conn.prepare("PRAGMA foreign_key_check")?.exists([]))
        .await
        .unwrap();
    assert!(!dangling);
}

#[tokio::test]
async fn a_visitor_is_greeted_by_some_users_name() {
    let name = shop().random_user_name().await.unwrap();
    assert_eq!(name.split(' ').count(), 2, "{name}");
}

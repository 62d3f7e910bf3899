//! The admin door with nothing but the instrument's own schema, for services that add nothing to it.

use async_graphql::Schema;
use tokio::net::TcpListener;

use crate::{
    HeapAdmin, HeapMutation, HeapQuery, HeapSubscription,
    door::{Door, Hosts},
    router,
};

/// The instrument's own schema.
pub type HeapSchema = Schema<HeapQuery, HeapMutation, HeapSubscription>;

/// Serves the admin door on a listener, for as long as the runtime lasts.
///
/// It asks for no token, and so it takes a listener on loopback only. A door with a token, with fields of your own, or with a
/// shutdown in order is made of [`router`], [`Door`] and `axum::serve`.
///
/// # Errors
/// Where the listener is open to the network, or fails.
pub async fn serve(listener: TcpListener, admin: HeapAdmin) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let reason = format!("the admin door at {address} would be open to the network without a token");
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, reason));
    }
    let schema: HeapSchema = Schema::build(HeapQuery, HeapMutation, HeapSubscription)
        .data(admin.clone())
        .finish();
    let door = Door::new("heap", Hosts::Own(address));
    axum::serve(listener, router(schema, admin, door)).await
}

//! Who holds what, of graphs that are made by hand.

mod any;
mod exact;
mod found;
mod lists;
mod lost;
mod named;
mod steps;
mod world;

//! Who holds what, of graphs that are made by hand.

mod any;
mod found;
mod lost;
mod named;
mod steps;
mod world;

//! The whole of leaklab, tested from outside: the real program, real sockets, real load.
//!
//! [`harness`] starts a lab; each other module is one concern.

mod architecture;
mod bad_input;
mod browser;
mod compare;
mod doors;
mod harness;
mod holders;
mod hunt;
mod live_heap;
mod load;
mod load_shapes;
mod problems;
mod schema;
mod scripts;
mod shipped;
mod shutdown;
mod symbolize;
mod workshop;

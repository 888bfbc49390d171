//! examples/quickstart.

fn main() {}

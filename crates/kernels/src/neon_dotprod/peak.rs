//! `sdot` over registers: sixteen products an instruction.

crate::neon::multiply_adds_by!("neon,dotprod", "sdot {0:v}.4s, {1:v}.16b, {2:v}.16b", 16);

//! `smmla` over registers: 32 products an instruction.

crate::neon::multiply_adds_by!("neon,i8mm", "smmla {0:v}.4s, {1:v}.16b, {2:v}.16b", 32);

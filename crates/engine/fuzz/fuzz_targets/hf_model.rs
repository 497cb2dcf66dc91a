#![no_main]

tern_engine_fuzz::target!("hf_model");

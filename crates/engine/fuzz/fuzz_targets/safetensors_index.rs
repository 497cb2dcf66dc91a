#![no_main]

tern_engine_fuzz::target!("safetensors_index");

#![no_main]

tern_engine_fuzz::target!("generation_config");

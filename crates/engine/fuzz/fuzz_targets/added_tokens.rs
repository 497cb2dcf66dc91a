#![no_main]

tern_engine_fuzz::target!("added_tokens");

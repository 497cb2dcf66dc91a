#![no_main]

tern_engine_fuzz::target!("encode_text");

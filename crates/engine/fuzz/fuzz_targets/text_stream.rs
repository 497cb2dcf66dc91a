#![no_main]

tern_engine_fuzz::target!("text_stream");

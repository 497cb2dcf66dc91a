#![no_main]

tern_engine_fuzz::target!("tokenizer_config");

#![no_main]

tern_engine_fuzz::target!("sentencepiece_model");

#![no_main]

tern_engine_fuzz::target!("gguf_tokenizer");

#![no_main]

tern_engine_fuzz::target!("chat_template");

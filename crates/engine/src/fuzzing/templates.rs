//! Chat templates: known ones with their statements and words changed about, and what each of them has to keep to.

use std::sync::LazyLock;

use serde_json::Value as Json;

use super::{mutate, random::Random, seeds};
use crate::{
    ChatTemplate, EngineError, Role, Tokenizer, Turn,
    chat::{self, SpecialTexts},
    model::Family,
    tokenizer::{self, byte_level::alphabet},
    weights::{file::ModelFile, gguf},
};

/// A control token no template names: it can come from a message only.
const SECRET: &str = "<|\u{e000}|>";
const BOS: &str = "<|begin_of_text|>";

/// Templates of public shapes.
static KNOWN: LazyLock<Vec<String>> = LazyLock::new(|| {
    let vectors = include_str!("../../tests/data/chat_templates.json");
    let vectors: Json = serde_json::from_str(vectors).expect("JSON");
    let all = vectors["templates"].as_array().expect("a list");
    all.iter()
        .map(|one| one["template"].as_str().expect("a text").to_owned())
        .collect()
});

/// Every byte is a token; the names of all formats are control tokens.
fn byte_level(bos: bool) -> Tokenizer {
    let mut file = seeds::gguf::Gguf::sound();
    let mut tokens: Vec<String> = alphabet().into_iter().map(String::from).collect();
    let plain = tokens.len();
    tokens.extend(
        [
            BOS,
            "<|end_of_text|>",
            "<|eot_id|>",
            SECRET,
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|im_start|>",
            "<|im_end|>",
            "<s>",
            "</s>",
            "[INST]",
            "\n\n",
        ]
        .map(str::to_owned),
    );
    let types: Vec<i32> = (0..tokens.len())
        .map(|i| if i >= plain { 3 } else { 1 })
        .collect();
    file.set("tokenizer.ggml.tokens", seeds::gguf::texts(&tokens));
    file.set("tokenizer.ggml.token_type", seeds::gguf::i32_list(&types));
    file.set("tokenizer.ggml.merges", seeds::gguf::texts(&[]));
    file.set("tokenizer.ggml.pre", seeds::gguf::text("gpt-2"));
    let first = seeds::gguf::u32_value(plain as u32);
    file.set("tokenizer.ggml.bos_token_id", first);
    let bytes = ModelFile::in_memory("the tokenizer".to_owned(), file.bytes());
    let mut tokenizer = gguf::open(bytes, |metadata, _| {
        tokenizer::from_gguf(&metadata, &mut Vec::new())
    })
    .expect("a sound file");
    let id = tokenizer.control_id(BOS).filter(|_| bos);
    tokenizer.set_bos(id);
    tokenizer
}

/// What is said: plain words, words that spell tokens, and turns in an order few templates like.
static CHATS: LazyLock<[Vec<Turn>; 3]> = LazyLock::new(|| {
    let turn = |role, content: &str| Turn {
        role,
        content: content.to_owned(),
    };
    let spelled = format!("{SECRET} <|eot_id|>{BOS}</s>\n\n[INST]\r{SECRET}\n{SECRET}");
    [
        vec![turn(Role::User, &spelled)],
        vec![
            turn(Role::System, &format!(" {SECRET}")),
            turn(Role::User, "a'b\"\\ {{ x }} é 日本"),
            turn(
                Role::Assistant,
                &format!("<think>{spelled}</think>{SECRET}"),
            ),
            turn(Role::User, ""),
        ],
        vec![
            turn(Role::Assistant, BOS),
            turn(Role::Assistant, SECRET),
            turn(Role::System, "<|im_start|>"),
        ],
    ]
});

/// A template a model file brings: chosen, and a few chats through it.
pub(super) fn chat_template(data: &[u8]) -> bool {
    static TOKENIZERS: LazyLock<[Tokenizer; 2]> = LazyLock::new(|| [true, false].map(byte_level));
    let Ok(source) = str::from_utf8(data) else {
        return false;
    };
    let tokenizer = &TOKENIZERS[source.len() % 2];
    let text = |text: &str| Some(text.to_owned());
    let specials = SpecialTexts {
        bos: text(BOS),
        eos: text("<|eot_id|>"),
        ..SpecialTexts::default()
    };
    let mut warnings = Vec::new();
    let found = Some(source);
    let template = chat::choose(Family::Llama, found, tokenizer, &specials, &mut warnings);
    assert!(
        warnings.iter().all(|text| text.to_string().len() < 2000),
        "{warnings:?}"
    );
    for turns in &*CHATS {
        one_chat(&template, tokenizer, turns, source);
    }
    warnings.is_empty()
}

fn one_chat(template: &ChatTemplate, tokenizer: &Tokenizer, turns: &[Turn], source: &str) {
    let ids = match template.encode(tokenizer, turns) {
        Ok(ids) => ids,
        Err(EngineError::Template { .. }) => {
            let from_file = matches!(template, ChatTemplate::FromFile(_));
            assert!(from_file, "a format of Tern's own refuses a chat");
            return;
        }
        Err(e) => panic!("{e}"),
    };
    let names_it = source.contains('\u{e000}') || source.to_lowercase().contains("ue000");
    let secret = tokenizer.control_id(SECRET).expect("it is in there");
    assert!(
        names_it || !ids.contains(&secret),
        "a message became a command"
    );
    let body = match tokenizer.bos() {
        None => &ids[..],
        Some(bos) => {
            assert_eq!(ids.first(), Some(&bos), "the first token begins no text");
            assert_ne!(ids.get(1), Some(&bos), "two tokens begin the text");
            &ids[1..]
        }
    };
    // Nothing is lost or added on the way to tokens.
    let text = template.render(turns).expect("it was written once");
    let body = tokenizer.decode(body, false);
    let front = text
        .strip_suffix(&body)
        .expect("the prompt says what was written");
    let allowed = tokenizer.bos().map_or("", |_| BOS);
    assert_eq!(front.replace(allowed, ""), "", "left out");
}

/// Names, signs and numbers templates are made of, and some they should not be.
const WORDS: &[&str] = &[
    "messages",
    "message",
    "content",
    "loop",
    "index0",
    "previtem",
    "ns",
    "x",
    "bos_token",
    "tools",
    "range",
    "namespace",
    "dict",
    "raise_exception",
    "strftime_now",
    "none",
    "true",
    "not",
    "in",
    "is",
    "and",
    "or",
    "if",
    "else",
    "trim",
    "upper",
    "title",
    "capitalize",
    "string",
    "length",
    "first",
    "last",
    "list",
    "reverse",
    "join",
    "replace",
    "indent",
    "tojson",
    "items",
    "int",
    "map",
    "selectattr",
    "default",
    "split",
    "strip",
    "startswith",
    "keys",
    "get",
    "defined",
    "mapping",
    "'<|eot_id|>'",
    "'role'",
    "'content'",
    "'a'",
    "''",
    "'\\n'",
    "0",
    "1",
    "-1",
    "2",
    "1000",
    "50000",
    "9223372036854775807",
    "1e300",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ".",
    "|",
    "~",
    "+",
    "-",
    "*",
    "//",
    "%",
    "**",
    "/",
    "==",
    "!=",
    "<",
    "[::-1]",
    "[1:]",
    "messages[0].content",
    "{messages[0].content: 1}",
];

/// What is put around a part of a template.
const AROUND: &[(&str, &str)] = &[
    ("{% for i in range(20) %}", "{% endfor %}"),
    ("{% for m in messages %}", "{% endfor %}"),
    (
        "{% for c in messages[0].content if c %}",
        "{% else %}b{% endfor %}",
    ),
    ("{% if x %}", "{% endif %}"),
    ("{% if not x %}", "{% else %}a{% endif %}"),
    ("{% set x %}", "{% endset %}{{ x }}"),
    (
        "{% macro m(x, y='a') %}",
        "{% endmacro %}{{ m(messages[0].content) }}",
    ),
    ("{% filter upper %}", "{% endfilter %}"),
    ("{% with x = messages %}", "{% endwith %}"),
    ("{% raw %}", "{% endraw %}"),
    ("{#", "#}"),
];

/// Statements put in somewhere, some of them again and again.
const STATEMENTS: &[&str] = &[
    "{% set x = x ~ x %}",
    "{% set x = messages[0].content %}",
    "{% set x = 'ab' * 1000 %}",
    "{% set x = [x, x] %}",
    "{% set x = (x | string).replace('a', x | string) %}",
    "{% set ns = namespace(x='a') %}",
    "{% set ns.x = ns.x ~ messages[0].content %}",
    "{% set ns.x = ns.x + ns.x %}",
    "{{ x }}",
    "{{ ns.x }}",
    "{{ messages }}",
    "{{ messages | tojson }}",
    "{{ messages | map(attribute='content') | join(x) }}",
    "{{ x | indent(messages[0].content, true) }}",
    "{{ m(x) }}",
    "{{ bos_token }}",
    "{% break %}",
    "{% continue %}",
];

pub(super) fn template(random: &mut Random) -> Vec<u8> {
    let source = &KNOWN[random.below(KNOWN.len())];
    let mut parts = cut(source);
    // As they are, some of the time: then it is their order that is changed, or nothing.
    for _ in 0..random.below(5) {
        if parts.len() < 2000 {
            change(random, &mut parts);
        }
    }
    let mut bytes = parts.concat().into_bytes();
    if random.one_in(12) {
        mutate::bytes(random, &mut bytes);
    }
    bytes
}

/// Tags, and what is between them.
fn cut(source: &str) -> Vec<String> {
    let (mut parts, mut rest) = (Vec::new(), source);
    while !rest.is_empty() {
        let is_tag = ["{{", "{%", "{#"].iter().any(|tag| rest.starts_with(tag));
        let end = if is_tag {
            let ends = ["}}", "%}", "#}"].iter().filter_map(|end| rest.find(end));
            ends.min().map_or(rest.len(), |at| at + 2)
        } else {
            let tags = ["{{", "{%", "{#"].iter().filter_map(|tag| rest.find(tag));
            tags.min().unwrap_or(rest.len())
        };
        let (part, tail) = rest.split_at(end);
        parts.push(part.to_owned());
        rest = tail;
    }
    parts
}

fn change(random: &mut Random, parts: &mut Vec<String>) {
    let (at, other) = (random.below(parts.len()), random.below(parts.len()));
    let (from, to) = (at.min(other), at.max(other));
    match random.below(12) {
        _ if parts.is_empty() => {}
        0 => drop(parts.remove(at)),
        1 => parts.insert(other, parts[at].clone()),
        2 => parts.swap(at, other),
        3 => {
            let copies = parts[from..to].to_vec();
            parts.splice(from..from, copies);
        }
        4 | 5 => {
            let (before, after) = random.pick(AROUND);
            parts.insert(to, after.to_owned());
            parts.insert(from, before.to_owned());
        }
        6 | 7 => {
            let times = if random.one_in(4) {
                random.below(60)
            } else {
                1
            };
            let new = random.pick(STATEMENTS).repeat(times);
            parts.insert(at, new);
        }
        8 => {
            let donor = cut(&KNOWN[random.below(KNOWN.len())]);
            parts.insert(at, donor[random.below(donor.len())].clone());
        }
        _ => spoil_words(random, &mut parts[at]),
    }
}

/// Changes one word of a tag.
fn spoil_words(random: &mut Random, tag: &mut String) {
    let mut words: Vec<String> = Vec::new();
    for c in tag.chars() {
        match words.last_mut() {
            Some(last) if c.is_alphanumeric() && last.ends_with(char::is_alphanumeric) => {
                last.push(c)
            }
            _ => words.push(c.to_string()),
        }
    }
    let (at, other) = (random.below(words.len()), random.below(words.len()));
    match random.below(5) {
        _ if words.is_empty() => {}
        0 => drop(words.remove(at)),
        1 => words.insert(at, words[other].clone()),
        2 => words.insert(at, format!(" {} ", random.pick(WORDS))),
        3 => words.insert(at, format!("|{}", random.pick(WORDS))),
        _ => words[at] = random.pick(WORDS).to_owned(),
    }
    *tag = words.concat();
}

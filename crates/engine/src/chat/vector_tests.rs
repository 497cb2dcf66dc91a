//! Templates of public shapes against what transformers makes of them (`tools/fixtures/chat_templates.py`).

use serde_json::Value as Json;

use super::{Role, SpecialTexts, Turn, check::Refusal, jinja};

fn turns(messages: &Json) -> Vec<Turn> {
    let messages = messages.as_array().expect("a list of messages");
    messages
        .iter()
        .map(|message| Turn {
            role: match message["role"].as_str() {
                Some("system") => Role::System,
                Some("user") => Role::User,
                Some("assistant") => Role::Assistant,
                other => panic!("role {other:?}"),
            },
            content: message["content"].as_str().expect("a text").to_owned(),
        })
        .collect()
}

#[test]
fn templates_write_what_transformers_writes() {
    let vectors: Json = serde_json::from_str(include_str!("../../tests/data/chat_templates.json"))
        .expect("the vectors are JSON");
    let special = |name: &str| vectors["specials"][name].as_str().map(str::to_owned);
    let specials = SpecialTexts {
        bos: special("bos_token"),
        eos: special("eos_token"),
        ..SpecialTexts::default()
    };
    let templates = vectors["templates"].as_array().expect("templates");
    let (mut same, mut raised) = (0, 0);
    for template in templates {
        let source = template["template"].as_str().expect("a text");
        for chat in template["chats"].as_array().expect("chats") {
            let turns = turns(&chat["messages"]);
            let got = jinja::render(source, &turns, &specials);
            let name = &template["name"];
            match chat["rendered"].as_str() {
                Some(want) => {
                    let got = got.unwrap_or_else(|e| panic!("{name}: {e} in {turns:?}"));
                    assert_eq!(got.text(), want, "{name}");
                    same += 1;
                }
                None => {
                    assert!(matches!(got, Err(Refusal::Raised(_))), "{name}: {got:?}");
                    raised += 1;
                }
            }
        }
    }
    assert!(same >= 60 && raised >= 4, "{same} texts, {raised} refusals");
}

//! What was said is found again, and nothing else; no query does harm.

use tempfile::tempdir;
use tern_history::{History, MessageId, MessageState, Role};

use crate::{Rng, assert_sound, exchange};

fn texts(history: &History, query: &str) -> Vec<String> {
    let found = history.search(query, 100).unwrap();
    let text = |found: tern_history::Found| history.message(&found.message).unwrap().text;
    found.into_iter().map(text).collect()
}

/// A history in memory with a chat of these answers.
fn answers(answers: &[&str]) -> History {
    let history = History::in_memory().unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    for answer in answers {
        exchange(&history, &chat, "?", answer);
    }
    history
}

#[test]
fn every_word_must_occur_and_the_newest_comes_first() {
    let history = answers(&["The tern flies.", "A fly sits.", "Terns: they FLY far."]);
    assert_eq!(
        texts(&history, "ter fl"),
        ["Terns: they FLY far.", "The tern flies."]
    );
    assert_eq!(
        texts(&history, "fly"),
        ["Terns: they FLY far.", "A fly sits."]
    );
    assert_eq!(texts(&history, "fly tern the"), ["Terns: they FLY far."]);
    assert_eq!(
        texts(&history, "ern"),
        [""; 0],
        "a word is found from its beginning"
    );
    assert_eq!(history.search("t", 1).unwrap().len(), 1);
    assert_eq!(history.search("t", 0).unwrap(), []);
}

#[test]
fn quotes_make_a_phrase_of_whole_words() {
    let history = answers(&["arctic tern", "tern, arctic", "arctic terns"]);
    assert_eq!(texts(&history, "\"arctic tern\""), ["arctic tern"]);
    assert_eq!(texts(&history, "„arctic tern“"), ["arctic tern"]);
    assert_eq!(
        texts(&history, "\"arctic ter"),
        ["arctic terns", "arctic tern"]
    );
    assert_eq!(
        texts(&history, "arctic-tern"),
        ["arctic terns", "arctic tern"]
    );
}

#[test]
fn a_word_is_found_in_every_script() {
    for (text, queries) in [
        (
            "Die Küstenseeschwalbe fliegt",
            &["kusten", "KÜSTEN", "ku\u{308}st"][..],
        ),
        (
            "我昨天看到一只北极燕鸥飞过",
            &["北极燕鸥", "燕", "北极 飞过", "\"看到一只\""],
        ),
        ("昨日アジサシを見ました。", &["アジサシ", "見まし", "ｱｼﾞｻｼ"]),
        ("북극제비갈매기는 멀리 난다", &["갈매기", "멀리", "제비갈"]),
        ("นกนางนวลแกลบบินได้ไกล", &["นางนวล", "บินได้"]),
        ("طائر الخَرْشَنَة القطبية", &["الخرشنة", "القط"]),
        ("שַׁחֲפִית הַקֹּטֶב", &["שחפית", "הקטב"]),
        ("समुद्री कुररी पक्षी", &["कुररी", "समु"]),
        (
            "Θαλασσογλάρονο ΤΗΣ Αρκτικής",
            &["θαλασσο", "της", "αρκτικησ"],
        ),
        ("Полярная крачка ещё летит", &["крач", "еще"]),
    ] {
        let history = answers(&["something else", text]);
        for query in queries {
            assert_eq!(texts(&history, query), [text], "{query}");
            let found = history.search(query, 1).unwrap().remove(0);
            assert!(
                found.snippet.iter().any(|piece| piece.1),
                "{query}: {found:?}"
            );
        }
    }
    let history = answers(&["か", "が", "कि", "का"]);
    for text in ["か", "が", "कि", "का"] {
        assert_eq!(texts(&history, text), [text]);
    }
    let history = answers(&["燕北"]);
    assert_eq!(
        texts(&history, "北燕"),
        [""; 0],
        "characters in a row are a phrase"
    );
}

#[test]
fn no_query_is_taken_for_anything_but_words() {
    let history = answers(&["near the and not or c++ a:b (x) ^caret", "plain"]);
    let hit = "near the and not or c++ a:b (x) ^caret";
    for query in [
        "NEAR(the and)",
        "words:near",
        "NOT near",
        "near OR qqq",
        "near*",
        "^near",
        "c++",
        "a:b",
        "(x)",
        "near AND the",
        "- near",
        "\"near",
        "near\"",
        "'near'",
        "near\0the",
        "{near}",
    ] {
        let expected = if query == "near OR qqq" || query == "words:near" {
            &[][..]
        } else {
            &[hit]
        };
        assert_eq!(texts(&history, query), expected, "{query:?}");
    }
    let mut rng = Rng::new(7);
    let parts = [
        "\"",
        "*",
        "(",
        ")",
        "NEAR",
        " ",
        "^",
        "\0",
        "-",
        "+",
        ":",
        "{",
        "}",
        "near",
        "'",
        ";",
        ",",
        "\u{301}",
        "漢",
        "\u{202e}",
        "OR",
        "\u{10ffff}",
        "\\",
        "%",
        "_",
        "\n",
        "„",
        "à",
    ];
    for _ in 0..2000 {
        let query: String = (0..rng.below(12)).map(|_| *rng.pick(&parts)).collect();
        history
            .search(&query, 10)
            .unwrap_or_else(|error| panic!("{query:?}: {error:?}"));
    }
    for part in [
        "word ", "\"", "漢", "x", "a\" ", "\u{301}", "e\u{301}", "\0", "NEAR(",
    ] {
        let query = part.repeat((1 << 20) / part.len());
        history
            .search(&query, 10)
            .unwrap_or_else(|error| panic!("{part:?}: {error:?}"));
    }
    assert_eq!(texts(&history, ""), [""; 0]);
    assert_eq!(texts(&history, " \0*\"()"), [""; 0]);
}

#[test]
fn what_is_deleted_or_being_written_is_not_found_until_it_is_back_or_has_ended() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let count = |query: &str| history.search(query, 100).unwrap().len();
    let (question, answer) = history.append_exchange(&chat, "needle?", None).unwrap();
    history.set_text(&answer.id, "needle half").unwrap();
    assert_eq!(count("needle"), 1);
    history
        .finish(
            &answer.id,
            "needle whole",
            MessageState::Complete,
            None,
            None,
        )
        .unwrap();
    assert_eq!((count("needle"), count("half")), (2, 0));

    history.delete_message(&answer.id).unwrap();
    assert_eq!(count("needle"), 1);
    history.restore_message(&answer.id).unwrap();
    assert_eq!(count("needle"), 2);

    history.edit_answer(&answer.id, "needle changed").unwrap();
    assert_eq!((count("whole"), count("changed")), (0, 1));

    history.resume_answer(&answer.id).unwrap();
    assert_eq!(count("changed"), 0);
    history
        .finish(
            &answer.id,
            "needle changed and on",
            MessageState::Stopped,
            None,
            None,
        )
        .unwrap();
    assert_eq!(count("changed"), 1);

    history.set_archived(&chat, true).unwrap();
    assert_eq!(count("needle"), 2);
    history.delete(&chat).unwrap();
    assert_eq!(count("needle"), 0);
    history.restore(&chat).unwrap();
    let found = history.search("needle", 100).unwrap();
    let roles: Vec<(MessageId, Role)> = found.iter().map(|f| (f.message.clone(), f.role)).collect();
    assert_eq!(
        roles,
        [(answer.id, Role::Assistant), (question.id, Role::User)]
    );
    assert_eq!(found[0].conversation, history.conversation(&chat).unwrap());
    assert_eq!(found[0].created_at_ms, answer.created_at_ms);
    assert_eq!(
        found[0].snippet,
        [
            ("needle".to_owned(), true),
            (" changed and on".to_owned(), false)
        ]
    );

    // Versions are found, whichever is shown.
    history
        .append_question_version(&found[1].message, "other needle", None)
        .unwrap();
    assert_eq!(count("needle"), 3);
    drop(history);
    assert_sound(folder.path());
}

#[test]
fn a_half_answer_is_found_after_the_crash() {
    let folder = tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let chat = history.create_conversation("A", None).unwrap().id;
    let (_, answer) = history.append_exchange(&chat, "q", None).unwrap();
    history.set_text(&answer.id, "half a needle").unwrap();
    drop(history);
    let history = History::open(folder.path()).unwrap();
    assert_eq!(texts(&history, "needle"), ["half a needle"]);
}

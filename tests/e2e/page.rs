//! What is on the page, and what a person does there. Names are the `data-testid`s of the UI.

use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::Value;

/// The key Enter, as WebDriver spells it.
pub(crate) const ENTER: &str = "\u{E007}";

/// The keys Backspace, Escape and Up.
pub(crate) const BACKSPACE: &str = "\u{E003}";
pub(crate) const ESCAPE: &str = "\u{E00C}";
pub(crate) const UP: &str = "\u{E013}";

/// How long anything on the page may take on a busy computer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Reads everything the tests look at in one step of the page, so that it fits together. What
/// became of an answer is read where a person reads it.
const LOOK: &str = r#"
    const all = (id, within = document) => [...within.querySelectorAll(`[data-testid="${id}"]`)];
    const text = (id, within) => all(id, within)[0]?.textContent.trim() ?? null;
    const became = (answer) => {
        const note = text('message-state', answer);
        if (all('phase', answer).length > 0) return 'writing';
        if (note?.startsWith('Stopped')) return 'stopped';
        if (note?.startsWith('Interrupted')) return 'interrupted';
        if (all('stats', answer).length > 0) return 'complete';
        return note === null ? '' : 'failed';
    };
    return {
        page: document.body.innerText,
        questions: all('message-user').map((m) => text('message-text', m) ?? m.textContent.trim()),
        answers: all('message-assistant').map((m) => ({
            text: text('message-text', m) ?? '',
            state: became(m),
            note: text('message-state', m),
            stats: text('stats', m),
        })),
        rows: all('conversation-row').map((r) => ({
            title: r.querySelector('button')?.textContent.trim() ?? '',
            current: r.querySelector('[aria-current]') !== null,
        })),
        welcome: text('welcome'),
        problem: text('problem'),
        model: text('model-pill'),
        can_stop: all('stop').length > 0,
        draft: all('composer-input')[0]?.value ?? null,
        figures: text('context-figures'),
        version: text('version'),
        download: text('download'),
        download_done: text('download-done'),
        focus: document.activeElement?.dataset.testid ?? null,
    };
"#;

/// One look at the page.
#[derive(Clone, Debug)]
pub(crate) struct Look(Value);

/// An answer as the page shows it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) state: String,
    pub(crate) note: String,
    pub(crate) stats: String,
}

/// A row of the sidebar.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) title: String,
    pub(crate) current: bool,
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Look {
    fn list<T>(&self, key: &str, read: impl Fn(&Value) -> T) -> Vec<T> {
        self.0[key]
            .as_array()
            .into_iter()
            .flatten()
            .map(read)
            .collect()
    }

    pub(crate) fn questions(&self) -> Vec<String> {
        self.list("questions", string)
    }

    pub(crate) fn answers(&self) -> Vec<Answer> {
        self.list("answers", |a| Answer {
            text: string(&a["text"]),
            state: string(&a["state"]),
            note: string(&a["note"]),
            stats: string(&a["stats"]),
        })
    }

    /// The newest answer, empty before there is one.
    pub(crate) fn last(&self) -> Answer {
        let none = Answer {
            text: String::new(),
            state: String::new(),
            note: String::new(),
            stats: String::new(),
        };
        self.answers().pop().unwrap_or(none)
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        self.list("rows", |r| Row {
            title: string(&r["title"]),
            current: r["current"] == true,
        })
    }

    /// Text of a part that is there at most once; empty when it is not.
    pub(crate) fn part(&self, key: &str) -> String {
        string(&self.0[key])
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0[key].is_string()
    }

    pub(crate) fn is(&self, key: &str) -> bool {
        self.0[key] == true
    }
}

/// The page in the window.
pub(crate) struct Page {
    client: Client,
}

impl Page {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    pub(crate) async fn look(&self) -> Look {
        Look(
            self.client
                .execute(LOOK, Vec::new())
                .await
                .expect("the page answers"),
        )
    }

    /// Looks until `seen`; fails with the page's text after [`PATIENCE`].
    pub(crate) async fn until(&self, what: &str, seen: impl Fn(&Look) -> bool) -> Look {
        let started = Instant::now();
        loop {
            let look = self.look().await;
            if seen(&look) {
                return look;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "waited {PATIENCE:?} for {what}; the page shows:\n{}",
                look.0["page"]
            );
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// The element with this `data-testid`, waited for.
    pub(crate) async fn find(&self, id: &str) -> Element {
        self.find_by(Locator::Css(&format!("[data-testid='{id}']")))
            .await
    }

    async fn find_by(&self, locator: Locator<'_>) -> Element {
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(locator)
            .await;
        found.unwrap_or_else(|error| panic!("{locator:?} is not on the page: {error}"))
    }

    /// The button below `id` whose words contain `words`, waited for.
    pub(crate) async fn find_button(&self, id: &str, words: &str) -> Element {
        let xpath =
            format!("//*[@data-testid='{id}']//button[contains(normalize-space(.), '{words}')]");
        self.find_by(Locator::XPath(&xpath)).await
    }

    pub(crate) async fn click(&self, id: &str) {
        let element = self.find(id).await;
        element
            .click()
            .await
            .unwrap_or_else(|error| panic!("{id} can't be clicked: {error}"));
    }

    /// Presses the last button with this name; those of messages come up under the pointer only.
    pub(crate) async fn press(&self, name: &str) {
        const PRESS: &str = r#"
            const named = (button) => (button.ariaLabel ?? button.textContent).trim() === arguments[0];
            const found = [...document.querySelectorAll('button, [role^=menuitem]')].filter(named);
            found.at(-1)?.click();
            return found.length > 0;
        "#;
        let started = Instant::now();
        loop {
            let arguments = vec![Value::from(name)];
            let pressed = self.client.execute(PRESS, arguments).await;
            if pressed.expect("the page answers") == true {
                return;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "no button is called {name}; the page shows:\n{}",
                self.look().await.0["page"]
            );
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// Types into the part with this `data-testid`, or into the text box in it.
    pub(crate) async fn type_into(&self, id: &str, keys: &str) {
        let part = format!("[data-testid='{id}']");
        let boxes = format!("{part}:is(textarea, input, [tabindex]), {part} textarea");
        let element = self.find_by(Locator::Css(&boxes)).await;
        let typed = element.send_keys(keys).await;
        typed.unwrap_or_else(|error| panic!("{id} takes no keys: {error}"));
    }

    /// Text of the part with this `data-testid`, waited for.
    pub(crate) async fn text_of(&self, id: &str) -> String {
        let text = self.find(id).await.text().await;
        text.unwrap_or_else(|error| panic!("{id} has no text: {error}"))
    }

    /// Types a question and sends it with Enter.
    pub(crate) async fn ask(&self, question: &str) {
        let composer = self.find("composer-input").await;
        composer
            .send_keys(&format!("{question}{ENTER}"))
            .await
            .expect("the composer takes keys");
    }

    /// Asks, and waits until the whole answer is there.
    pub(crate) async fn ask_and_wait(&self, question: &str) -> Answer {
        self.ask(question).await;
        let look = self
            .until("a whole answer", |look| {
                // The question is there a moment before its answer: until then, the last one is another's.
                let (questions, answers) = (look.questions(), look.answers());
                questions.last().is_some_and(|asked| asked == question)
                    && answers.len() == questions.len()
                    && look.last().state == "complete"
            })
            .await;
        look.last()
    }

    /// Opens the chat with this title in the sidebar.
    pub(crate) async fn open_chat(&self, title: &str) {
        let row = self.find_button("conversation-row", title).await;
        row.click().await.expect("the row can be clicked");
        let open = |look: &Look| {
            look.rows()
                .iter()
                .any(|row| row.title.contains(title) && row.current)
        };
        self.until("the chat to open", open).await;
    }

    /// Chooses a model by its name in the header's menu.
    pub(crate) async fn choose_model(&self, name: &str) {
        self.click("model-pill").await;
        let entry = self.find_button("model-menu", name).await;
        entry.click().await.expect("the model can be chosen");
        self.until("the model to be chosen", |look| {
            look.part("model").contains(name)
        })
        .await;
    }
}

//! The program: its start, models, settings and figures.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use super::{
    ConversationSummary, Draft, ModelOrigin, ModelWarning, ModelWork, ProblemDetail, Sampling,
};

/// What the window needs to draw itself for the first time.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Startup {
    /// Version of the app, for the About page.
    pub version: String,
    /// Folder with the chats and settings, as shown in Settings.
    pub data_dir: String,
    /// Set when the program could not open its data: the window shows this and a Retry button.
    pub problem: Option<Problem>,
    /// The person's settings.
    pub settings: Settings,
    /// Every model that can be chosen, the Guide first.
    pub models: Vec<ModelEntry>,
    /// Saved chats, newest first.
    pub conversations: Vec<ConversationSummary>,
    /// Memory and speed right now.
    pub status: Status,
    /// What was being written into a new chat's message box.
    pub draft: Option<Draft>,
    /// What this computer's desktop offers.
    pub platform: Platform,
}

/// What a computer's desktop offers.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Platform {
    /// The operating system.
    pub system: OperatingSystem,
    /// There can be an icon in the tray.
    pub tray: bool,
    /// Keys can be heard while another program is in front.
    pub global_keys: bool,
}

/// Operating systems Tern runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum OperatingSystem {
    /// Linux.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// A model that can be chosen.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelEntry {
    /// Stable id; `guide` is the built-in one.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Where its file or folder is; none for the Guide.
    pub path: Option<String>,
    /// Size of its files.
    #[specta(type = Number)]
    pub bytes: f64,
    /// True for the one new chats use.
    pub selected: bool,
    /// What it is doing now.
    pub state: ModelState,
    /// What is worth knowing about the file (a broken upload, a replaced template).
    pub warnings: Vec<ModelWarning>,
    /// The repository it was downloaded from.
    pub origin: Option<ModelOrigin>,
    /// Tern downloaded or copied it: taking it off the list deletes its files.
    pub owned: bool,
    /// There are checksums to verify its files against.
    pub recorded: bool,
    /// What is being done with its files.
    pub work: Option<ModelWork>,
}

/// What a model is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ModelState {
    /// On disk only.
    Idle,
    /// Being read into memory.
    Loading,
    /// In memory.
    Ready,
    /// The file or folder is gone.
    Missing,
}

/// Colour scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Theme {
    /// As the computer is set.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Everything a person can set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    /// Colour scheme.
    pub theme: Theme,
    /// Language of the window.
    pub language: Language,
    /// Size of all text, in percent of the ordinary one.
    pub text_size: u32,
    /// Given to the model before every chat; may be empty.
    pub system_prompt: String,
    /// System prompts under names, to choose from.
    pub presets: Vec<Preset>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How much of the processor the engine takes.
    pub profile: Profile,
    /// Threads for the engine; 0 means as the profile says.
    pub threads: u32,
    /// Chats get better titles from the model while it has nothing else to do.
    pub smart_titles: bool,
    /// An icon in the tray keeps Tern running when its window is closed.
    pub tray: bool,
    /// Keys that bring Tern to the front with a new chat, from any program; none is off.
    pub quick_ask: Option<String>,
    /// A menu bar in the window (Linux and Windows; macOS always has one).
    pub menu_bar: bool,
    /// Address models are downloaded from in the hub's place; none is the hub.
    pub mirror: Option<String>,
    /// Through what downloads reach the network.
    pub proxy: ProxyChoice,
    /// Nothing may connect; downloads are refused.
    pub offline: bool,
    /// Minutes without use until a model leaves memory; 0 means never.
    pub unload_after: u32,
}

/// Through what downloads reach the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum ProxyChoice {
    /// As the computer is set.
    System,
    /// Nothing in between.
    Off,
    /// This one.
    Manual {
        /// Its address, for instance `http://proxy.example:3128`.
        address: String,
    },
}

/// Language of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Language {
    /// As the computer is set.
    System,
    /// English.
    En,
    /// German.
    De,
}

/// A system prompt under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Preset {
    /// What it is called, unique.
    pub name: String,
    /// The system prompt.
    pub text: String,
}

/// How much of the processor the engine takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Profile {
    /// Every core.
    Full,
    /// Half of them: the computer stays quick for other work.
    Balanced,
    /// A quarter: cool and quiet.
    Battery,
}

/// Live figures for the status strip.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// Writing speed while an answer is written, else none.
    #[specta(type = Option<Number>)]
    pub tokens_per_second: Option<f64>,
    /// Resident memory of the program.
    #[specta(type = Number)]
    pub app_bytes: f64,
    /// Of that, the model's weights.
    #[specta(type = Number)]
    pub weight_bytes: f64,
    /// Of that, the KV cache.
    #[specta(type = Number)]
    pub kv_bytes: f64,
    /// Engine threads.
    pub threads: u32,
    /// CPU path in use, for instance `avx2`.
    pub isa: String,
}

/// Something that went wrong.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// For the program.
    pub code: ProblemCode,
    /// For the person: the page makes the sentence, in its language.
    pub detail: ProblemDetail,
    /// For logs: the sentence in English.
    pub message: String,
}

/// The few kinds of problem the window treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ProblemCode {
    /// The data folder can't be used (unwritable, newer database, damaged, in use).
    DataFolder,
    /// A write to disk failed while running (disk full, folder gone).
    Storage,
    /// A model file is missing, damaged or of a kind Tern can't open.
    Model,
    /// The chat or message does not exist (any more).
    NotFound,
    /// Not possible in the present state (an answer is being written in this chat).
    Busy,
    /// The request itself makes no sense (empty message, number out of range).
    Invalid,
    /// A defect in Tern.
    Internal,
}

/// What left this computer, and what is open now.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionLog {
    /// When Tern was started.
    #[specta(type = Number)]
    pub since: f64,
    /// When the system was last asked for this program's connections; none where it can't be.
    #[specta(type = Option<Number>)]
    pub checked_at: Option<f64>,
    /// How often it was asked since the start.
    pub checks: u32,
    /// What happened since the start, newest first.
    pub entries: Vec<ConnectionEntry>,
}

/// One line of the connection log.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionEntry {
    /// When.
    #[specta(type = Number)]
    pub at: f64,
    /// What.
    pub kind: ConnectionKind,
    /// Where to: an address, or a link.
    pub target: String,
}

/// What a line of the connection log tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ConnectionKind {
    /// A link handed to the browser, on request.
    Link,
    /// A download the person asked for.
    Download,
    /// A connection of this program to another computer.
    Connection,
}

/// Words for what the desktop shows of Tern outside its page, in the window's language.
#[derive(Clone, Debug, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DesktopWords {
    /// Menu with new chats, settings and the end.
    pub file: String,
    /// Menu with cutting and pasting.
    pub edit: String,
    /// Menu with what is seen.
    pub view: String,
    /// Menu with the list of keys.
    pub help: String,
    /// See [`Action::NewChat`](super::Action::NewChat); so on for the others.
    pub new_chat: String,
    /// A new temporary chat.
    pub new_temporary_chat: String,
    /// Search and commands.
    pub palette: String,
    /// Find in the open chat.
    pub find: String,
    /// Show or hide the sidebar.
    pub toggle_sidebar: String,
    /// All models.
    pub models: String,
    /// Settings.
    pub settings: String,
    /// The list of keys.
    pub keys: String,
    /// Larger text.
    pub larger_text: String,
    /// Smaller text.
    pub smaller_text: String,
    /// Text of the ordinary size.
    pub ordinary_text: String,
    /// Shows the window, in the tray.
    pub show: String,
    /// Ends Tern.
    pub quit: String,
}

//! Weight formats that are met but not read: what they are called, and which file to get instead.

/// Where a chat model that runs is to be had.
macro_rules! chat_model {
    () => {
        "ggml-model-i2_s.gguf from microsoft/bitnet-b1.58-2B-4T-gguf"
    };
}
pub(crate) use chat_model;

/// For weights in a type that is not ternary, or not ours.
pub(crate) const GET_TERNARY: &str = concat!(
    "Choose a file with ternary weights: the model's I2_S file (such as ",
    chat_model!(),
    "), a TQ1_0 or TQ2_0 file, or the model's folder with model.safetensors."
);

/// For tables made for one kind of processor.
const GET_PORTABLE: &str = concat!(
    "bitnet.cpp makes such files for one kind of processor, and they do not say for which. \
     Get the model's I2_S file instead, such as ",
    chat_model!(),
    "."
);

/// For types only ik_llama.cpp knows.
const GET_PUBLISHED: &str = concat!(
    "Only ik_llama.cpp reads such files. Get the model's I2_S file instead, such as ",
    chat_model!(),
    "."
);

/// For models whose rows do not fit a packed format.
pub(crate) const GET_FOLDER: &str = "bitnet.cpp does not run such a file either. Choose the model's folder with \
     config.json and model.safetensors instead.";

/// What a GGUF file's type number stands for, where it is no type of ours. 36 to 39 mean one thing to bitnet.cpp and
/// another to llama.cpp: `is_bitnet` says that the file's architecture is bitnet.cpp's. (Numbers: `ggml.h` of
/// llama.cpp, bitnet.cpp's fork of it, and ik_llama.cpp.)
pub(super) fn gguf_type(number: u32, is_bitnet: bool) -> String {
    let name = match number {
        2 => "Q4_0",
        3 => "Q4_1",
        6 => "Q5_0",
        7 => "Q5_1",
        8 => "Q8_0",
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        12 => "Q4_K",
        13 => "Q5_K",
        14 => "Q6_K",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        37 => "I8_S",
        38 => "TL1",
        39 if is_bitnet => "TL2",
        39 => "MXFP4 (or TL2)",
        134 => "IQ1_BN",
        135 => "IQ2_BN",
        335 => "IQ2_BN_R4",
        133..=158 | 202..=233 | 336..=399 => {
            return format!("number {number} of ik_llama.cpp");
        }
        other => return format!("of the unknown type {other}"),
    };
    name.to_owned()
}

/// Which file to get instead of one with this type.
pub(crate) fn remedy(kind: &str) -> &'static str {
    if kind.starts_with("TL") || kind == "I8_S" {
        GET_PORTABLE
    } else if kind.contains("ik_llama") || kind.contains("_BN") {
        GET_PUBLISHED
    } else {
        GET_TERNARY
    }
}

/// For models that turn text into numbers.
pub(crate) const GET_CHAT: &str = concat!(
    "An embedding model turns text into numbers, for searching, and cannot chat. Get a chat model instead, such as ",
    chat_model!(),
    "."
);

/// Architectures (GGUF) and model types (Hugging Face) that are embedding models and nothing else.
const EMBEDDING_ONLY: [&str; 18] = [
    "bert",
    "distilbert",
    "roberta",
    "xlm-roberta",
    "xlm_roberta",
    "mpnet",
    "modernbert",
    "modern-bert",
    "neo-bert",
    "nomic-bert",
    "nomic_bert",
    "nomic-bert-moe",
    "jina-bert-v2",
    "jina-bert-v3",
    "eurobert",
    "gte-qwen",
    "gemma-embedding",
    "t5encoder",
];

/// Whether a model of this architecture can only be an embedding model.
pub(crate) fn is_embedding_only(architecture: &str) -> bool {
    EMBEDDING_ONLY.contains(&architecture)
}

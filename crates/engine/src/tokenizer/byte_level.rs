//! The byte-level alphabet: one printable character for each byte, as GPT-2 chose them.

/// First character for bytes that have no printable one of their own.
const SHIFTED: u32 = 256;

/// Whether a byte stands for itself.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff)
}

/// Characters of all bytes, by byte.
pub(crate) fn alphabet() -> [char; 256] {
    let mut shifted = SHIFTED;
    std::array::from_fn(|byte| {
        let code = if is_plain(byte as u8) {
            byte as u32
        } else {
            shifted += 1;
            shifted - 1
        };
        char::from_u32(code).expect("codes below 324 are characters")
    })
}

/// Bytes of all characters of the alphabet, by character code.
pub(crate) struct Inverse([Option<u8>; 324]);

impl Inverse {
    pub(crate) fn new() -> Self {
        let mut bytes = [None; 324];
        for (byte, c) in alphabet().into_iter().enumerate() {
            bytes[c as usize] = Some(byte as u8);
        }
        Self(bytes)
    }

    /// The bytes a text of the alphabet stands for; `None` for one with other characters.
    pub(crate) fn bytes(&self, text: &str) -> Option<Vec<u8>> {
        text.chars()
            .map(|c| self.0.get(c as usize).copied().flatten())
            .collect()
    }

    /// Appends the bytes a token's text stands for. A text with a character outside the alphabet stands for
    /// itself, as in Hugging Face tokenizers.
    pub(crate) fn append(&self, text: &str, out: &mut Vec<u8>) {
        match self.bytes(text) {
            Some(bytes) => out.extend_from_slice(&bytes),
            None => out.extend_from_slice(text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_alphabet() {
        let inverse = Inverse::new();
        for (byte, c) in alphabet().into_iter().enumerate() {
            let mut out = Vec::new();
            inverse.append(&c.to_string(), &mut out);
            assert_eq!(out, [byte as u8]);
        }
        assert_eq!(alphabet()[b' ' as usize], 'Ġ');
        assert_eq!(alphabet()[b'\n' as usize], 'Ċ');
    }

    #[test]
    fn text_outside_the_alphabet_stands_for_itself() {
        let mut out = Vec::new();
        Inverse::new().append("Ġa b", &mut out);
        assert_eq!(out, "Ġa b".as_bytes());
    }
}

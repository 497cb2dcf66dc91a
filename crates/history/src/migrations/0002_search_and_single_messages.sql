-- Version 2: full text search, drafts, attachments, options of a chat, and messages that can be
-- pinned, edited and deleted one by one.

ALTER TABLE conversations ADD COLUMN options TEXT;

-- JSON: [{"name": …, "text": …}, …].
ALTER TABLE messages ADD COLUMN attachments TEXT;
ALTER TABLE messages ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1));
ALTER TABLE messages ADD COLUMN edited INTEGER NOT NULL DEFAULT 0 CHECK (edited IN (0, 1));
ALTER TABLE messages ADD COLUMN deleted_at_ms INTEGER;

-- A chat's tree is read without its texts: from this index, and from the next one which of its
-- messages are deleted. That column lies behind the text in a row.
DROP INDEX messages_by_parent;
CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, id);
CREATE INDEX messages_deleted ON messages (conversation_id, deleted_at_ms)
    WHERE deleted_at_ms IS NOT NULL;

-- The key is a chat's id, or empty for the chat that is not begun; values are JSON texts.
CREATE TABLE drafts (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER drafts_go_with_their_chat AFTER DELETE ON conversations BEGIN
    DELETE FROM drafts WHERE key = OLD.id;
END;

-- The words of every message that has ended and is not deleted; `rowid` is its `seq`. The texts
-- themselves are not kept a second time. `tern_words` (src/words.rs) has already made words of
-- them, case and accents gone, spaces between, so the simplest tokenizer is the right one.
-- Words are looked for by their beginning, and the fewer letters are known the more words have
-- them: up to three letters have an index of their own.
CREATE VIRTUAL TABLE messages_fts USING fts5 (
    words, content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '1 2 3'
);

INSERT INTO messages_fts (rowid, words)
SELECT seq, tern_words(text) FROM messages WHERE state <> 'writing' ORDER BY seq;

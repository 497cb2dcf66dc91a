-- Version 1: chats, their messages as trees, settings.
--
-- A message's parent and a chat's active leaf must lie in the same chat; the composite foreign
-- keys make the database itself refuse anything else. They are checked at the end of a
-- transaction, so a chat and its tree can go in one statement.

CREATE TABLE conversations (
    id              TEXT    NOT NULL PRIMARY KEY,
    title           TEXT    NOT NULL,
    title_is_manual INTEGER NOT NULL DEFAULT 0 CHECK (title_is_manual IN (0, 1)),
    created_at_ms   INTEGER NOT NULL,
    updated_at_ms   INTEGER NOT NULL,
    pinned          INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
    archived        INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
    model_id        TEXT,
    system_prompt   TEXT,
    active_leaf     TEXT,
    deleted_at_ms   INTEGER,
    FOREIGN KEY (id, active_leaf) REFERENCES messages (conversation_id, id)
        DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE INDEX conversations_by_update ON conversations (updated_at_ms DESC)
    WHERE deleted_at_ms IS NULL;

-- `seq` grows with every message, so a parent always has a smaller one than its children.
CREATE TABLE messages (
    seq             INTEGER NOT NULL PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    conversation_id TEXT    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id       TEXT,
    role            TEXT    NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
    text            TEXT    NOT NULL,
    state           TEXT    NOT NULL
        CHECK (state IN ('complete', 'writing', 'stopped', 'interrupted', 'failed')),
    created_at_ms   INTEGER NOT NULL,
    model           TEXT,
    stats           TEXT,
    error           TEXT,
    UNIQUE (conversation_id, id),
    FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id)
        DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id);

-- Holds the one or two answers being written; makes finding half answers after a crash free.
CREATE INDEX messages_being_written ON messages (seq) WHERE state = 'writing';

-- Values are JSON texts; the program gives them types.
CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

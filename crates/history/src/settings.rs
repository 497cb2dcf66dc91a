//! Settings: keys of the program with JSON texts it understands.

use rusqlite::OptionalExtension;

use crate::{History, HistoryError, rows};

impl History {
    /// The value of a setting; none if it was never set.
    ///
    /// # Errors
    /// What the disk says.
    pub fn setting(&self, key: &str) -> Result<Option<String>, HistoryError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT value FROM settings WHERE key = ?1")?
                .query_row([key], |row| rows::text(row, 0))
                .optional()
        })
    }

    /// Sets a setting.
    ///
    /// # Errors
    /// What the disk says.
    pub fn set_setting(&self, key: &str, value: &str) -> Result<(), HistoryError> {
        self.write(|change| {
            change
                .prepare_cached(
                    "INSERT INTO settings (key, value) VALUES (?1, ?2)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )?
                .execute([key, value])?;
            Ok(())
        })
    }
}

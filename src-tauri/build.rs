//! Lets Tauri read its configuration and icons.

fn main() {
    tauri_build::build();
}

//! The token for the hub, with a real keyring: `npm test` starts one that is empty and open.

use tern_app::TokenState;

use crate::models::{REPO, desk, hub, until_over};

#[test]
#[ignore = "needs a keyring of its own"]
fn a_token_in_the_keyring_opens_a_gated_repository() {
    assert_eq!(tern_app::token_state(), TokenState::Missing);
    for bad in ["hf with spaces", "hf_\u{e4}"] {
        tern_app::set_token(Some(bad)).expect_err("no token");
    }
    tern_app::set_token(Some(" hf_secret\n")).expect("kept");
    assert_eq!(tern_app::token_state(), TokenState::Kept);
    assert_eq!(tern_app::token().as_deref(), Some("hf_secret"));

    let (folder, hub) = (tempfile::tempdir().expect("a folder"), hub());
    hub.require_token(Some("hf_secret"));
    let desk = desk(folder.path(), &hub);
    desk.app.start_download(REPO).expect("started");
    until_over(&desk);
    assert_eq!(desk.app.models().len(), 2);
    drop(desk);

    tern_app::set_token(None).expect("taken out");
    assert_eq!(tern_app::token_state(), TokenState::Missing);
    tern_app::set_token(None).expect("nothing left to take out");
}

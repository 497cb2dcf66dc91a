//! Reading and writing at a place in a file, without a place that threads would share.

use std::fs::File;
use std::io;

/// Writes all of `bytes` from byte `at` on.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, bytes, at);
    #[cfg(windows)]
    {
        let mut written = 0;
        while written < bytes.len() {
            let place = at + written as u64;
            match std::os::windows::fs::FileExt::seek_write(file, &bytes[written..], place)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => written += n,
            }
        }
        Ok(())
    }
}

/// Reads into `buffer` from byte `at` on; fewer bytes than fit only at the end of the file.
pub(crate) fn read_at_most(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        let place = at + read as u64;
        #[cfg(unix)]
        let n = std::os::unix::fs::FileExt::read_at(file, &mut buffer[read..], place);
        #[cfg(windows)]
        let n = std::os::windows::fs::FileExt::seek_read(file, &mut buffer[read..], place);
        match n {
            Ok(0) => break,
            Ok(n) => read += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

//! A model file mapped into memory, and what the system is told about memory. The only `unsafe` of this crate.
#![allow(
    unsafe_code,
    reason = "a map is memory that others can change; the reasons why that does no harm are below"
)]

use std::{fs::File, io, ops::Range};

use memmap2::Mmap;

/// The bytes of a file, read by the system as they are looked at.
///
/// It lives only while a model is loaded. Looking at bytes that another program has just cut off the file would
/// end the process, so [`super::file::ModelFile`] asks for the file's length before each tensor.
#[derive(Debug)]
pub(crate) struct Map(Mmap);

impl Map {
    /// Maps a file that is not empty.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        // SAFETY: the map is read as plain bytes, for which every value is valid, and whatever is made of them is
        // checked against the range it may have; no reference into it outlives it. Bytes that change while they are
        // read therefore give a refused or a wrong model, not an invalid value.
        unsafe { Mmap::map(file) }.map(Self)
    }

    /// All bytes of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Says that `range` is looked at next, so that the system reads ahead.
    pub(crate) fn will_need(&self, range: Range<usize>) {
        #[cfg(unix)]
        // A hint: refused, it costs time only.
        let _ = self
            .0
            .advise_range(memmap2::Advice::WillNeed, range.start, range.len());
        #[cfg(not(unix))]
        let _ = range;
    }

    /// Says that `range` is done with, so that it no longer counts as this process's memory.
    pub(crate) fn release(&self, range: Range<usize>) {
        #[cfg(unix)]
        {
            let advice = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the map is of a file and read-only: a page given back is read from the file again when it is
            // looked at, so no content is lost.
            let _ = unsafe {
                self.0
                    .unchecked_advise_range(advice, range.start, range.len())
            };
        }
        #[cfg(not(unix))]
        let _ = range;
    }
}

/// Asks the system to hand out large pages for `memory`: a gigabyte of small ones costs a quarter of a million
/// interruptions while loading, and address look-ups on every token after that.
pub(crate) fn want_large_pages(memory: &mut [u8]) {
    #[cfg(target_os = "linux")]
    {
        let page = 4096;
        let start = memory.as_ptr().align_offset(page).min(memory.len());
        let len = (memory.len() - start) / page * page;
        let inside = &mut memory[start..start + len];
        // SAFETY: the range is whole pages inside memory that is borrowed mutably here; the advice changes how the
        // system backs them, never what they hold. Refused, it costs time only.
        let _ = unsafe {
            libc::madvise(
                inside.as_mut_ptr().cast(),
                inside.len(),
                libc::MADV_HUGEPAGE,
            )
        };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

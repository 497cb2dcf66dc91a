//! Which bytes of a file are there.

use std::ops::Range;

/// Sorted ranges that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<Range<u64>>);

impl Ranges {
    /// From sorted, separate ranges below `end`; none for others.
    pub(crate) fn checked(ranges: Vec<Range<u64>>, end: u64) -> Option<Self> {
        let each = ranges
            .iter()
            .all(|range| range.start < range.end && range.end <= end);
        let sorted = ranges.windows(2).all(|pair| pair[0].end < pair[1].start);
        (each && sorted).then_some(Self(ranges))
    }

    pub(crate) fn add(&mut self, new: Range<u64>) {
        if new.is_empty() {
            return;
        }
        // The ranges that overlap or touch the new one.
        let first = self.0.partition_point(|range| range.end < new.start);
        let last = self.0.partition_point(|range| range.start <= new.end);
        let joined = self.0[first..last].iter().fold(new, |joined, range| {
            joined.start.min(range.start)..joined.end.max(range.end)
        });
        self.0.splice(first..last, [joined]);
    }

    pub(crate) fn remove(&mut self, gone: &Range<u64>) {
        if gone.is_empty() {
            return;
        }
        let cut = self.0.iter().flat_map(|range| {
            [
                range.start..range.end.min(gone.start),
                range.start.max(gone.end)..range.end,
            ]
        });
        self.0 = cut.filter(|range| !range.is_empty()).collect();
    }

    /// How many bytes are there from the beginning without a gap.
    pub(crate) fn prefix(&self) -> u64 {
        match self.0.first() {
            Some(range) if range.start == 0 => range.end,
            _ => 0,
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// What is missing below `end`.
    pub(crate) fn gaps(&self, end: u64) -> Self {
        let mut gaps = Self::default();
        gaps.add(0..end);
        for range in &self.0 {
            gaps.remove(range);
        }
        gaps
    }

    /// Takes the first range away, at most `most` bytes of it.
    pub(crate) fn take_first(&mut self, most: u64) -> Option<Range<u64>> {
        let first = self.0.first()?.clone();
        let taken = first.start..first.end.min(first.start.saturating_add(most));
        self.remove(&taken);
        Some(taken)
    }

    pub(crate) fn as_slice(&self) -> &[Range<u64>] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// A set of numbers is the reference.
        #[test]
        fn ranges_are_the_set_of_their_bytes(
            steps in prop::collection::vec((any::<bool>(), 0_u64..60, 0_u64..12), 0..40),
        ) {
            let (mut ranges, mut set) = (Ranges::default(), std::collections::BTreeSet::new());
            for (add, start, len) in steps {
                let range = start..start + len;
                if add {
                    set.extend(range.clone());
                    ranges.add(range);
                } else {
                    set.retain(|at| !range.contains(at));
                    ranges.remove(&range);
                }
                let listed: Vec<u64> = ranges.as_slice().iter().cloned().flatten().collect();
                prop_assert_eq!(&listed, &set.iter().copied().collect::<Vec<_>>());
                prop_assert!(Ranges::checked(ranges.as_slice().to_vec(), 72).is_some());
                prop_assert_eq!(ranges.bytes() + ranges.gaps(72).bytes(), 72);
                let prefix = (0_u64..72).take_while(|at| set.contains(at)).count() as u64;
                prop_assert_eq!(ranges.prefix(), prefix);
            }
        }
    }

    #[test]
    fn ranges_from_a_file_are_looked_at() {
        for bad in [
            &[(3, 3)][..],
            &[(0, 11)],
            &[(5, 6), (1, 2)],
            &[(0, 2), (2, 3)],
            &[(0, 4), (3, 5)],
        ] {
            let ranges = bad.iter().map(|(start, end)| *start..*end).collect();
            assert_eq!(Ranges::checked(ranges, 10), None, "{bad:?}");
        }
    }
}

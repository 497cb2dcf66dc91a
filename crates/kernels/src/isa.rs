//! Which instruction set a kernel runs on.

/// An instruction-set path through the kernels.
///
/// A value is a proof that this CPU has the instructions: other crates get one only from
/// [`Isa::detect`], [`Isa::available`] or [`Isa::named`].
///
/// ```compile_fail
/// let unproven = tern_kernels::Isa::Avx2;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// Plain Rust: the oracle of every other path, and the only one that runs everywhere.
    Scalar,
    /// x86-64 with AVX2, FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    #[non_exhaustive]
    Avx2,
}

/// Environment variable that forces a path by name, for tests and comparisons.
const FORCE_VARIABLE: &str = "TERN_ISA";

impl Isa {
    /// The best path on this CPU.
    ///
    /// `TERN_ISA=scalar` or `TERN_ISA=avx2` asks for one path; a name this CPU cannot serve, or an
    /// unknown one, is ignored.
    #[must_use]
    pub fn detect() -> Self {
        Self::choose(std::env::var(FORCE_VARIABLE).ok().as_deref())
    }

    fn choose(forced: Option<&str>) -> Self {
        forced.and_then(Self::named).unwrap_or_else(Self::best)
    }

    /// Every path this CPU can run, [`Isa::Scalar`] first, the best last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut paths = vec![Self::Scalar];
        let best = Self::best();
        if best != Self::Scalar {
            paths.push(best);
        }
        paths
    }

    /// The path of this name ([`Isa::name`]), if this CPU can run it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::available()
            .into_iter()
            .find(|path| path.name() == name)
    }

    /// `"scalar"` or `"avx2"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
        }
    }

    /// The best path regardless of the environment. The only place that makes [`Isa::Avx2`].
    fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if crate::avx2::is_supported() {
            return Self::Avx2;
        }
        Self::Scalar
    }
}

/// Calls the kernel of this name on the path `$isa`.
macro_rules! dispatch {
    ($isa:expr, $kernel:ident($($arg:expr),* $(,)?)) => {
        match $isa {
            $crate::Isa::Scalar => $crate::scalar::$kernel($($arg),*),
            #[cfg(target_arch = "x86_64")]
            $crate::Isa::Avx2 => $crate::avx2::$kernel($($arg),*),
        }
    };
}

#[cfg(test)]
mod tests {
    use super::Isa;

    #[test]
    fn a_forced_path_the_cpu_cannot_serve_falls_back() {
        let best = *Isa::available().last().expect("scalar is always there");
        assert_eq!(Isa::choose(None), best);
        assert_eq!(Isa::choose(Some("sse9")), best);
        assert_eq!(Isa::choose(Some("")), best);
        assert_eq!(Isa::choose(Some("scalar")), Isa::Scalar);
        assert_eq!(Isa::choose(Some(best.name())), best);
    }

    #[test]
    fn scalar_is_listed_first_and_names_are_distinct() {
        let paths = Isa::available();
        assert_eq!(paths[0], Isa::Scalar);
        for (i, path) in paths.iter().enumerate() {
            assert!(paths[..i].iter().all(|other| other.name() != path.name()));
            assert_eq!(Isa::named(path.name()), Some(*path));
        }
    }
}

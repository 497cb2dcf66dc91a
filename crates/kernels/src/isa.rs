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
    /// x86-64 with AVX-VNNI beside AVX2, FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    #[non_exhaustive]
    AvxVnni,
    /// x86-64 with AVX-512 (F, BW, DQ, VL) and its VNNI.
    #[cfg(target_arch = "x86_64")]
    #[non_exhaustive]
    Avx512Vnni,
    /// 64-bit ARM with NEON, which is all of them.
    #[cfg(target_arch = "aarch64")]
    #[non_exhaustive]
    Neon,
    /// 64-bit ARM with NEON's dot product.
    #[cfg(target_arch = "aarch64")]
    #[non_exhaustive]
    NeonDotprod,
    /// 64-bit ARM with NEON's dot product and its 8-bit matrix product.
    #[cfg(target_arch = "aarch64")]
    #[non_exhaustive]
    NeonI8mm,
}

/// Environment variable that forces a path by name, for tests and comparisons.
const FORCE_VARIABLE: &str = "TERN_ISA";

impl Isa {
    /// The best path on this CPU.
    ///
    /// `TERN_ISA=scalar`, `TERN_ISA=avx2` and so on ask for one path; a name this CPU cannot serve, or an
    /// unknown one, is ignored.
    #[must_use]
    pub fn detect() -> Self {
        Self::choose(std::env::var(FORCE_VARIABLE).ok().as_deref())
    }

    fn choose(forced: Option<&str>) -> Self {
        forced.and_then(Self::named).unwrap_or_else(Self::best)
    }

    /// Every path this CPU can run, [`Isa::Scalar`] first, the best last. The only place that makes the others.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut paths = vec![Self::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            if crate::avx2::is_supported() {
                paths.push(Self::Avx2);
            }
            if crate::avx_vnni::is_supported() {
                paths.push(Self::AvxVnni);
            }
            if crate::avx512_vnni::is_supported() {
                paths.push(Self::Avx512Vnni);
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            if crate::neon::is_supported() {
                paths.push(Self::Neon);
            }
            if crate::neon_dotprod::is_supported() {
                paths.push(Self::NeonDotprod);
            }
            if crate::neon_i8mm::is_supported() {
                paths.push(Self::NeonI8mm);
            }
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

    /// Its module: `"scalar"`, or the features it is named after, such as `"avx2"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => "avx_vnni",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => "avx512_vnni",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
            #[cfg(target_arch = "aarch64")]
            Self::NeonDotprod => "neon_dotprod",
            #[cfg(target_arch = "aarch64")]
            Self::NeonI8mm => "neon_i8mm",
        }
    }

    /// The best path regardless of the environment.
    fn best() -> Self {
        Self::available().pop().unwrap_or(Self::Scalar)
    }
}

/// Calls the kernel of this name on the path `$isa`.
macro_rules! dispatch {
    ($isa:expr, $kernel:ident($($arg:expr),* $(,)?)) => {
        match $isa {
            $crate::Isa::Scalar => $crate::scalar::$kernel($($arg),*),
            #[cfg(target_arch = "x86_64")]
            $crate::Isa::Avx2 => $crate::avx2::$kernel($($arg),*),
            #[cfg(target_arch = "x86_64")]
            $crate::Isa::AvxVnni => $crate::avx_vnni::$kernel($($arg),*),
            #[cfg(target_arch = "x86_64")]
            $crate::Isa::Avx512Vnni => $crate::avx512_vnni::$kernel($($arg),*),
            #[cfg(target_arch = "aarch64")]
            $crate::Isa::Neon => $crate::neon::$kernel($($arg),*),
            #[cfg(target_arch = "aarch64")]
            $crate::Isa::NeonDotprod => $crate::neon_dotprod::$kernel($($arg),*),
            #[cfg(target_arch = "aarch64")]
            $crate::Isa::NeonI8mm => $crate::neon_i8mm::$kernel($($arg),*),
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

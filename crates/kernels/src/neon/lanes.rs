//! Sixteen float lanes in four registers.

use std::arch::aarch64::{
    float32x4_t, vadd_f32, vaddq_f32, vcvt_f16_f32, vcvt_f32_f16, vcvtq_f32_s32, vdupq_n_f32,
    vfmaq_f32, vget_high_f32, vget_high_s8, vget_high_s16, vget_lane_f32, vget_low_f32,
    vget_low_s8, vget_low_s16, vld1_u16, vld1q_f32, vld1q_s8, vmovl_s8, vmovl_s16, vmovl_u16,
    vmulq_f32, vreinterpret_f16_u16, vreinterpret_u16_f16, vreinterpretq_f32_u32, vshlq_n_u32,
    vst1_u16, vst1q_f32,
};

use crate::float::{Arch, LANES};
use half::{bf16, f16};

/// The lanes of every NEON path. Only functions that enable its instructions may use them.
pub(super) struct Neon;

impl Arch for Neon {
    type Lanes = [float32x4_t; 4];

    #[inline(always)]
    fn splat(x: f32) -> Self::Lanes {
        // SAFETY: the callers enable NEON, which was detected.
        unsafe { [vdupq_n_f32(x); 4] }
    }

    #[inline(always)]
    fn load(x: &[f32; LANES]) -> Self::Lanes {
        // SAFETY: the callers enable NEON; four quarters of 16 bytes are the 64 bytes of `x`.
        quarters(|i| unsafe { vld1q_f32(x.as_ptr().add(4 * i)) })
    }

    #[inline(always)]
    fn load_f16(x: &[f16; LANES]) -> Self::Lanes {
        let halves = x.as_ptr().cast::<u16>();
        // SAFETY: the callers enable NEON; four quarters of 8 bytes are the 32 bytes of `x`.
        quarters(|i| unsafe { vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(halves.add(4 * i)))) })
    }

    #[inline(always)]
    fn load_bf16(x: &[bf16; LANES]) -> Self::Lanes {
        let halves = x.as_ptr().cast::<u16>();
        // SAFETY: the callers enable NEON; four quarters of 8 bytes are the 32 bytes of `x`.
        quarters(|i| unsafe {
            let wide = vmovl_u16(vld1_u16(halves.add(4 * i)));
            vreinterpretq_f32_u32(vshlq_n_u32::<16>(wide))
        })
    }

    #[inline(always)]
    fn load_i8(x: &[i8; LANES]) -> Self::Lanes {
        // SAFETY: the callers enable NEON; `x` is the 16 bytes read, at any alignment.
        unsafe {
            let codes = vld1q_s8(x.as_ptr());
            let (low, high) = (vmovl_s8(vget_low_s8(codes)), vmovl_s8(vget_high_s8(codes)));
            [
                vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))),
                vcvtq_f32_s32(vmovl_s16(vget_high_s16(low))),
                vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))),
                vcvtq_f32_s32(vmovl_s16(vget_high_s16(high))),
            ]
        }
    }

    #[inline(always)]
    fn store(x: Self::Lanes, out: &mut [f32; LANES]) {
        for (out, x) in out.as_chunks_mut::<4>().0.iter_mut().zip(x) {
            // SAFETY: the callers enable NEON; `out` is the 16 bytes written, at any alignment.
            unsafe { vst1q_f32(out.as_mut_ptr(), x) }
        }
    }

    #[inline(always)]
    fn store_f16(x: Self::Lanes, out: &mut [f16; LANES]) {
        for (out, x) in out.as_chunks_mut::<4>().0.iter_mut().zip(x) {
            let halves = out.as_mut_ptr().cast::<u16>();
            // SAFETY: the callers enable NEON; `out` is the 8 bytes written. Programs run with the rounding mode they
            // start with, half to even.
            unsafe { vst1_u16(halves, vreinterpret_u16_f16(vcvt_f16_f32(x))) }
        }
    }

    #[inline(always)]
    fn mul(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        // SAFETY: the callers enable NEON, which was detected.
        quarters(|i| unsafe { vmulq_f32(a[i], b[i]) })
    }

    #[inline(always)]
    fn mul_add(a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        // SAFETY: the callers enable NEON, which was detected.
        quarters(|i| unsafe { vfmaq_f32(c[i], a[i], b[i]) })
    }

    #[inline(always)]
    fn sum(x: Self::Lanes) -> f32 {
        // SAFETY: the callers enable NEON, which was detected.
        unsafe {
            let four = vaddq_f32(vaddq_f32(x[0], x[2]), vaddq_f32(x[1], x[3]));
            let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
            vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
        }
    }

    #[inline(always)]
    fn prefetch<T>(x: *const T) {
        super::prefetch(x);
    }
}

/// Four registers, each made of its number.
#[inline(always)]
fn quarters(make: impl Fn(usize) -> float32x4_t) -> [float32x4_t; 4] {
    [make(0), make(1), make(2), make(3)]
}

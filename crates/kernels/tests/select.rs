//! Which elements count: every path against plain iterators.

mod common;

use common::Random;
use tern_kernels::{Isa, multiply_adds, select_nonzero, select_positive};

#[test]
fn an_element_that_counts_is_missed() {
    for len in [0, 1, 15, 16, 17, 31, 32, 33, 100, 6912] {
        let mut random = Random(len as u64);
        let mut x = random.floats(len);
        let mut codes = random.codes(len);
        for i in (0..len).step_by(7) {
            x[i] = [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-45][i % 6];
            codes[i] = [0, -128, 127][i % 3];
        }
        let positive: Vec<u32> = (0..len as u32)
            .filter(|&i| x[i as usize] > 0.0 || x[i as usize].is_nan())
            .collect();
        let nonzero: Vec<u32> = (0..len as u32)
            .filter(|&i| codes[i as usize] != 0)
            .collect();
        for isa in Isa::available() {
            let mut numbers = vec![u32::MAX; len];
            let n = select_positive(isa, &x, &mut numbers);
            assert_eq!(&numbers[..n], positive, "{} {len}", isa.name());
            let n = select_nonzero(isa, &codes, &mut numbers);
            assert_eq!(&numbers[..n], nonzero, "{} {len}", isa.name());
        }
    }
}

#[test]
fn the_yardstick_does_less_than_it_says() {
    for isa in Isa::available() {
        let done = multiply_adds(isa, 1 << 20);
        assert!((1 << 19..1 << 21).contains(&done), "{}: {done}", isa.name());
    }
}

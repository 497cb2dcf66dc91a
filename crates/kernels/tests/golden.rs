//! The bits themselves, recorded: the same on every machine and in every version.
//!
//! The other tests compare paths of one machine. A change that fails here changes the text a prompt and a
//! seed give; if it is meant, record the new value.

mod common;

use common::{Random, packed, quantized};
use tern_kernels::{
    HeadRows, Isa, attention_head_group, attention_scratch_len, head_logits, matvec, narrow_f16,
    rms_norm, rope_rotate_half, silu_mul, softmax, squared_relu_mul,
};

/// FNV-1a over the bits of `x`.
fn hash(x: &[f32]) -> u64 {
    x.iter()
        .flat_map(|x| x.to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |h, byte| {
            (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// A small layer's worth of every operation, each result hashed.
fn hashes(isa: Isa) -> Vec<(&'static str, u64)> {
    let mut random = Random(2024);
    let (dim, rows, heads, head_dim, positions) = (330, 70, 4, 64, 600);
    let x = random.floats(dim);
    let y = random.floats(dim);
    let mut out = vec![0.0; dim];
    let mut results = Vec::new();

    rms_norm(isa, &x, &y, 1e-5, &mut out);
    results.push(("rms_norm", hash(&out)));
    silu_mul(isa, &x, &y, &mut out);
    results.push(("silu_mul", hash(&out)));
    squared_relu_mul(isa, &x, &y, &mut out);
    results.push(("squared_relu_mul", hash(&out)));
    out.copy_from_slice(&x);
    softmax(isa, &mut out);
    results.push(("softmax", hash(&out)));
    out.copy_from_slice(&x);
    rope_rotate_half(isa, &mut out, &y[..dim / 2], &y[dim / 2..]);
    results.push(("rope_rotate_half", hash(&out)));

    let w = packed(rows, dim, &random.codes(rows * dim));
    let acts = quantized(isa, 1, dim, &x);
    let mut layer = vec![0.0; rows];
    matvec(isa, &w, 0..w.row_blocks(), acts.row(0), 0.87, &mut layer);
    results.push(("matvec", hash(&layer)));

    let mut table = vec![0; 9 * dim];
    narrow_f16(isa, &random.floats(9 * dim), &mut table);
    let mut logits = [0.0; 9];
    head_logits(isa, HeadRows::F16(&table), 0..9, dim, &x, &mut logits);
    results.push(("head_logits", hash(&logits)));

    let mut kv = vec![0; 2 * positions * head_dim];
    narrow_f16(isa, &random.floats(kv.len()), &mut kv);
    let (k, v) = kv.split_at(positions * head_dim);
    let q = random.floats(heads * head_dim);
    let mut attended = vec![0.0; q.len()];
    let mut scratch = vec![0.0; attention_scratch_len(heads, head_dim)];
    attention_head_group(isa, &q, head_dim, k, v, 0.125, &mut attended, &mut scratch);
    results.push(("attention_head_group", hash(&attended)));
    results
}

#[test]
fn another_machine_or_version_gives_other_bits() {
    let recorded = [
        ("rms_norm", 0x97ef_d3b9_20bf_343f),
        ("silu_mul", 0x781b_c7f2_c6ec_686d),
        ("squared_relu_mul", 0xb578_d8a8_c2fa_574a),
        ("softmax", 0xc490_eb5e_9571_65e4),
        ("rope_rotate_half", 0xca61_847b_7d4b_18ae),
        ("matvec", 0x7913_6d15_8c5d_78b8),
        ("head_logits", 0x8d8c_dd1b_962e_d30d),
        ("attention_head_group", 0x3fac_0303_c116_a0ce),
    ];
    for isa in Isa::available() {
        assert_eq!(hashes(isa), recorded, "{}", isa.name());
    }
}

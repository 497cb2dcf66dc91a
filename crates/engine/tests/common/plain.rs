//! A model and the plainest engine for it: one loop after the other, from the formulas of the reference, sharing no code
//! with the engine. It can make, on purpose, the mistakes that tests stand against.
#![allow(dead_code, reason = "every test file uses a part of it")]

use half::f16;

/// A ternary matrix `[rows][cols]`.
#[derive(Clone)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) codes: Vec<i8>,
    pub(crate) scale: f32,
}

#[derive(Clone)]
pub(crate) struct PlainLayer {
    pub(crate) attn_norm: Vec<f32>,
    pub(crate) q: Matrix,
    pub(crate) k: Matrix,
    pub(crate) v: Matrix,
    pub(crate) attn_sub_norm: Option<Vec<f32>>,
    pub(crate) o: Matrix,
    pub(crate) ffn_norm: Vec<f32>,
    pub(crate) gate: Matrix,
    pub(crate) up: Matrix,
    pub(crate) ffn_sub_norm: Option<Vec<f32>>,
    pub(crate) down: Matrix,
}

#[derive(Clone)]
pub(crate) struct PlainModel {
    pub(crate) hidden: usize,
    pub(crate) ffn: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) vocab: usize,
    pub(crate) theta: f32,
    pub(crate) eps: f32,
    pub(crate) silu: bool,
    pub(crate) embedding: Vec<f32>,
    pub(crate) head: Option<Vec<f32>>,
    pub(crate) final_norm: Vec<f32>,
    pub(crate) layers: Vec<PlainLayer>,
}

/// A way to compute something else than the reference does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mistake {
    None,
    HalfAway,
    PlainDivision,
    NoFloor,
    NormAfterQuantising,
    ActivationNotSquared,
    SquareOfProduct,
    SubNormPerHead,
    F16Ffn,
    TiedHead,
    GroupsInterleaved,
}

pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Even between -1 and 1.
    pub(crate) fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(crate) fn matrix(&mut self, rows: usize, cols: usize, scale: f32) -> Matrix {
        let codes = (0..rows * cols)
            .map(|_| (self.next() >> 20) as i8 % 2)
            .collect();
        Matrix {
            rows,
            cols,
            codes,
            scale,
        }
    }

    /// Values of f16, so that a file can hold them exactly.
    pub(crate) fn halves(&mut self, n: usize, size: f32) -> Vec<f32> {
        (0..n)
            .map(|_| f16::from_f32(self.float() * size).to_f32())
            .collect()
    }
}

impl PlainModel {
    /// A random model of two layers and 260 tokens; all its numbers are exact in f16.
    pub(crate) fn random(seed: u64, silu: bool, sub_norms: bool) -> Self {
        Self::of_vocabulary(260, seed, silu, sub_norms)
    }

    /// The same with more tokens.
    pub(crate) fn of_vocabulary(vocab: usize, seed: u64, silu: bool, sub_norms: bool) -> Self {
        let mut r = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let (hidden, ffn, heads, kv_heads) = (128, 256, 4, 2);
        let kv = hidden / heads * kv_heads;
        let norm = |r: &mut Random, n: usize| {
            r.halves(n, 0.25)
                .into_iter()
                .map(|x| 1.0 + x)
                .map(|x| f16::from_f32(x).to_f32())
                .collect::<Vec<f32>>()
        };
        let layers = (0..2)
            .map(|_| PlainLayer {
                attn_norm: norm(&mut r, hidden),
                q: r.matrix(hidden, hidden, 0.25),
                k: r.matrix(kv, hidden, 0.25),
                v: r.matrix(kv, hidden, 0.125),
                attn_sub_norm: sub_norms.then(|| norm(&mut r, hidden)),
                o: r.matrix(hidden, hidden, 0.125),
                ffn_norm: norm(&mut r, hidden),
                gate: r.matrix(ffn, hidden, 0.125),
                up: r.matrix(ffn, hidden, 0.125),
                ffn_sub_norm: sub_norms.then(|| norm(&mut r, ffn)),
                down: r.matrix(hidden, ffn, 0.0625),
            })
            .collect();
        Self {
            hidden,
            ffn,
            heads,
            kv_heads,
            vocab,
            theta: 10_000.0,
            eps: 1e-5,
            silu,
            embedding: r.halves(vocab * hidden, 1.0),
            head: None,
            final_norm: norm(&mut r, hidden),
            layers,
        }
    }

    /// Twice as wide, so that rows are whole blocks of 256: the new half is zero everywhere.
    pub(crate) fn widen(&mut self) {
        let wide = |m: &mut Matrix, rows: usize, cols: usize| {
            let mut codes = vec![0; rows * cols];
            for (row, old) in m.codes.chunks(m.cols).enumerate() {
                codes[row * cols..][..m.cols].copy_from_slice(old);
            }
            (m.rows, m.cols, m.codes) = (rows, cols, codes);
        };
        let (hidden, ffn) = (256, self.ffn);
        let kv = hidden / self.heads * self.kv_heads;
        let stretched = |x: &[f32]| -> Vec<f32> { x.iter().chain(x).copied().collect() };
        for l in &mut self.layers {
            wide(&mut l.q, hidden, hidden);
            wide(&mut l.k, kv, hidden);
            wide(&mut l.v, kv, hidden);
            wide(&mut l.o, hidden, hidden);
            wide(&mut l.gate, ffn, hidden);
            wide(&mut l.up, ffn, hidden);
            wide(&mut l.down, hidden, ffn);
            l.attn_norm = stretched(&l.attn_norm);
            l.ffn_norm = stretched(&l.ffn_norm);
            l.attn_sub_norm = l.attn_sub_norm.as_deref().map(stretched);
        }
        self.embedding = self
            .embedding
            .chunks(self.hidden)
            .flat_map(stretched)
            .collect();
        self.final_norm = stretched(&self.final_norm);
        self.hidden = hidden;
    }

    /// Logits of every position.
    pub(crate) fn logits(&self, ids: &[u32], mistake: Mistake) -> Vec<Vec<f32>> {
        let mut stream: Vec<Vec<f32>> = ids
            .iter()
            .map(|&id| self.embedding[id as usize * self.hidden..][..self.hidden].to_vec())
            .collect();
        for layer in &self.layers {
            self.layer(layer, &mut stream, mistake);
        }
        let head = match &self.head {
            Some(head) if mistake != Mistake::TiedHead => head,
            _ => &self.embedding,
        };
        stream
            .iter()
            .map(|x| {
                let x = rms(x, &self.final_norm, self.eps);
                head.chunks(self.hidden).map(|row| dot(row, &x)).collect()
            })
            .collect()
    }

    fn layer(&self, l: &PlainLayer, stream: &mut [Vec<f32>], mistake: Mistake) {
        let head_dim = self.hidden / self.heads;
        let apply = |m: &Matrix, x: &[f32]| linear(m, x, mistake);
        let (mut q, mut k, mut v) = (Vec::new(), Vec::new(), Vec::new());
        for (position, x) in stream.iter().enumerate() {
            let h = rms(x, &l.attn_norm, self.eps);
            q.push(self.rotated(apply(&l.q, &h), position));
            k.push(self.rotated(apply(&l.k, &h), position));
            v.push(apply(&l.v, &h));
        }
        for (position, x) in stream.iter_mut().enumerate() {
            let mut mixed = Vec::new();
            for head in 0..self.heads {
                let kv = if mistake == Mistake::GroupsInterleaved {
                    head % self.kv_heads
                } else {
                    head / (self.heads / self.kv_heads)
                };
                let part = |all: &[Vec<f32>], at: usize, head: usize| {
                    all[at][head * head_dim..][..head_dim].to_vec()
                };
                let scores: Vec<f64> = (0..=position)
                    .map(|at| {
                        let score = dot(&part(&q, position, head), &part(&k, at, kv));
                        f64::from(score) / (head_dim as f64).sqrt()
                    })
                    .collect();
                let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|s| (s - highest).exp()).collect();
                let sum: f64 = weights.iter().sum();
                mixed.extend((0..head_dim).map(|i| {
                    let value: f64 = weights
                        .iter()
                        .enumerate()
                        .map(|(at, w)| w * f64::from(part(&v, at, kv)[i]))
                        .sum();
                    (value / sum) as f32
                }));
            }
            let input = match &l.attn_sub_norm {
                Some(norm) if mistake == Mistake::SubNormPerHead => mixed
                    .chunks(head_dim)
                    .zip(norm.chunks(head_dim))
                    .flat_map(|(x, norm)| rms(x, norm, self.eps))
                    .collect(),
                Some(norm) => rms(&mixed, norm, self.eps),
                None => mixed,
            };
            add(x, &apply(&l.o, &input));
            let h = rms(x, &l.ffn_norm, self.eps);
            let (gate, up) = (apply(&l.gate, &h), apply(&l.up, &h));
            let f: Vec<f32> = gate
                .iter()
                .zip(&up)
                .map(|(&gate, &up)| self.gated(gate, up, mistake))
                .collect();
            let out = match &l.ffn_sub_norm {
                Some(norm) if mistake == Mistake::NormAfterQuantising => {
                    let rounded = dequantised(&rms(&f, &vec![1.0; f.len()], self.eps), mistake);
                    let x: Vec<f32> = rounded.iter().zip(norm).map(|(x, w)| x * w).collect();
                    unquantised(&l.down, &x)
                }
                Some(norm) => apply(&l.down, &rms(&f, norm, self.eps)),
                None => apply(&l.down, &f),
            };
            add(x, &out);
        }
    }

    fn gated(&self, gate: f32, up: f32, mistake: Mistake) -> f32 {
        let open = gate.max(0.0);
        match mistake {
            Mistake::ActivationNotSquared if !self.silu => open * up,
            Mistake::SquareOfProduct if !self.silu => (open * up) * (open * up),
            Mistake::F16Ffn => {
                let half = |x: f32| f16::from_f32(x).to_f32();
                half(half(open * open) * half(up))
            }
            _ if self.silu => gate / (1.0 + (-gate).exp()) * up,
            _ => open * open * up,
        }
    }

    fn rotated(&self, mut x: Vec<f32>, position: usize) -> Vec<f32> {
        let head_dim = self.hidden / self.heads;
        let half = head_dim / 2;
        for head in x.chunks_mut(head_dim) {
            for i in 0..half {
                let power = f64::from(self.theta).powf(2.0 * i as f64 / head_dim as f64);
                let angle = f64::from(position as f32 * (1.0 / power as f32));
                let (sin, cos) = (angle.sin() as f32, angle.cos() as f32);
                let (a, b) = (head[i], head[i + half]);
                head[i] = a * cos - b * sin;
                head[i + half] = b * cos + a * sin;
            }
        }
        x
    }
}

fn add(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let sum: f64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum();
    sum as f32
}

fn rms(x: &[f32], weight: &[f32], eps: f32) -> Vec<f32> {
    let squares: f64 = x.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    let mean = (squares / x.len() as f64) as f32;
    let factor = 1.0 / (mean + eps).sqrt();
    x.iter()
        .zip(weight)
        .map(|(x, w)| w * (x * factor))
        .collect()
}

/// Codes of the activations and their scale.
fn quantised(x: &[f32], mistake: Mistake) -> (Vec<f32>, f32) {
    let largest = x.iter().fold(0f32, |m, x| m.max(x.abs()));
    let m = if mistake == Mistake::NoFloor {
        largest
    } else {
        largest.max(1e-5)
    };
    let s = if mistake == Mistake::PlainDivision {
        127.0 / m
    } else {
        (1.0 / m) * 127.0
    };
    let round = |x: f32| {
        if mistake == Mistake::HalfAway {
            x.round()
        } else {
            x.round_ties_even()
        }
    };
    let codes = x
        .iter()
        .map(|x| round(x * s).clamp(-128.0, 127.0))
        .collect();
    (codes, s)
}

fn dequantised(x: &[f32], mistake: Mistake) -> Vec<f32> {
    let (codes, s) = quantised(x, mistake);
    codes.iter().map(|code| code / s).collect()
}

fn linear(m: &Matrix, x: &[f32], mistake: Mistake) -> Vec<f32> {
    let (codes, s) = quantised(x, mistake);
    m.codes
        .chunks(m.cols)
        .map(|row| {
            let sum: f64 = row
                .iter()
                .zip(&codes)
                .map(|(w, x)| f64::from(*w) * f64::from(*x))
                .sum();
            sum as f32 * m.scale / s
        })
        .collect()
}

fn unquantised(m: &Matrix, x: &[f32]) -> Vec<f32> {
    let floats: Vec<f32> = m.codes.iter().map(|&code| f32::from(code)).collect();
    floats
        .chunks(m.cols)
        .map(|row| dot(row, x) * m.scale)
        .collect()
}

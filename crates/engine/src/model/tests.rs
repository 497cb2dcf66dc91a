//! Inside a loaded model, against the recorded codes and the recorded inputs and outputs of single modules.

use std::{ops::ControlFlow, path::Path};

use sha2::{Digest, Sha256};
use tern_kernels::{Isa, rms_norm};

use super::{
    BitLinear, KvFormat, Model,
    head::RowReader,
    kv_cache::KvCache,
    pass::{Input, Pass, Rows},
    rope::{RopeScaling, RopeTable},
    workers::{Own, Workers, panels_len},
};
use crate::{
    LoadOptions, ModelSource, Observation, Sequence, SyntheticShape, SyntheticSpec,
    common::{Tensors, golden, json, load, shared},
    weights::names::{Naming, Projection},
};

/// The path the recorded outputs are compared on.
const ISA: Isa = Isa::Scalar;

/// All codes and scales of a set, for every format it holds; returns how many files were checked.
fn check_weights(root: &Path) -> usize {
    let manifest = json(&root.join("manifest.json"));
    let mut checked = 0;
    for (name, info) in manifest["models"].as_object().expect("models") {
        let want = json(&root.join(name).join("weights.json"));
        for (format, file) in info["formats"].as_object().expect("formats") {
            let path = root.join(file["path"].as_str().expect("a path"));
            if !path.exists() {
                continue;
            }
            let model = load(&path, 2, None);
            let mut seen = 0;
            for (i, layer) in model.layers.iter().enumerate() {
                for (which, linear) in Projection::ALL.into_iter().zip(layer.projections()) {
                    let key = Naming::HuggingFace.projection(i, which);
                    let (weights, want) = (&linear.weights, &want[&key]);
                    let mut hash = Sha256::new();
                    let mut codes = vec![0i8; weights.cols()];
                    for row in 0..weights.rows() {
                        weights.unpack_row(row, &mut codes);
                        hash.update(codes.iter().map(|c| *c as u8).collect::<Vec<_>>());
                    }
                    let digest: String =
                        hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
                    assert_eq!(
                        digest,
                        want["codes_sha256"].as_str().expect("a hash"),
                        "{name}/{format} {key}"
                    );
                    let scale = want["scale"][format].as_f64().expect("a scale");
                    let error = (f64::from(linear.scale) / scale - 1.0).abs();
                    assert!(
                        error < 3e-7,
                        "{name}/{format} {key}: scale {} for {scale}",
                        linear.scale
                    );
                    seen += 1;
                }
            }
            assert_eq!(
                seen,
                want.as_object().expect("projections").len(),
                "{name}/{format}: every projection"
            );
            checked += 1;
        }
    }
    checked
}

#[test]
fn every_format_decodes_to_the_recorded_codes_and_scales() {
    assert_eq!(check_weights(&golden()), 7, "every golden file");
}

#[test]
fn real_widths_and_master_weights_decode_to_the_recorded_codes() {
    if let Some(root) = shared("fixtures") {
        assert!(check_weights(&root) >= 8);
        assert!(check_weights(&root.join("large")) >= 2);
    }
}

/// Largest difference, relative to the largest wanted value.
fn error(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len());
    let largest = want.iter().fold(0f32, |a, x| a.max(x.abs()));
    got.iter()
        .zip(want)
        .fold(0f32, |a, (g, w)| a.max((g - w).abs()))
        / largest
}

/// `tokens` tokens from position 0 on, on one thread.
fn pass<'a>(model: &'a Model, rope: &'a RopeTable, tokens: usize) -> Pass<'a> {
    Pass {
        config: &model.config,
        workers: Workers {
            isa: ISA,
            team: &model.alone,
        },
        rope,
        first: 0,
        tokens,
    }
}

/// `x`, `[tokens][cols]`, through a projection: `[tokens][rows]`.
fn project(model: &Model, linear: &BitLinear, x: &[f32]) -> Vec<f32> {
    let tokens = x.len() / linear.weights.cols();
    let rope = RopeTable::new(1.0, 2, &RopeScaling::Plain);
    let p = pass(model, &rope, tokens);
    let (rows, cols) = (linear.weights.rows(), linear.weights.cols());
    let (mut input, mut own) = (Input::new(cols), [Own::default()]);
    let mut panels = vec![0.0; panels_len(rows, tokens)];
    input.resize(tokens);
    input.quantize_batch(&p, &mut own, cols, None, Rows::Plain(x));
    p.project_batch(&mut own, &input, [(linear, &mut panels)]);
    let mut out = vec![0.0; tokens * rows];
    for (t, out) in out.chunks_exact_mut(rows).enumerate() {
        p.pick(&panels, t, out);
    }
    out
}

fn norm(x: &[f32], weight: &[f32], eps: f32) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    for (x, out) in x
        .chunks_exact(weight.len())
        .zip(out.chunks_exact_mut(weight.len()))
    {
        rms_norm(ISA, x, weight, eps, out);
    }
    out
}

/// Rotary embedding and attention from recorded projections.
fn attention(model: &Model, q: &[f32], k: &[f32], v: &[f32]) -> Vec<f32> {
    let c = &model.config;
    let tokens = q.len() / c.q_dim();
    let (mut q, mut k) = (q.to_vec(), k.to_vec());
    let mut cache = KvCache::new(c, KvFormat::F32, ISA);
    let mut rope = RopeTable::new(c.rope_theta, c.head_dim, &c.rope_scaling);
    cache.resize(tokens);
    rope.grow_to(tokens);
    let p = pass(model, &rope, tokens);
    let mut cache = cache.layer(0);
    let keys = k
        .chunks_exact_mut(c.kv_dim())
        .zip(v.chunks_exact(c.kv_dim()));
    for (t, (k, v)) in keys.enumerate() {
        p.rotate(t, k);
        cache.store(t, k, v);
    }
    for (t, q) in q.chunks_exact_mut(c.q_dim()).enumerate() {
        p.rotate(t, q);
    }
    let mut mixed = vec![0.0; q.len()];
    p.attend_batch(&mut [Own::default()], &cache, &q, &mut mixed);
    mixed
}

/// Every recorded module of layer 0 from its recorded input.
fn check_trace(model: &Model, reference: &Tensors) -> usize {
    let layer = &model.layers[0];
    let mut checked = 0;
    for prompt in reference.prompts() {
        let name = |part: &str| format!("{prompt}.trace.layer0.{part}");
        let t = |part: &str| reference.f32(&name(part));
        if !reference.has(&name("q_proj.out")) {
            continue;
        }
        let mut check = |what: &str, got: &[f32], want: &[f32]| {
            let error = error(got, want);
            assert!(error <= 1e-6, "{prompt} {what}: {error:e}");
            checked += 1;
        };
        let has_sub_norms = layer.attn_sub_norm.is_some();
        let o_in = if has_sub_norms {
            t("attn_sub_norm.out")
        } else {
            t("o_proj.in")
        };
        for (which, linear) in Projection::ALL.into_iter().zip(layer.projections()) {
            let (part, input) = match which {
                Projection::Q => ("q_proj", t("attn_norm.out")),
                Projection::K => ("k_proj", t("attn_norm.out")),
                Projection::V => ("v_proj", t("attn_norm.out")),
                Projection::O => ("o_proj", o_in),
                Projection::Gate => ("gate_proj", t("ffn_norm.out")),
                Projection::Up => ("up_proj", t("ffn_norm.out")),
                Projection::Down if has_sub_norms => ("down_proj", t("ffn_sub_norm.out")),
                Projection::Down => continue,
            };
            check(
                part,
                &project(model, linear, input),
                t(&format!("{part}.out")),
            );
        }
        let eps = model.config.norm_eps;
        let width = model.config.hidden_dim;
        let mut embedded = Vec::new();
        for &id in reference.i32(&format!("{prompt}.input_ids")) {
            let mut row = vec![0.0; width];
            let reader = &mut RowReader::default();
            let read = model.embedding.row(ISA, id as usize, reader, &mut row);
            read.expect("it is in memory");
            embedded.extend(row);
        }
        check(
            "attn_norm",
            &norm(&embedded, &layer.attn_norm, eps),
            t("attn_norm.out"),
        );
        let mixed = attention(model, t("q_proj.out"), t("k_proj.out"), t("v_proj.out"));
        check(
            "attention",
            &mixed,
            if has_sub_norms {
                t("attn_sub_norm.in")
            } else {
                o_in
            },
        );
        let subs = [
            ("attn_sub_norm", &layer.attn_sub_norm),
            ("ffn_sub_norm", &layer.ffn_sub_norm),
        ];
        for (part, weight) in subs {
            if let Some(weight) = weight {
                check(
                    part,
                    &norm(t(&format!("{part}.in")), weight, eps),
                    t(&format!("{part}.out")),
                );
            }
        }
    }
    checked
}

#[test]
fn every_module_gives_its_recorded_output() {
    let golden = golden();
    for (file, reference) in [
        ("tiny-bitnet/hf-packed", "tiny-bitnet/refs/packed.f32"),
        ("tiny-llama158/hf-packed", "tiny-llama158/refs/packed.f32"),
        (
            "tiny-silu-subnorm/gguf/ggml-model-i2_s.gguf",
            "tiny-silu-subnorm/refs/i2_s.f32",
        ),
    ] {
        let model = load(&golden.join(file), 1, None);
        let reference = Tensors::read(&golden.join(format!("{reference}.safetensors")));
        assert!(check_trace(&model, &reference) >= 8, "{file} has a trace");
    }
    if let Some(root) = shared("fixtures/large/wide-bitnet") {
        let model = load(&root.join("hf-packed"), 2, None);
        assert!(
            check_trace(
                &model,
                &Tensors::read(&root.join("refs/packed.f32.safetensors"))
            ) >= 8
        );
    }
}

#[test]
fn a_synthetic_model_has_the_density_it_was_asked_for() {
    for density in [0.1, 0.3, 0.5, 0.8] {
        let spec = SyntheticSpec {
            shape: SyntheticShape::Small,
            seed: 3,
            ffn_density: density,
        };
        let options = LoadOptions {
            threads: 2,
            ..LoadOptions::default()
        };
        let source = ModelSource::Synthetic(spec);
        let model = Model::load(&source, &options, &mut |_| ControlFlow::Continue(()))
            .expect("it is made in memory");
        let prompt = model.tokenizer().encode_plain("A text of some length.");
        let mut sequence = Sequence::new(&model, 64);
        let (mut open, mut all) = (0, 0);
        let mut look = |seen: Observation<'_>| {
            if let Observation::Hidden { layer, values, .. } = seen
                && let Some(layer) = model.layers.get(layer)
            {
                let gates = project(&model, &layer.gate, &norm(values, &layer.ffn_norm, 1e-5));
                open += gates.iter().filter(|&&g| g > 0.0).count();
                all += gates.len();
            }
        };
        sequence
            .forward_all(&model, &prompt, true, &mut look)
            .expect("the prompt fits");
        let share = open as f32 / all as f32;
        assert!((share - density).abs() < 0.03, "{share} for {density}");
        assert!(sequence.logits().iter().all(|x| x.is_finite()));
    }
}

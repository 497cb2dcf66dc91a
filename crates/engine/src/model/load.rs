//! From opened files to weights in memory.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use rayon::ThreadPool;
use tern_kernels::{Isa, MAX_COLS, PackedTernary};

use super::{
    BitLinear, HeadMode, Layer, Parts, Planes, Progress, Table,
    head::Keep,
    linear::{memory_for, order, shape},
    opened::{Frame, ReadWords, Words},
};
use crate::{
    LoadError, Warning,
    weights::{
        formats::MatrixSource,
        memory::WeightMemory,
        names::{Norm, Projection},
        repack::{RowOrder, repack},
    },
};

/// How a model will be run, as far as loading cares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) head: HeadMode,
    pub(crate) isa: Isa,
}

/// Everything but the words.
pub(super) struct Weights {
    layers: Vec<Layer>,
    embedding: Table,
    own_head: Option<Table>,
    planes: Option<Planes>,
    final_norm: Vec<f32>,
    /// Names of projections that are all zero.
    zeros: Vec<String>,
}

/// Reads all weights, each file byte once, and beside that the words.
pub(super) fn load(
    frame: Frame,
    words: ReadWords,
    how: How,
    pool: &ThreadPool,
    progress: Progress,
) -> Result<Parts, LoadError> {
    let no_words = AtomicBool::new(false);
    let read_words = || {
        let words = words();
        no_words.store(words.is_err(), Ordering::Relaxed);
        words
    };
    let (words, weights) = thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("tern-words".to_owned())
            .spawn_scoped(scope, read_words);
        match thread {
            Ok(thread) => {
                let weights = load_weights(&frame, how, pool, progress, &no_words);
                match thread.join() {
                    Ok(words) => (words, weights),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            // No thread to be had: one after the other.
            Err(_) => {
                let words = read_words();
                (words, load_weights(&frame, how, pool, progress, &no_words))
            }
        }
    });
    Ok(joined(frame, words?, weights?))
}

pub(super) fn joined(frame: Frame, words: Words, weights: Weights) -> Parts {
    let mut warnings = words.warnings;
    warnings.extend(zero_warning(&weights.zeros));
    Parts {
        name: frame.name,
        config: frame.config,
        tokenizer: words.tokenizer,
        template: words.template,
        stop_tokens: words.stop_tokens,
        defaults: words.defaults,
        warnings,
        layers: weights.layers,
        embedding: weights.embedding,
        own_head: weights.own_head,
        planes: weights.planes,
        final_norm: weights.final_norm,
    }
}

/// The warning about projections that are all zero, if there are any.
fn zero_warning(names: &[String]) -> Option<Warning> {
    let [first, rest @ ..] = names else {
        return None;
    };
    Some(Warning::Zeros {
        first: first.clone(),
        more: rest.len(),
    })
}

/// Ends early when `stop` is set.
pub(super) fn load_weights(
    frame: &Frame,
    how: How,
    pool: &ThreadPool,
    progress: Progress,
    stop: &AtomicBool,
) -> Result<Weights, LoadError> {
    check_tensors(frame)?;
    let place = frame.tensors.place("");
    let mut loader = Loader {
        memory: memory_for(&frame.config, frame.tensors.file_bytes(), place)?,
        frame,
        how,
        pool,
        progress,
        stop,
        done: 0,
        total: frame.tensors.file_bytes(),
        zeros: Vec::new(),
    };
    loader.advance(0)?;
    let c = &frame.config;
    let layers = (0..c.n_layers)
        .map(|i| loader.layer(i))
        .collect::<Result<Vec<_>, _>>()?;
    let final_norm = loader.norm(&[frame.naming.final_norm()], c.hidden_dim)?;
    let (embedding, mut planes) = loader.table(frame.naming.embedding(), c.tied_head)?;
    let own_head = if c.tied_head {
        None
    } else {
        let (head, of_head) = loader.table(frame.naming.head(), true)?;
        planes = of_head;
        Some(head)
    };
    // The end, whatever padding and unused tensors the file has.
    let _ = (loader.progress)(1.0);
    Ok(Weights {
        layers,
        embedding,
        own_head,
        planes,
        final_norm,
        zeros: loader.zeros,
    })
}

struct Loader<'a> {
    frame: &'a Frame,
    how: How,
    pool: &'a ThreadPool,
    memory: WeightMemory,
    progress: Progress<'a>,
    stop: &'a AtomicBool,
    done: u64,
    total: u64,
    /// Names of projections that are all zero.
    zeros: Vec<String>,
}

impl Loader<'_> {
    fn advance(&mut self, bytes: u64) -> Result<(), LoadError> {
        self.done += bytes;
        let share = self.done as f32 / self.total.max(1) as f32;
        let stopped = self.stop.load(Ordering::Relaxed);
        if (self.progress)(share.min(1.0)).is_break() || stopped {
            Err(LoadError::Cancelled)
        } else {
            Ok(())
        }
    }

    fn layer(&mut self, i: usize) -> Result<Layer, LoadError> {
        let c = &self.frame.config;
        let naming = self.frame.naming;
        let (hidden, q, ffn) = (c.hidden_dim, c.q_dim(), c.ffn_dim);
        let sub = |loader: &mut Self, norm, width| {
            if c.sub_norms {
                loader.norm(&naming.norm(i, norm), width).map(Some)
            } else {
                Ok(None)
            }
        };
        Ok(Layer {
            attn_norm: self.norm(&naming.norm(i, Norm::Attention), hidden)?,
            q: self.projection(i, Projection::Q)?,
            k: self.projection(i, Projection::K)?,
            v: self.projection(i, Projection::V)?,
            attn_sub_norm: sub(self, Norm::AttentionSub, q)?,
            o: self.projection(i, Projection::O)?,
            ffn_norm: self.norm(&naming.norm(i, Norm::Ffn), hidden)?,
            gate: self.projection(i, Projection::Gate)?,
            up: self.projection(i, Projection::Up)?,
            ffn_sub_norm: sub(self, Norm::FfnSub, ffn)?,
            down: self.projection(i, Projection::Down)?,
        })
    }

    fn projection(&mut self, layer: usize, which: Projection) -> Result<BitLinear, LoadError> {
        let o = self.frame;
        let source = matrix(o, layer, which)?;
        let (name, entry, rows, cols) = (source.name, source.entry, source.rows, source.cols);
        debug_assert!(cols <= MAX_COLS, "the limits of ModelConfig are tighter");
        let bytes = o.tensors.read(name, entry)?;
        let rows_as = match which {
            Projection::Q | Projection::K if o.paired_heads => RowOrder::PairsOfHead {
                head_dim: o.config.head_dim,
            },
            _ => RowOrder::AsStored,
        };
        let into = order(&o.config, which);
        let memory = &mut self.memory;
        let (repacked, scale) = self.pool.install(|| {
            let matrix = source.open(bytes)?;
            let piece = memory.take(PackedTernary::bytes_for(into, rows, cols))?;
            let decoder = &*matrix.decoder;
            let repacked = repack(decoder, rows, cols, rows_as, into, piece).map_err(|_| {
                let problem = "holds a value that is no ternary weight (-1, 0 or 1)";
                LoadError::invalid(o.tensors.place(name), format!("tensor {name}"), problem)
            })?;
            Ok((repacked, matrix.scale))
        })?;
        o.tensors.release(entry);
        if repacked.is_zero {
            self.zeros.push(name.to_owned());
        }
        self.advance(entry.bytes)?;
        Ok(BitLinear {
            weights: repacked.weights,
            scale,
        })
    }

    fn norm(&mut self, names: &[String], width: usize) -> Result<Vec<f32>, LoadError> {
        let (name, entry) = self.frame.tensors.find(names)?;
        let weights = self.frame.tensors.read_vector(name, entry, width)?;
        self.advance(entry.bytes)?;
        Ok(weights)
    }

    fn table(&mut self, name: String, is_head: bool) -> Result<(Table, Option<Planes>), LoadError> {
        let o = self.frame;
        let (name, entry) = o.tensors.find(&[name])?;
        let shape = [o.config.vocab_size, o.config.hidden_dim];
        let keep = Keep::of(self.how.head, is_head, shape, self.how.isa);
        Table::load(
            &o.tensors,
            name,
            entry,
            shape,
            keep,
            self.pool,
            &mut |bytes| self.advance(bytes),
        )
    }
}

/// Where a layer's projection is to be read from.
fn matrix(frame: &Frame, layer: usize, which: Projection) -> Result<MatrixSource<'_>, LoadError> {
    let names = [frame.naming.projection(layer, which)];
    let (name, entry) = frame.tensors.find(&names)?;
    let (rows, cols) = shape(&frame.config, which);
    Ok(MatrixSource {
        tensors: &frame.tensors,
        naming: frame.naming,
        scale_rule: frame.scale_rule,
        may_quantise: frame.may_quantise,
        name,
        entry,
        rows,
        cols,
    })
}

/// The warning about projections that are all zero, without loading anything: of a sound matrix, the first row says
/// enough.
///
/// # Errors
/// What loading would say of a projection that is missing or damaged.
pub(crate) fn look_for_zeros(frame: &Frame) -> Result<Option<Warning>, LoadError> {
    let mut zeros = Vec::new();
    for layer in 0..frame.config.n_layers {
        for which in Projection::ALL {
            let source = matrix(frame, layer, which)?;
            let bytes = frame.tensors.read(source.name, source.entry)?;
            if source.is_zero(bytes)? {
                zeros.push(source.name.to_owned());
            }
        }
    }
    Ok(zero_warning(&zeros))
}

/// Refuses files with tensors this engine would silently leave out: they are another kind of model.
fn check_tensors(o: &Frame) -> Result<(), LoadError> {
    let naming = o.naming;
    let mut known = std::collections::HashSet::new();
    known.extend([naming.embedding(), naming.head(), naming.final_norm()]);
    for i in 0..o.config.n_layers {
        known.extend(Norm::ALL.into_iter().flat_map(|norm| naming.norm(i, norm)));
        for projection in Projection::ALL {
            let name = naming.projection(i, projection);
            known.insert(naming.scale(&name));
            known.insert(name);
        }
    }
    for name in o.tensors.entries.keys() {
        if known.contains(name) || naming.is_ignorable(name) {
            continue;
        }
        let what = format!("the tensor {name:.120}");
        let remedy = "It is another kind of model, or its config does not match its weights. Choose a BitNet b1.58 model.";
        return Err(LoadError::unsupported(o.tensors.place(name), what, remedy));
    }
    Ok(())
}

//! Templates from files: minijinja reads them, this runs them.
//!
//! minijinja's own machine is not used. It has fuel, but a text can double with every unit of it, constants are
//! computed before fuel counts, and its texts don't know where their parts come from. Here every step and byte is paid
//! for (`check.rs`), and a message's words stay marked as such through everything a template does with them.
//! What is meant is Jinja as transformers sets it up; names and rules are those of the Jinja documentation.

use std::collections::BTreeMap;

use minijinja::machinery::ast::{self, Expr, Stmt};

use super::{
    SpecialTexts, Turn,
    check::{self, Budget, Refusal},
    filters,
    marked::Marked,
    value::{Value, failed},
};

pub(super) type Names = BTreeMap<String, Value>;

/// The prompt a template writes for an answer to `turns`.
///
/// # Errors
/// When the template is over a limit, uses what is not there, or raises an exception.
pub(crate) fn render(
    source: &str,
    turns: &[Turn],
    specials: &SpecialTexts,
) -> Result<Marked, Refusal> {
    let template = check::read(source)?;
    let contents = turns.iter().map(|turn| turn.content.len()).sum();
    let mut budget = Budget::new(turns.len(), contents);
    let mut globals = Names::new();
    let mut messages = Vec::with_capacity(turns.len());
    for turn in turns {
        let message = vec![
            ("role".to_owned(), Value::scaffold(turn.role.name())),
            (
                "content".to_owned(),
                Value::text(Marked::content(&turn.content)),
            ),
        ];
        messages.push(Value::map(message, &mut budget)?);
    }
    globals.insert("messages".into(), Value::list(messages, &mut budget)?);
    globals.insert("add_generation_prompt".into(), Value::Bool(true));
    // transformers passes these two, empty.
    globals.insert("tools".into(), Value::None);
    globals.insert("documents".into(), Value::None);
    for (name, text) in [
        ("bos_token", &specials.bos),
        ("eos_token", &specials.eos),
        ("unk_token", &specials.unk),
        ("pad_token", &specials.pad),
    ] {
        if let Some(text) = text {
            globals.insert(name.into(), Value::scaffold(text));
        }
    }
    let mut machine = Machine {
        scopes: vec![globals, Names::new()],
        out: Marked::default(),
        macros: Vec::new(),
        budget,
    };
    machine.statement(&template)?;
    check::scaffold(machine.out.scaffold_len())?;
    Ok(machine.out)
}

/// What a statement did to the loop around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Continue,
    Break,
}

pub(super) struct Machine<'t> {
    /// Names, the innermost scope last.
    pub(super) scopes: Vec<Names>,
    out: Marked,
    pub(super) macros: Vec<&'t ast::Macro<'t>>,
    pub(super) budget: Budget,
}

impl<'t> Machine<'t> {
    fn statements(&mut self, all: &'t [Stmt<'t>]) -> Result<Flow, Refusal> {
        for statement in all {
            let flow = self.statement(statement)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn statement(&mut self, statement: &'t Stmt<'t>) -> Result<Flow, Refusal> {
        self.budget.step()?;
        self.budget.deeper(1)?;
        let flow = match statement {
            Stmt::Template(template) => self.statements(&template.children)?,
            Stmt::EmitRaw(raw) => {
                self.budget.bytes(raw.raw.len())?;
                self.out.push(raw.raw, false);
                Flow::On
            }
            Stmt::EmitExpr(emit) => {
                let value = self.value(&emit.expr)?;
                value.print(&mut self.out, &mut self.budget)?;
                Flow::On
            }
            Stmt::IfCond(choice) => {
                if self.value(&choice.expr)?.is_true() {
                    self.statements(&choice.true_body)?
                } else {
                    self.statements(&choice.false_body)?
                }
            }
            Stmt::ForLoop(repeat) => self.repeat(repeat)?,
            Stmt::Set(set) => {
                let value = self.value(&set.expr)?;
                self.assign(&set.target, value)?;
                Flow::On
            }
            Stmt::SetBlock(set) => {
                let text = self.captured(&set.body)?;
                let value = match &set.filter {
                    Some(filter) => self.filtered(filter, text)?,
                    None => text,
                };
                self.assign(&set.target, value)?;
                Flow::On
            }
            Stmt::FilterBlock(block) => {
                let text = self.captured(&block.body)?;
                let value = self.filtered(&block.filter, text)?;
                value.print(&mut self.out, &mut self.budget)?;
                Flow::On
            }
            Stmt::WithBlock(with) => {
                let mut names = Vec::with_capacity(with.assignments.len());
                for (target, expr) in &with.assignments {
                    names.push((target, self.value(expr)?));
                }
                self.scopes.push(Names::new());
                for (target, value) in names {
                    self.assign(target, value)?;
                }
                let flow = self.statements(&with.body)?;
                self.scopes.pop();
                flow
            }
            Stmt::Macro(body) => {
                let body: &'t ast::Macro<'t> = body;
                self.macros.push(body);
                let number = Value::Macro(self.macros.len() - 1);
                self.set(body.name, number);
                Flow::On
            }
            Stmt::Do(call) => {
                self.call(&call.call)?;
                Flow::On
            }
            Stmt::Continue(_) => Flow::Continue,
            Stmt::Break(_) => Flow::Break,
            Stmt::CallBlock(_) => return Err(Refusal::Unsupported("call blocks".into())),
            Stmt::AutoEscape(_) => return Err(Refusal::Unsupported("autoescape".into())),
        };
        self.budget.shallower(1);
        Ok(flow)
    }

    fn repeat(&mut self, repeat: &'t ast::ForLoop<'t>) -> Result<Flow, Refusal> {
        if repeat.recursive {
            return Err(Refusal::Unsupported("recursive loops".into()));
        }
        let mut items = self.value(&repeat.iter)?.items(&mut self.budget)?;
        if let Some(filter) = &repeat.filter_expr {
            let mut kept = Vec::new();
            for item in items {
                self.scopes.push(Names::new());
                self.assign(&repeat.target, item.clone())?;
                if self.value(filter)?.is_true() {
                    kept.push(item);
                }
                self.scopes.pop();
            }
            items = kept;
        }
        if items.is_empty() {
            return self.statements(&repeat.else_body);
        }
        let count = items.len();
        for (i, item) in items.iter().enumerate() {
            self.budget.step()?;
            let neighbour = |at: Option<usize>| {
                let item = at.and_then(|at| items.get(at)).cloned();
                item.unwrap_or(Value::Undefined)
            };
            let number = |n: usize| Value::Int(n as i64);
            let about = [
                ("index", number(i + 1)),
                ("index0", number(i)),
                ("revindex", number(count - i)),
                ("revindex0", number(count - i - 1)),
                ("first", Value::Bool(i == 0)),
                ("last", Value::Bool(i + 1 == count)),
                ("length", number(count)),
                ("previtem", neighbour(i.checked_sub(1))),
                ("nextitem", neighbour(i.checked_add(1))),
            ];
            let about = about.map(|(name, value)| (name.to_owned(), value)).to_vec();
            let about = Value::map(about, &mut self.budget)?;
            self.scopes.push(Names::from([("loop".to_owned(), about)]));
            self.assign(&repeat.target, item.clone())?;
            let flow = self.statements(&repeat.body)?;
            self.scopes.pop();
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    /// What `body` writes.
    pub(super) fn captured(&mut self, body: &'t [Stmt<'t>]) -> Result<Value, Refusal> {
        let outer = std::mem::take(&mut self.out);
        self.scopes.push(Names::new());
        self.statements(body)?;
        self.scopes.pop();
        let text = std::mem::replace(&mut self.out, outer);
        Ok(Value::text(text))
    }

    /// Filters of a block: a chain whose innermost one has no value of its own.
    fn filtered(&mut self, filter: &'t Expr<'t>, value: Value) -> Result<Value, Refusal> {
        let Expr::Filter(filter) = filter else {
            return Err(Refusal::Unsupported("this filter of a block".into()));
        };
        self.budget.deeper(1)?;
        let value = match &filter.expr {
            Some(inner) => self.filtered(inner, value)?,
            None => value,
        };
        self.budget.shallower(1);
        let args = self.args(&filter.args)?;
        filters::filter(filter.name, &value, &args, &mut self.budget)
    }

    fn set(&mut self, name: &str, value: Value) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), value);
        }
    }

    fn assign(&mut self, target: &'t Expr<'t>, value: Value) -> Result<(), Refusal> {
        match target {
            Expr::Var(name) => {
                self.budget.items(1)?;
                self.set(name.id, value);
                Ok(())
            }
            Expr::GetAttr(attribute) => {
                let Value::Namespace(names) = self.value(&attribute.expr)? else {
                    return Err(failed("an assignment to a part of a value"));
                };
                value.keepable()?;
                self.budget.items(1)?;
                names.borrow_mut().insert(attribute.name.to_owned(), value);
                Ok(())
            }
            Expr::List(list) => self.unpack(&list.items, &value),
            Expr::Tuple(tuple) => self.unpack(&tuple.items, &value),
            _ => Err(Refusal::Unsupported("this target of an assignment".into())),
        }
    }

    fn unpack(&mut self, targets: &'t [Expr<'t>], value: &Value) -> Result<(), Refusal> {
        let items = value.items(&mut self.budget)?;
        if items.len() != targets.len() {
            return Err(failed("a list of another length than its names"));
        }
        for (target, item) in targets.iter().zip(items) {
            self.assign(target, item)?;
        }
        Ok(())
    }

    pub(super) fn lookup(&self, name: &str) -> Value {
        let found = self.scopes.iter().rev().find_map(|scope| scope.get(name));
        found.cloned().unwrap_or(Value::Undefined)
    }
}

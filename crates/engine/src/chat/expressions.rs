//! What a template's expressions are worth; Python's rules where Jinja takes them over.

use minijinja::machinery::ast::{self, BinOpKind, CallArg, CompareOpKind, Expr, UnaryOpKind};

use super::{
    check::{CALL_DEPTH, Refusal},
    filters::{self, Args},
    jinja::{Machine, Names},
    marked::Marked,
    methods,
    value::{Value, failed, slice_positions},
};

impl<'t> Machine<'t> {
    pub(super) fn value(&mut self, expr: &'t Expr<'t>) -> Result<Value, Refusal> {
        self.budget.step()?;
        self.budget.deeper(1)?;
        let value = self.value_of(expr)?;
        self.budget.shallower(1);
        Ok(value)
    }

    fn value_of(&mut self, expr: &'t Expr<'t>) -> Result<Value, Refusal> {
        match expr {
            Expr::Var(name) => Ok(self.lookup(name.id)),
            Expr::Const(constant) => self.constant(&constant.value),
            Expr::UnaryOp(op) => {
                let value = self.value(&op.expr)?;
                match (&op.op, value) {
                    (UnaryOpKind::Not, value) => Ok(Value::Bool(!value.is_true())),
                    (UnaryOpKind::Neg, Value::Float(x)) => Ok(Value::Float(-x)),
                    (UnaryOpKind::Neg, value) => {
                        let negative = value.as_int().and_then(i64::checked_neg);
                        let problem = || failed(format!("minus {}", value.kind()));
                        negative.map(Value::Int).ok_or_else(problem)
                    }
                }
            }
            Expr::BinOp(op) => self.binary(op),
            Expr::Compare(chain) => {
                let mut left = self.value(&chain.expr)?;
                for link in &chain.ops {
                    let right = self.value(&link.expr)?;
                    if !self.compared(link.op, &left, &right)? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Ok(Value::Bool(true))
            }
            Expr::IfExpr(choice) => {
                if self.value(&choice.test_expr)?.is_true() {
                    self.value(&choice.true_expr)
                } else {
                    let other = choice.false_expr.as_ref();
                    other.map_or(Ok(Value::Undefined), |expr| self.value(expr))
                }
            }
            Expr::Filter(filter) => {
                let Some(inner) = &filter.expr else {
                    return Err(failed("a filter of nothing"));
                };
                let value = self.value(inner)?;
                let args = self.args(&filter.args)?;
                filters::filter(filter.name, &value, &args, &mut self.budget)
            }
            Expr::Test(test) => {
                let value = self.value(&test.expr)?;
                let args = self.args(&test.args)?;
                filters::test(test.name, &value, &args.placed, &mut self.budget).map(Value::Bool)
            }
            Expr::GetAttr(part) => self.value(&part.expr)?.attribute(part.name),
            Expr::GetItem(part) => {
                let value = self.value(&part.expr)?;
                let key = self.value(&part.subscript_expr)?;
                value.item(&key, &mut self.budget)
            }
            Expr::Slice(slice) => self.slice(slice),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.list(&list.items),
            Expr::Tuple(tuple) => self.list(&tuple.items),
            Expr::Map(map) => {
                let mut entries = Vec::with_capacity(map.keys.len());
                for (key, value) in map.keys.iter().zip(&map.values) {
                    let Value::Text(key) = self.value(key)? else {
                        return Err(Refusal::Unsupported("keys that are no texts".into()));
                    };
                    self.budget.bytes(key.len())?;
                    // Keys carry no marks: written out, a message's words would be taken for the template's.
                    if !key.is_scaffold(0..key.len()) {
                        return Err(Refusal::Unsupported("keys made of messages".into()));
                    }
                    entries.push((key.text().to_owned(), self.value(value)?));
                }
                Value::map(entries, &mut self.budget)
            }
        }
    }

    fn list(&mut self, exprs: &'t [Expr<'t>]) -> Result<Value, Refusal> {
        let items: Result<Vec<Value>, Refusal> = exprs.iter().map(|e| self.value(e)).collect();
        Value::list(items?, &mut self.budget)
    }

    fn constant(&mut self, value: &minijinja::Value) -> Result<Value, Refusal> {
        if let Some(text) = value.as_str() {
            self.budget.bytes(text.len())?;
            return Ok(Value::scaffold(text));
        }
        if value.is_none() {
            return Ok(Value::None);
        }
        if let Ok(truth) = bool::try_from(value.clone()) {
            return Ok(Value::Bool(truth));
        }
        if value.is_integer() {
            return i64::try_from(value.clone())
                .map(Value::Int)
                .map_err(|_| failed("a number too large"));
        }
        f64::try_from(value.clone())
            .map(Value::Float)
            .map_err(|_| Refusal::Unsupported("this constant".into()))
    }

    fn binary(&mut self, op: &'t ast::BinOp<'t>) -> Result<Value, Refusal> {
        let left = self.value(&op.left)?;
        match op.op {
            BinOpKind::ScAnd if !left.is_true() => return Ok(left),
            BinOpKind::ScOr if left.is_true() => return Ok(left),
            BinOpKind::ScAnd | BinOpKind::ScOr => return self.value(&op.right),
            _ => {}
        }
        let right = self.value(&op.right)?;
        let compared = match op.op {
            BinOpKind::Eq => Some(CompareOpKind::Eq),
            BinOpKind::Ne => Some(CompareOpKind::Ne),
            BinOpKind::Lt => Some(CompareOpKind::Lt),
            BinOpKind::Lte => Some(CompareOpKind::Lte),
            BinOpKind::Gt => Some(CompareOpKind::Gt),
            BinOpKind::Gte => Some(CompareOpKind::Gte),
            BinOpKind::In => Some(CompareOpKind::In),
            _ => None,
        };
        if let Some(compared) = compared {
            return self.compared(compared, &left, &right).map(Value::Bool);
        }
        let budget = &mut self.budget;
        match (op.op, &left, &right) {
            (BinOpKind::Concat, _, _) | (BinOpKind::Add, Value::Text(_), Value::Text(_)) => {
                let mut joined = Marked::default();
                left.print(&mut joined, budget)?;
                right.print(&mut joined, budget)?;
                Ok(Value::text(joined))
            }
            (BinOpKind::Add, Value::List(a), Value::List(b)) => {
                budget.items(a.items.len() + b.items.len())?;
                Value::list([&a.items[..], &b.items[..]].concat(), budget)
            }
            (BinOpKind::Mul, Value::Text(text), Value::Int(n))
            | (BinOpKind::Mul, Value::Int(n), Value::Text(text)) => {
                let times = usize::try_from(*n).unwrap_or(0);
                budget.bytes(text.weight().saturating_add(1).saturating_mul(times))?;
                let mut repeated = Marked::default();
                for _ in 0..times {
                    repeated.append(text);
                }
                Ok(Value::text(repeated))
            }
            _ => arithmetic(op.op, &left, &right),
        }
    }

    fn compared(
        &mut self,
        op: CompareOpKind,
        left: &Value,
        right: &Value,
    ) -> Result<bool, Refusal> {
        let budget = &mut self.budget;
        Ok(match op {
            CompareOpKind::Eq => left.equals(right, budget)?,
            CompareOpKind::Ne => !left.equals(right, budget)?,
            CompareOpKind::Lt => left.compare(right, budget)?.is_lt(),
            CompareOpKind::Lte => left.compare(right, budget)?.is_le(),
            CompareOpKind::Gt => left.compare(right, budget)?.is_gt(),
            CompareOpKind::Gte => left.compare(right, budget)?.is_ge(),
            CompareOpKind::In => left.is_in(right, budget)?,
            CompareOpKind::NotIn => !left.is_in(right, budget)?,
        })
    }

    fn slice(&mut self, slice: &'t ast::Slice<'t>) -> Result<Value, Refusal> {
        let value = self.value(&slice.expr)?;
        let mut bound = |expr: &'t Option<Expr<'t>>| match expr {
            None => Ok(None),
            Some(expr) => match self.value(expr)? {
                Value::None => Ok(None),
                other => other
                    .as_int()
                    .map(Some)
                    .ok_or_else(|| failed(format!("a slice up to {}", other.kind()))),
            },
        };
        let (start, stop) = (bound(&slice.start)?, bound(&slice.stop)?);
        let step = bound(&slice.step)?.unwrap_or(1);
        let is_text = matches!(value, Value::Text(_));
        if matches!(value, Value::Undefined) || matches!(value, Value::Map(_)) {
            return Err(failed(format!("a slice of {}", value.kind())));
        }
        let items = value.items(&mut self.budget)?;
        self.budget.items(items.len())?;
        let positions = slice_positions(items.len(), start, stop, step)?;
        let cut = positions
            .into_iter()
            .filter_map(|at| items.get(at).cloned());
        if !is_text {
            return Value::list(cut.collect(), &mut self.budget);
        }
        let mut text = Marked::default();
        for c in cut {
            c.print(&mut text, &mut self.budget)?;
        }
        Ok(Value::text(text))
    }

    pub(super) fn args(&mut self, args: &'t [CallArg<'t>]) -> Result<Args, Refusal> {
        let mut all = Args::default();
        for arg in args {
            match arg {
                CallArg::Pos(expr) => all.placed.push(self.value(expr)?),
                CallArg::Kwarg(name, expr) => {
                    all.named.push(((*name).to_owned(), self.value(expr)?));
                }
                _ => return Err(Refusal::Unsupported("spread arguments".into())),
            }
        }
        Ok(all)
    }

    pub(super) fn call(&mut self, call: &'t ast::Call<'t>) -> Result<Value, Refusal> {
        match &call.expr {
            Expr::Var(name) => {
                let args = self.args(&call.args)?;
                match self.lookup(name.id) {
                    Value::Macro(number) => self.expand(number, args),
                    _ => filters::function(name.id, args, &mut self.budget),
                }
            }
            Expr::GetAttr(method) => {
                let value = self.value(&method.expr)?;
                let args = self.args(&call.args)?;
                methods::call(&value, method.name, &args.placed, &mut self.budget)
            }
            _ => Err(Refusal::Unsupported("a call of a value".into())),
        }
    }

    /// A macro sees the template's own names, not those around its call.
    fn expand(&mut self, number: usize, args: Args) -> Result<Value, Refusal> {
        let Some(&body) = self.macros.get(number) else {
            return Err(failed("a macro that is not there"));
        };
        self.budget.deeper(CALL_DEPTH)?;
        let without_default = body.args.len().saturating_sub(body.defaults.len());
        let mut names = Names::new();
        for (i, parameter) in body.args.iter().enumerate() {
            let Expr::Var(name) = parameter else {
                return Err(Refusal::Unsupported("this parameter of a macro".into()));
            };
            let named = args
                .named
                .iter()
                .find(|(n, _)| n == name.id)
                .map(|(_, v)| v);
            let value = match args.placed.get(i).or(named) {
                Some(value) => value.clone(),
                None => match i.checked_sub(without_default).map(|at| &body.defaults[at]) {
                    Some(default) => self.value(default)?,
                    None => Value::Undefined,
                },
            };
            self.budget.items(1)?;
            names.insert(name.id.to_owned(), value);
        }
        let around = self.scopes.split_off(2.min(self.scopes.len()));
        self.scopes.push(names);
        let text = self.captured(&body.body)?;
        self.scopes.truncate(2);
        self.scopes.extend(around);
        self.budget.shallower(CALL_DEPTH);
        Ok(text)
    }
}

fn arithmetic(op: BinOpKind, left: &Value, right: &Value) -> Result<Value, Refusal> {
    let problem = || failed(format!("{} and {} computed", left.kind(), right.kind()));
    if let (Some(a), Some(b)) = (left.as_int(), right.as_int()) {
        // Python rounds towards minus infinity, and a remainder has the sign of the divisor.
        let floor = |a: i64, b: i64| {
            let quotient = a.checked_div(b)?;
            let uneven = a.checked_rem(b)? != 0 && (a < 0) != (b < 0);
            quotient.checked_sub(i64::from(uneven))
        };
        let result = match op {
            BinOpKind::Add => a.checked_add(b),
            BinOpKind::Sub => a.checked_sub(b),
            BinOpKind::Mul => a.checked_mul(b),
            BinOpKind::FloorDiv => floor(a, b),
            BinOpKind::Rem => floor(a, b)
                .and_then(|quotient| quotient.checked_mul(b))
                .and_then(|product| a.checked_sub(product)),
            BinOpKind::Div if b != 0 => return Ok(Value::Float(a as f64 / b as f64)),
            _ => None,
        };
        return result.map(Value::Int).ok_or_else(problem);
    }
    let (Some(a), Some(b)) = (left.as_float(), right.as_float()) else {
        return Err(problem());
    };
    Ok(Value::Float(match op {
        BinOpKind::Add => a + b,
        BinOpKind::Sub => a - b,
        BinOpKind::Mul => a * b,
        BinOpKind::Div if b != 0.0 => a / b,
        _ => return Err(problem()),
    }))
}

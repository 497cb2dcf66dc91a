//! The threads of a model: made once, woken for short shared steps, of which a token has about 150.
//!
//! A general pool pays for queues and wake-ups at each of them. Here a step is one counter: its owner publishes it,
//! helpers that still watch the counter join at once, everyone takes the next task until none is left, and the owner
//! waits only for those who joined. A helper that is late, because the system gave its core away, finds the step closed
//! and is not waited for. A slower core takes fewer tasks by itself. Helpers without work watch for a short time and then
//! sleep.
#![allow(
    unsafe_code,
    reason = "a step borrows from its owner's stack; why it can't outlive it is below"
)]

use std::{
    any::Any,
    cell::UnsafeCell,
    hint,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, TryLockError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long a helper watches for the next step before it sleeps: longer than what lies between the steps of a token,
/// shorter than anyone notices as heat.
const WATCH: Duration = Duration::from_micros(100);
/// Looks at the counter between looks at the clock.
const LOOKS: u32 = 64;
/// Looks after which a waiting owner lets others have the core.
const PATIENCE: u32 = 20_000;

/// Threads that share steps of work. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Team {
    shared: Arc<Shared>,
    helpers: Vec<Member>,
    /// Held while a step runs: who finds it taken works alone.
    owner: Mutex<()>,
}

#[derive(Debug)]
struct Member {
    thread: Option<JoinHandle<()>>,
    asleep: Arc<AtomicBool>,
}

/// What a step does: called with the number of whoever joined, 0 for the owner.
type Step<'a> = dyn Fn(usize) + Sync + 'a;

struct Shared {
    /// Steps so far in the upper half, [`OPEN`], and how many helpers joined the present one.
    gate: AtomicU64,
    /// Helpers that left the present step.
    left: AtomicUsize,
    /// The present step; valid while it is open or someone who joined has not left.
    step: UnsafeCell<Option<*const Step<'static>>>,
    /// What a helper panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    ends: AtomicBool,
}

// SAFETY: `step` is written by an owner that holds `Team::owner`, while the gate is closed and no helper is inside; it is
// read by helpers that joined through the gate, whose opening publishes it. Everything else is atomics and locks.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `step` is to a `Sync` closure, which any thread may call.
unsafe impl Send for Shared {}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

const OPEN: u64 = 1 << 31;
const JOINED: u64 = OPEN - 1;
const ONE_STEP: u64 = 1 << 32;

impl Team {
    /// The caller alone.
    pub(crate) fn alone() -> Self {
        Self::without_helpers()
    }

    /// A team of so many threads, the caller among them.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn new(threads: usize) -> std::io::Result<Self> {
        let mut team = Self::without_helpers();
        for number in 1..threads {
            let shared = Arc::clone(&team.shared);
            let asleep = Arc::new(AtomicBool::new(false));
            let flag = Arc::clone(&asleep);
            let thread = thread::Builder::new()
                .name(format!("tern-compute-{number}"))
                .spawn(move || help(&shared, number, &flag))?;
            team.helpers.push(Member {
                thread: Some(thread),
                asleep,
            });
        }
        Ok(team)
    }

    fn without_helpers() -> Self {
        let shared = Arc::new(Shared {
            gate: AtomicU64::new(0),
            left: AtomicUsize::new(0),
            step: UnsafeCell::new(None),
            panic: Mutex::new(None),
            ends: AtomicBool::new(false),
        });
        Self {
            shared,
            helpers: Vec::new(),
            owner: Mutex::new(()),
        }
    }

    /// Threads, the caller among them.
    pub(crate) fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Calls `work` once for each task, on all threads, and returns when all are done.
    pub(crate) fn for_each<T: Send>(&self, tasks: &mut [T], work: impl Fn(&mut T) + Sync) {
        let mut nothing = vec![(); self.threads()];
        self.for_each_with(&mut nothing, tasks, |(), task| work(task));
    }

    /// Calls `work` once for each task, each thread with a state of its own: `states` holds at least one for each
    /// thread.
    ///
    /// # Panics
    /// When there are fewer states than threads, or with what `work` panics with.
    pub(crate) fn for_each_with<S: Send, T: Send>(
        &self,
        states: &mut [S],
        tasks: &mut [T],
        work: impl Fn(&mut S, &mut T) + Sync,
    ) {
        assert!(states.len() >= self.threads(), "a state for each thread");
        let alone = self.helpers.is_empty() || tasks.len() < 2;
        let guard = match self.owner.try_lock() {
            Ok(guard) => Some(guard),
            // A step that panicked has been waited for; the team is sound.
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        if alone || guard.is_none() {
            let state = &mut states[0];
            tasks.iter_mut().for_each(|task| work(state, task));
            return;
        }
        let next = AtomicUsize::new(0);
        let n_tasks = tasks.len();
        let (states, tasks) = (Apart::new(states), Apart::new(tasks));
        self.step(&|number| {
            // SAFETY: a number belongs to one thread, each enters a step at most once, and there is a state for each.
            let state = unsafe { states.get(number) };
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= n_tasks {
                    return;
                }
                // SAFETY: the counter gives each index below the number of tasks once.
                work(state, unsafe { tasks.get(index) });
            }
        });
    }

    /// Runs `step` here and on every helper that comes in time. `owner` is held.
    fn step(&self, step: &Step<'_>) {
        let shared = &*self.shared;
        let step_pointer: *const Step<'_> = step;
        // SAFETY: only the lifetime changes. The pointer is followed by helpers that joined this step, and
        // `Closing` lets this function return or unwind only after the gate is closed and all of them have left.
        let step_pointer: *const Step<'static> = unsafe { std::mem::transmute(step_pointer) };
        shared.left.store(0, Ordering::Relaxed);
        // SAFETY: the gate is closed, everyone who had joined has left, and `owner` keeps other owners out.
        unsafe { *shared.step.get() = Some(step_pointer) };
        let number = shared.gate.load(Ordering::Relaxed) >> 32;
        let opened = (number.wrapping_add(1) << 32) | OPEN;
        shared.gate.store(opened, Ordering::SeqCst);
        for helper in &self.helpers {
            if helper.asleep.load(Ordering::SeqCst)
                && let Some(thread) = &helper.thread
            {
                thread.thread().unpark();
            }
        }
        let closing = Closing(shared);
        step(0);
        drop(closing);
        let panic = match shared.panic.lock() {
            Ok(mut panic) => panic.take(),
            Err(poisoned) => poisoned.into_inner().take(),
        };
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

/// Closes a step and waits for those inside, also when the owner's own part panics.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let joined = self.0.gate.fetch_and(!OPEN, Ordering::AcqRel) & JOINED;
        let mut looks = 0_u32;
        while self.0.left.load(Ordering::Acquire) as u64 != joined {
            looks += 1;
            if looks < PATIENCE {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        self.shared.gate.fetch_add(ONE_STEP, Ordering::SeqCst);
        for helper in &mut self.helpers {
            if let Some(thread) = helper.thread.take() {
                thread.thread().unpark();
                // A helper catches what its steps panic with.
                let _ = thread.join();
            }
        }
    }
}

/// The life of a helper.
fn help(shared: &Shared, number: usize, asleep: &AtomicBool) {
    let mut seen = 0;
    loop {
        let gate = next_step(shared, seen, asleep);
        if shared.ends.load(Ordering::SeqCst) {
            return;
        }
        seen = gate >> 32;
        if !join(shared, gate) {
            continue;
        }
        // SAFETY: this thread joined an open step, so its owner waits until `left` counts it.
        let step = unsafe { *shared.step.get() };
        if let Some(step) = step {
            // SAFETY: as above; the closure is `Sync`.
            let run = AssertUnwindSafe(|| unsafe { (*step)(number) });
            if let Err(panic) = catch_unwind(run) {
                match shared.panic.lock() {
                    Ok(mut slot) => *slot = Some(panic),
                    Err(poisoned) => *poisoned.into_inner() = Some(panic),
                }
            }
        }
        shared.left.fetch_add(1, Ordering::Release);
    }
}

/// Waits for a step after number `seen`: watches, then sleeps.
fn next_step(shared: &Shared, seen: u64, asleep: &AtomicBool) -> u64 {
    let mut watched_since = None;
    loop {
        for _ in 0..LOOKS {
            let gate = shared.gate.load(Ordering::Acquire);
            if gate >> 32 != seen {
                return gate;
            }
            hint::spin_loop();
        }
        let since = *watched_since.get_or_insert_with(Instant::now);
        if since.elapsed() < WATCH {
            continue;
        }
        asleep.store(true, Ordering::SeqCst);
        // Looked at once more after saying so: whoever opens a step looks at the flag after opening.
        while shared.gate.load(Ordering::SeqCst) >> 32 == seen {
            thread::park();
        }
        asleep.store(false, Ordering::SeqCst);
    }
}

/// Joins the step `gate` shows if it is still open.
fn join(shared: &Shared, mut gate: u64) -> bool {
    let step = gate >> 32;
    while gate & OPEN != 0 && gate >> 32 == step {
        let joined =
            shared
                .gate
                .compare_exchange_weak(gate, gate + 1, Ordering::AcqRel, Ordering::Acquire);
        match joined {
            Ok(_) => return true,
            Err(now) => gate = now,
        }
    }
    false
}

/// A slice whose elements go to different threads.
struct Apart<'a, T> {
    start: *mut T,
    len: usize,
    slice: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: each element is handed to one thread (see `get`), and may be sent there.
unsafe impl<T: Send> Sync for Apart<'_, T> {}

impl<'a, T> Apart<'a, T> {
    fn new(slice: &'a mut [T]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            slice: std::marker::PhantomData,
        }
    }

    /// # Safety
    /// No index is asked for while a reference from an earlier call with it lives.
    #[allow(clippy::mut_from_ref)]
    unsafe fn get(&self, index: usize) -> &mut T {
        assert!(index < self.len, "an element of the slice");
        // SAFETY: the index is inside the slice, which is borrowed mutably for 'a, and by the caller's word nobody
        // else has this element.
        unsafe { &mut *self.start.add(index) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_done_twice_or_not_at_all() {
        for threads in [1, 2, 3, 8] {
            let team = Team::new(threads).expect("threads");
            for round in 0..2000_usize {
                let mut tasks: Vec<usize> = (0..round % 40).collect();
                let mut sums = vec![0; threads];
                team.for_each_with(&mut sums, &mut tasks, |sum, task| {
                    *sum += *task;
                    *task += 1000;
                });
                assert!(tasks.iter().enumerate().all(|(i, &task)| task == i + 1000));
                let n = round % 40;
                assert_eq!(sums.iter().sum::<usize>(), n * n.saturating_sub(1) / 2);
            }
        }
    }

    #[test]
    fn a_sleeping_helper_misses_work() {
        let team = Team::new(2).expect("threads");
        for _ in 0..20 {
            let since = Instant::now();
            while !team.helpers[0].asleep.load(Ordering::SeqCst) {
                assert!(since.elapsed().as_secs() < 20, "idle is not asleep");
                thread::sleep(WATCH);
            }
            // Both tasks wait for one another, so one thread alone could not end this.
            let meeting = std::sync::Barrier::new(2);
            team.for_each(&mut [(), ()], |()| {
                meeting.wait();
            });
        }
    }

    #[test]
    fn a_panic_on_any_thread_is_lost_or_ends_the_team() {
        let team = Team::new(3).expect("threads");
        for bad in 0..30 {
            let mut tasks: Vec<usize> = (0..30).collect();
            let run = AssertUnwindSafe(|| {
                team.for_each(&mut tasks, |task| assert!(*task != bad, "task {bad}"));
            });
            assert!(catch_unwind(run).is_err(), "{bad}");
            let mut after = [0; 30];
            team.for_each(&mut after, |x| *x = 1);
            assert_eq!(after, [1; 30]);
        }
    }

    #[test]
    fn two_owners_at_once_share_a_step() {
        let team = Team::new(2).expect("threads");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 0..500 {
                        let mut tasks = [round; 16];
                        team.for_each(&mut tasks, |x| *x += 1);
                        assert_eq!(tasks, [round + 1; 16]);
                    }
                });
            }
        });
    }
}

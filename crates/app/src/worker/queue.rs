//! The queue of jobs: its end outside, which anybody may use, and the worker's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::Job;

/// The end jobs go into. Dropping it lets the worker end after its current job.
pub(super) struct Jobs {
    jobs: Sender<Job>,
    waiting: Arc<AtomicUsize>,
}

impl Jobs {
    /// The worker outlives every handle, so a queue that is gone means the program is ending and
    /// nobody waits for the answer.
    pub(super) fn submit(&self, job: Job) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _ = self.jobs.send(job);
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        // The end of the program is waited for, too.
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }
}

/// Both ends of a queue.
pub(super) fn queue() -> (Jobs, Queue) {
    let (sender, receiver) = channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let jobs = Jobs {
        jobs: sender,
        waiting: Arc::clone(&waiting),
    };
    let queue = Queue {
        jobs: receiver,
        waiting,
    };
    (jobs, queue)
}

/// The worker's end of the queue.
pub(super) struct Queue {
    jobs: Receiver<Job>,
    /// Jobs that were submitted and not begun.
    waiting: Arc<AtomicUsize>,
}

/// What comes out of the queue.
pub(super) enum Next {
    Job(Job),
    /// Nothing was asked for a while.
    Idle,
    /// Nothing will be asked any more.
    End,
}

impl Queue {
    /// Waits for a job; with `idle_after`, no longer than that.
    pub(super) fn next(&self, idle_after: Option<Duration>) -> Next {
        let next = match idle_after {
            None => self.jobs.recv().map_or(Next::End, Next::Job),
            Some(idle) => match self.jobs.recv_timeout(idle) {
                Ok(job) => Next::Job(job),
                Err(RecvTimeoutError::Timeout) => Next::Idle,
                Err(RecvTimeoutError::Disconnected) => Next::End,
            },
        };
        if let Next::Job(_) = next {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        next
    }

    /// True when somebody waits for what is done now to end.
    pub(super) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

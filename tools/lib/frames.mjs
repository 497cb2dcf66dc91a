// What the main thread of a page does, frame by frame, out of Chromium's trace.

import { spread } from './figures.mjs';

/** A frame at 60 per second, in milliseconds. */
export const FRAME_MS = 1000 / 60;

const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel'];

/** The value below which `share` of the values lie. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Tasks of the page's main thread, as `{ start, ms }`, oldest first. Processor time where the trace has it: other programs' work is not ours. */
export function mainThreadTasks(events) {
  const named = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const busiest = named
    .map(({ pid, tid }) => tasksOf(events, pid, tid))
    .sort((a, b) => b.length - a.length);
  return busiest[0] ?? [];
}

function tasksOf(events, pid, tid) {
  return events
    .filter((event) => event.pid === pid && event.tid === tid)
    .filter(({ name, ph }) => ph === 'X' && name.endsWith('RunTask'))
    .map(({ ts, dur = 0, tdur = dur }) => ({ start: ts / 1000, ms: tdur / 1000 }))
    .sort((a, b) => a.start - b.start)
    .filter(isOutermost());
}

/** Tasks are reported twice, once inside the other: only the outer ones count. */
function isOutermost() {
  let end = -Infinity;
  return ({ start, ms }) => {
    if (start < end) return false;
    end = start + ms;
    return true;
  };
}

/** Milliseconds of work in each frame's time between the first task and the last. */
export function workPerFrame(tasks) {
  if (tasks.length === 0) return [];
  const from = tasks[0].start;
  const last = tasks.at(-1);
  const frames = new Array(Math.ceil((last.start + last.ms - from) / FRAME_MS) || 1).fill(0);
  // A task counts where it began: that is the frame it makes late.
  for (const { start, ms } of tasks) frames[Math.floor((start - from) / FRAME_MS)] += ms;
  return frames;
}

/** Frames that were due between these times of frames, in milliseconds, but were not made. */
export function droppedFrames(times) {
  const gaps = times.slice(1).map((time, i) => Math.round((time - times[i]) / FRAME_MS));
  return gaps.reduce((sum, gap) => sum + Math.max(0, gap - 1), 0);
}

/** Figures of a stretch of time: its trace, and the times at which frames were made. */
export function figuresOf(events, times) {
  const tasks = mainThreadTasks(events);
  const work = workPerFrame(tasks);
  return {
    frames: times.length,
    dropped: droppedFrames(times),
    work_ms: {
      mean: work.reduce((sum, ms) => sum + ms, 0) / Math.max(1, work.length),
      p95: percentile(work, 0.95),
      max: spread(work.length > 0 ? work : [0]).max,
    },
    longest_task_ms: tasks.reduce((longest, { ms }) => Math.max(longest, ms), 0),
  };
}

/** Runs `act` while the page's frames are counted and its main thread is traced. */
export async function watch(page, act) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const ended = new Promise((done) => session.once('Tracing.tracingComplete', done));
  await session.send('Tracing.start', { traceConfig: { includedCategories: CATEGORIES } });
  await page.evaluate(() => {
    const times = [];
    const frame = (time) => {
      times.push(time);
      if (window.frameTimes === times) requestAnimationFrame(frame);
    };
    window.frameTimes = times;
    requestAnimationFrame(frame);
  });
  await act();
  const times = await page.evaluate(() => {
    const times = window.frameTimes;
    window.frameTimes = null;
    return times;
  });
  await session.send('Tracing.end');
  await ended;
  await session.detach();
  return figuresOf(events, times);
}

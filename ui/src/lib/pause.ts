/** Long work in slices: after one, keys are heard and a frame is made. */

/** Milliseconds of work at a time: it leaves half a frame to everything else. */
export const SLICE = 7;

/** Resolves once all that waits had its turn. A timer would rest for some milliseconds more each time. */
export function pause(): Promise<void> {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}

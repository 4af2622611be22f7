import { AsyncResource } from 'node:async_hooks';

/** The context in which this module was loaded, which belongs to no request. */
const context = new AsyncResource('breakwater.circuit');

/**
 * Runs `fn` outside of the asynchronous context of whoever calls: what a circuit does later by itself belongs to no
 * request, whosever call has moved it, and keeps nothing of one.
 */
export function outsideRequests<T>(fn: () => T): T {
  return context.runInAsyncScope(fn);
}

/** breakwater/fetch: a `fetch` whose every request goes through a policy. */
export type { FetchCacheOptions, KeyedRequest, ResilientFetchOptions } from './options.ts';
export { resilientFetch } from './resilient-fetch.ts';

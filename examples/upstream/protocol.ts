/** How the upstream behaves: it answers, answers 503 with Retry-After, or takes requests and answers none. */
export type UpstreamMode = 'healthy' | 'unavailable' | 'hanging';

/** What the upstream sends once it listens. */
export interface UpstreamReady {
  readonly port: number;
}

export function isUpstreamMode(message: unknown): message is UpstreamMode {
  return message === 'healthy' || message === 'unavailable' || message === 'hanging';
}

export function isUpstreamReady(message: unknown): message is UpstreamReady {
  return (
    typeof message === 'object' && message !== null && 'port' in message && typeof message.port === 'number'
  );
}

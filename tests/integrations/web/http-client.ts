import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether the body arrived whole. */
  readonly complete: boolean;
}

export interface RequestOptions {
  readonly method?: string;
  readonly agent?: Agent;
  readonly body?: string;
}

/** Makes a request and reads its answer. Rejects when the connection ends before any answer. */
export function ask(
  url: string,
  { method = 'GET', agent, body: sentBody }: RequestOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent: agent ?? false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', () => {});
      response.on('close', () => {
        const { statusCode = 0, headers, complete } = response;
        resolve({ status: statusCode, headers, body, complete });
      });
    });
    sent.on('error', reject);
    sent.end(sentBody);
  });
}

/** One kept-alive connection, for requests one after the other. */
export function oneConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}

/** A request whose answer nobody reads, until its client goes away. */
export function askAndWait(url: string): {
  readonly answered: Promise<IncomingMessage>;
  goAway(): void;
} {
  const sent = request(url, { agent: false });
  sent.on('error', () => {});
  const answered = new Promise<IncomingMessage>((resolve) => sent.on('response', resolve));
  sent.end();
  return { answered, goAway: () => sent.destroy() };
}

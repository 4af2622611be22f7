import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { z } from 'zod';

/** A request as the vendor got it. */
export interface VendorRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

/** What the vendor documents of its requests. */
export interface VendorRules {
  /** The schema of the body of such a request; a request without one is a problem. */
  readonly schemaFor: (request: VendorRequest) => z.ZodType | undefined;
  /** The longest body, in bytes. */
  readonly maxBytes: number;
}

/** A vendor that looks at each request as its documentation says, in this process. */
export class VendorServer {
  readonly requests: VendorRequest[] = [];
  /** Where requests break the vendor's rules. */
  readonly problems: string[] = [];
  readonly #ok: () => Response | Promise<Response>;
  #answer: () => Response | Promise<Response>;

  constructor(origin: string, rules: VendorRules, ok: () => Response) {
    this.#ok = ok;
    this.#answer = ok;
    const server = setupServer(
      http.all(`${origin}/*`, async ({ request }) => {
        this.#look(await read(request), rules);
        return await this.#answer();
      }),
    );
    beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
    afterEach(() => this.reset());
    afterAll(() => server.close());
  }

  /** What each request gets from here on. */
  answerWith(status: number, headers: Record<string, string> = {}, body: string | null = null): void {
    this.#answer = () => new HttpResponse(body, { status, headers });
  }

  /** No request is answered from here on. */
  hang(): void {
    this.#answer = () => new Promise(() => {});
  }

  fail(): void {
    this.#answer = () => HttpResponse.error();
  }

  reset(): void {
    this.#answer = this.#ok;
    this.requests.length = 0;
    this.problems.length = 0;
  }

  #look(request: VendorRequest, { schemaFor, maxBytes }: VendorRules): void {
    this.requests.push(request);
    const bytes = Buffer.byteLength(request.text);
    if (bytes > maxBytes) this.problems.push(`a body of ${bytes} bytes, more than ${maxBytes}`);
    const result = schemaFor(request)?.safeParse(request.body);
    if (result === undefined) this.problems.push(`${request.method} ${request.path} is not documented`);
    else if (!result.success) {
      this.problems.push(...result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
    }
  }
}

async function read(request: Request): Promise<VendorRequest> {
  const { method, headers } = request;
  const { pathname, search } = new URL(request.url);
  const text = await request.text();
  return { method, path: `${pathname}${search}`, headers, text, body: JSON.parse(text) };
}

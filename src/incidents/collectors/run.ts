import { wallNow } from '../../core/clock.ts';
import { afterDelay } from '../../core/timers.ts';
import type { ChangeOf } from '../incident/changes/change.ts';
import type { IncidentJson } from '../incident/document.ts';
import { redact, summarizeError, truncate } from '../redact.ts';
import { BoundedOutput } from './bounded-output.ts';
import type { Collected, Collector } from './collector.ts';
import { jsonText } from './json-text.ts';
import type { CollectorSettings } from './options.ts';
import { redactLines } from './redact-lines.ts';
import { writeFileAtOnce } from './write-file.ts';

/** What a run is for. */
export interface CollectRequest {
  readonly incident: IncidentJson;
  /** The incident's folder, made when it is first asked for. */
  readonly folder: () => string;
  readonly signal?: AbortSignal | undefined;
}

/** How one collector ended. */
interface Result {
  readonly text: string;
  readonly isCut: boolean;
  readonly error: string | undefined;
}

const CUT = '[cut here: the file has reached its largest size]';

/** Runs a hub's collectors, a few at once over all incidents, each bounded in time and size. */
export class CollectorRunner {
  readonly #settings: CollectorSettings;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(settings: CollectorSettings) {
    this.#settings = settings;
  }

  /** Has each write its file. What fails is told by the change that it comes to; it never rejects. */
  async run(request: CollectRequest): Promise<readonly ChangeOf<'collected'>[]> {
    return await Promise.all(
      this.#settings.collectors.map(async (collector) => {
        await this.#turn();
        try {
          return await this.#collect(collector, request);
        } catch (error) {
          return notCollected(collector, error);
        } finally {
          this.#running -= 1;
          this.#waiting.shift()?.();
        }
      }),
    );
  }

  async #turn(): Promise<void> {
    while (this.#running >= this.#settings.concurrency) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
  }

  async #collect(collector: Collector, request: CollectRequest): Promise<ChangeOf<'collected'>> {
    const { text, isCut, error } = await this.#output(collector, request);
    if (text === '' && error !== undefined) return notCollected(collector, error);
    const content = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    await writeFileAtOnce(request.folder(), collector.file, content);
    return {
      type: 'collected',
      at: wallNow(),
      collector: collector.name,
      file: collector.file,
      bytes: Buffer.byteLength(content),
      truncated: isCut,
      ...(error === undefined ? {} : { error }),
    };
  }

  async #output(collector: Collector, { incident, signal }: CollectRequest): Promise<Result> {
    const maxBytes = collector.maxBytes ?? this.#settings.maxBytes;
    const timeoutMs = collector.timeoutMs ?? this.#settings.timeoutMs;
    const output = new BoundedOutput(maxBytes);
    const controller = new AbortController();
    const ended = endedBy(timeoutMs, signal);
    let given: Collected;
    let failure: { readonly error: unknown } | undefined;
    try {
      if (signal?.aborted === true) throw new Error(CLOSING);
      const context = {
        incident,
        signal: controller.signal,
        maxBytes,
        write: (text: string | Uint8Array) => output.write(text),
      };
      const collecting = (async () => await collector.collect(context))();
      given = await Promise.race([collecting, ended.promise]);
    } catch (error) {
      failure = { error };
    } finally {
      ended.clear();
    }
    if (typeof given === 'string' || given instanceof Uint8Array) output.write(given);
    output.close();
    controller.abort(failure?.error);
    const data =
      typeof given === 'object' && 'json' in given ? await jsonText(given.json, maxBytes) : undefined;
    const isCut = output.isCut || data?.isCut === true;
    const text = `${await redactLines(output.text())}${data?.text ?? ''}`;
    return {
      text: isCut ? `${truncateBytes(text, maxBytes)}\n${CUT}\n` : text,
      isCut,
      error: failure === undefined ? undefined : reasonOf(failure.error),
    };
  }
}

const CLOSING = 'the hub is closing';

/** Rejects when the time is up or `signal` aborts. */
function endedBy(
  timeoutMs: number,
  signal: AbortSignal | undefined,
): { readonly promise: Promise<never>; readonly clear: () => void } {
  let clear = (): void => {};
  const promise = new Promise<never>((_, reject) => {
    const cancel = afterDelay(timeoutMs, () =>
      reject(new Error(`it took longer than ${timeoutMs} ms and was ended`)),
    );
    const abort = (): void => reject(new Error(CLOSING));
    signal?.addEventListener('abort', abort, { once: true });
    clear = () => {
      cancel();
      signal?.removeEventListener('abort', abort);
    };
  });
  // It may end before anybody waits.
  promise.catch(() => {});
  return { promise, clear };
}

function truncateBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  return new TextDecoder().decode(Buffer.from(text).subarray(0, maxBytes)).replace(/\uFFFD+$/, '');
}

function reasonOf(error: unknown): string {
  const { name, code, message } = summarizeError(error);
  return truncate(
    name === 'Error' && code === undefined ? message : [name, code, message].filter(Boolean).join(' '),
    500,
  );
}

function notCollected({ name }: Collector, error: unknown): ChangeOf<'collected'> {
  return {
    type: 'collected',
    at: wallNow(),
    collector: redact(String(name), 64),
    bytes: 0,
    truncated: false,
    error: typeof error === 'string' ? error : reasonOf(error),
  };
}

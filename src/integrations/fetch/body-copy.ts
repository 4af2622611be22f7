/** A copy of a body as it passes by, given up when it grows too long. */
export class BodyCopy {
  readonly maxBytes: number;
  /** The whole body; `undefined` where it was too long or did not come to its end. */
  readonly bytes: Promise<Uint8Array | undefined>;
  #resolve: (bytes: Uint8Array | undefined) => void = () => {};
  #chunks: Uint8Array[] = [];
  #length = 0;
  #settled = false;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
    this.bytes = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  add(chunk: Uint8Array): void {
    if (this.#settled) return;
    this.#length += chunk.byteLength;
    if (this.#length > this.maxBytes) this.abandon();
    else this.#chunks.push(new Uint8Array(chunk));
  }

  /** The body is whole. */
  end(): void {
    this.#settle(() => {
      const whole = new Uint8Array(this.#length);
      let at = 0;
      for (const chunk of this.#chunks) {
        whole.set(chunk, at);
        at += chunk.byteLength;
      }
      return whole;
    });
  }

  /** There will be no copy. Does nothing once the body is whole. */
  abandon(): void {
    this.#settle(() => undefined);
  }

  #settle(result: () => Uint8Array | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#resolve(result());
    this.#chunks = [];
  }
}

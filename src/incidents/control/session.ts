/** The connection that a request came by. */
export interface ControlSession {
  /** Tells it something that it did not ask for. It is nothing where the connection has ended. */
  emit(event: string, data: unknown): void;
  /** Aborts when the connection has ended, however it did. */
  readonly ended: AbortSignal;
}

import { randomUUID } from 'node:crypto';

/** An id for a new message: unique, and without the full stop that would spoil a webhook's signature. */
export function messageId(): string {
  return `msg_${randomUUID().replaceAll('-', '')}`;
}

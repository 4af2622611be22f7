import { randomBytes } from 'node:crypto';

/** An id for a part of an incident: a letter for its kind and a random suffix, such as `h-3fa9c1d2`. */
export function newPartId(letter: string): string {
  return `${letter}-${randomBytes(4).toString('hex')}`;
}

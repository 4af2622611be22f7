import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { type LongWebAnswer, representationHeaders, type WebAnswer } from '../../web/answers.ts';

/** Sends `answer`, as Fastify does, in place of whatever was being prepared. */
export function reply(
  to: FastifyReply,
  { statusCode, headers, body }: WebAnswer | LongWebAnswer,
): FastifyReply {
  for (const name of representationHeaders) to.removeHeader(name);
  to.code(statusCode).headers(headers);
  if (typeof body !== 'string') return to.send(Readable.from(body));
  // A route's serializer is for its own documents.
  return to.serializer(String).send(body);
}

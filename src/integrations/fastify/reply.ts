import type { FastifyReply } from 'fastify';
import { representationHeaders, type WebAnswer } from '../../web/answers.ts';

/** Sends `answer`, as Fastify does, in place of whatever was being prepared. */
export function reply(to: FastifyReply, { statusCode, headers, body }: WebAnswer): FastifyReply {
  for (const name of representationHeaders) to.removeHeader(name);
  // A route's serializer is for its own documents.
  return to.code(statusCode).headers(headers).serializer(String).send(body);
}

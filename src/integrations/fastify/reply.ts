import type { FastifyReply } from 'fastify';
import { bodyStream, type LongWebAnswer, representationHeaders, type WebAnswer } from '../../web/answers.ts';

/** Sends `answer`, as Fastify does, in place of whatever was being prepared. */
export function reply(to: FastifyReply, { statusCode, headers, body }: WebAnswer): FastifyReply {
  setHead(to, statusCode, headers);
  // A route's serializer is for its own documents.
  return to.serializer(String).send(body);
}

/** Sends `answer` so, part by part. */
export function replyLong(to: FastifyReply, answer: LongWebAnswer): FastifyReply {
  setHead(to, answer.statusCode, answer.headers);
  return to.send(bodyStream(answer));
}

function setHead(to: FastifyReply, statusCode: number, headers: WebAnswer['headers']): void {
  for (const name of representationHeaders) to.removeHeader(name);
  to.code(statusCode).headers(headers);
}

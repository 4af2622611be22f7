import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { SloWebhookPayload, WebhookPayload } from 'breakwater/incidents';
import { Webhook } from 'standardwebhooks';

/** What comes by webhook: an alert about an incident, or an announcement about an error budget. */
export type Message = WebhookPayload | SloWebhookPayload;

/** The other end of the webhook sink: whoever is on call. */
export class AlertReceiver {
  readonly secret = `whsec_${randomBytes(24).toString('base64')}`;
  readonly #verifier = new Webhook(this.secret);
  readonly #server: Server;
  #port = 0;

  /** @param onMessage is told of each message whose signature holds; `onForged` of each whose does not */
  constructor(onMessage: (message: Message) => void, onForged: (reason: string) => void) {
    this.#server = createServer(async (request, response) => {
      try {
        const headers = {
          'webhook-id': String(request.headers['webhook-id']),
          'webhook-timestamp': String(request.headers['webhook-timestamp']),
          'webhook-signature': String(request.headers['webhook-signature']),
        };
        const payload = this.#verifier.verify(await bodyOf(request), headers);
        response.writeHead(204).end();
        if (isMessage(payload)) onMessage(payload);
      } catch (error) {
        response.writeHead(400).end();
        onForged(error instanceof Error ? error.message : String(error));
      }
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', () => resolve());
    });
    const address = this.#server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/alerts`;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  request.setEncoding('utf8');
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

function isMessage(payload: unknown): payload is Message {
  return (
    typeof payload === 'object' &&
    payload !== null &&
    'type' in payload &&
    typeof payload.type === 'string' &&
    /^(incident|slo)\./.test(payload.type) &&
    'data' in payload
  );
}

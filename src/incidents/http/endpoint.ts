/** Where a sink posts to, with the credentials of its URL moved to a header, where fetch takes them. */
export interface Endpoint {
  readonly href: string;
  readonly authorization: string | undefined;
}

/**
 * Reads a URL that notifications are posted to. Gives what is wrong with it instead, in words that repeat nothing
 * of it: it may hold a secret.
 */
export function readEndpoint(url: unknown, allowInsecure: boolean): Endpoint | string {
  const parsed = parseUrl(url);
  if (parsed === undefined) return "must be an absolute URL, such as 'https://alerts.example.com/hook'";
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return 'must be an https URL';
  if (parsed.protocol === 'http:' && !allowInsecure && !isLoopback(parsed.hostname)) {
    return 'must be an https URL, or a loopback one, unless allowInsecure is true';
  }
  try {
    const { username, password } = parsed;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    parsed.username = '';
    parsed.password = '';
    parsed.hash = '';
    const authorization =
      credentials === ':' ? undefined : `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`;
    return { href: parsed.href, authorization };
  } catch {
    return 'must have its user name and password percent-encoded';
  }
}

function parseUrl(url: unknown): URL | undefined {
  if (typeof url !== 'string' && !(url instanceof URL)) return undefined;
  return URL.canParse(String(url)) ? new URL(url) : undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

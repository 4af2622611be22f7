import { InvalidArgumentError, Option } from 'commander';
import { LONGEST_DURATION_MS, parseDuration } from '../slo/spec/durations.ts';
import { parsePercentage } from '../slo/spec/ratios.ts';
import { CommandFailure } from './context.ts';

/*
 * Parsers of what stands on the command line. Those of commander repeat the value in their message; what may hold a
 * secret is read by functions that do not.
 */

/** A duration with its unit, in milliseconds. */
export function durationArgument(text: string): number {
  const ms = parseDuration(text.trim());
  if (ms === undefined)
    throw new InvalidArgumentError('Write a duration with its unit, such as 10s, 5m or 30d.');
  if (!(ms > 0 && ms <= LONGEST_DURATION_MS)) {
    throw new InvalidArgumentError('It must be above 0 and at most 366d.');
  }
  return ms;
}

/** An option with a duration. `usual` is its default. */
export function durationOption(flags: string, description: string, usual: string): Option {
  return new Option(flags, description).argParser(durationArgument).default(durationArgument(usual), usual);
}

/** A share from 0 to 1, as a decimal or in percent. */
export function shareArgument(text: string): number {
  const given = text.trim();
  const share = /^\d+(\.\d+)?$|^\.\d+$/.test(given) ? Number(given) : parsePercentage(given);
  if (share === undefined || !(share >= 0 && share <= 1)) {
    throw new InvalidArgumentError('Write a share from 0 to 1, such as 0.1 or 10%.');
  }
  return share;
}

/** A name; of an option that may be given several times. */
export function nameArgument(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, wordArgument(text)];
}

/** A text that is not empty. */
export function wordArgument(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

/** Keeps all values of an option that may be given several times, as they are. */
export function eachValue(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/**
 * An option that a command cannot do without. Commander's own check would come before that for unknown options, and hide
 * that this one was misspelt.
 *
 * @throws {CommandFailure} when it was not given
 */
export function needed(value: string | undefined, option: string): string {
  if (value === undefined) throw new CommandFailure(`the option ${option} is needed; --help says more`);
  return value;
}

/** Where something is fetched from. */
export interface HttpAddress {
  /** Without user name, password and fragment. */
  readonly url: URL;
  readonly headers: Headers;
  /** As it may be printed: without its query too. */
  readonly shown: string;
}

/**
 * Reads an http or https address, with its credentials as a header. What is wrong with it is said without repeating it.
 *
 * @param option the option it was given with, for the message
 * @throws {CommandFailure} when it is none
 */
export function httpAddress(text: string, option: string): HttpAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CommandFailure(`${option} must be a URL such as http://localhost:9090`);
  }
  const headers = new Headers();
  try {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    if (credentials !== ':') {
      headers.set('authorization', `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`);
    }
  } catch {
    throw new CommandFailure(`${option} must have its user name and password percent-encoded`);
  }
  url.username = '';
  url.password = '';
  url.hash = '';
  return { url, headers, shown: `${url.origin}${url.pathname}`.replace(/\/$/, '') };
}

/**
 * Adds headers written as `Name: value`.
 *
 * @throws {CommandFailure} when one is no header; its value is not repeated
 */
export function addHeaders(headers: Headers, given: readonly string[]): void {
  for (const text of given) {
    const colon = text.indexOf(':');
    const name = text.slice(0, Math.max(0, colon)).trim();
    try {
      if (name === '') throw new TypeError('no name');
      headers.set(name, text.slice(colon + 1).trim());
    } catch {
      throw new CommandFailure("--header must be a header such as 'Authorization: Bearer ...'");
    }
  }
}

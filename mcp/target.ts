/**
 * A tool source with a `url`, made into something that can be connected to: the address and the headers, with
 * the variables that they name filled in.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { HttpSource } from '../domain/definition.ts';
import { AddressRefused, refuseAddress } from './address.ts';
import type { SourceRules } from './source.ts';
import { createVariables, SourceRefused, type Variables } from './variables.ts';

export interface Target {
  url: URL;
  /** Of every request; names in lower case. */
  headers: Record<string, string>;
  allowPrivate: boolean;
  /** Values that belong into no log and no message: variables, and what a URL carries beside its path. */
  secrets: string[];
}

/** Headers by which requests are told apart on a connection, or which belong to the protocol. */
const OURS = /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-.*)$/;
/** Ours win over the manifest's, silently: existing manifests name them. */
const OVERRIDDEN =
  /^(accept|accept-encoding|mcp-session-id|mcp-protocol-version|last-event-id|content-type)$/;

/** What to connect to for a source. Throws `SourceRefused`. */
export function targetOf(source: HttpSource, rules: Pick<SourceRules, 'env' | 'allowPrivateUrls'>): Target {
  const allowPrivate = rules.allowPrivateUrls ?? false;
  const variables = createVariables(rules.env);
  const url = parseUrl(withVariables(source.url, variables));
  refuseHost(url, allowPrivate);
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(source.headers)) {
    const lower = name.toLowerCase();
    if (OVERRIDDEN.test(lower)) continue;
    refuseName(name, lower);
    const value = variables.fill(text);
    refuseValue(name, value);
    headers[lower] = value;
  }
  return {
    url,
    headers,
    allowPrivate,
    secrets: [...variables.secrets, ...hiddenParts(url)],
  };
}

/** Only in the query: where a request goes is the manifest's word. */
function withVariables(text: string, variables: Variables): string {
  const [address = '', ...query] = text.split('?');
  return [address, ...query.map((part) => variables.fill(part, encodeURIComponent))].join('?');
}

function parseUrl(text: string): URL {
  // The text may hold a password, so it is not repeated.
  if (!URL.canParse(text)) throw new SourceRefused('its url is no URL; expected http://… or https://…');
  const url = new URL(text);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new SourceRefused(`its url begins with ${url.protocol}; expected http: or https:`);
}

/** A host that is written as an address is not looked up, so it is judged here. */
function refuseHost(url: URL, allowPrivate: boolean): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!/^[\d.]+$/.test(host) && !host.includes(':')) return;
  try {
    refuseAddress(host, allowPrivate);
  } catch (error) {
    throw error instanceof AddressRefused ? new SourceRefused(error.message) : error;
  }
}

function refuseName(name: string, lower: string): void {
  try {
    validateHeaderName(name);
  } catch {
    throw new SourceRefused(`expected the name of a header, got ${JSON.stringify(name)}`);
  }
  if (OURS.test(lower)) throw new SourceRefused(`a manifest may not set the header ${name}`);
}

function refuseValue(name: string, value: string): void {
  try {
    validateHeaderValue(name, value);
  } catch {
    throw new SourceRefused(
      `the value of the header ${name} has a character that no header may have, such as a line break; ` +
        'look at the end of the variables that it names',
    );
  }
}

/** As they are written, as they are meant, and as the header that credentials are sent in. */
function hiddenParts({ username, password, search, searchParams }: URL): string[] {
  const written = [username, password, search.slice(1)].filter((part) => part !== '');
  const meant = written.map(decoded);
  const sent = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
  return [...written, ...meant, ...searchParams.values(), ...(username + password === '' ? [] : [sent])];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * What is refused before any route is looked at. The server has no authentication and listens on a loopback
 * address, so a web page in the user's browser must not reach it: neither by a name that was pointed at the
 * loopback address (DNS rebinding), nor by a form or script of another origin.
 */
import type { NextFunction, Request, Response } from 'express';
import { sendRefusal } from './mount.ts';
import { refusal, type Refusal } from './problem.ts';

export function guard(request: Request, response: Response, next: NextFunction): void {
  const refused = refuse(request);
  if (refused === null) next();
  else sendRefusal(response, refused);
}

function refuse(request: Request): Refusal | null {
  const host = request.headers.host ?? '';
  if (!isLoopback(host)) {
    return refusal(
      403,
      `expected the Host of a loopback address, such as localhost, got "${host.slice(0, 200)}"`,
    );
  }
  const { origin } = request.headers;
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (origin !== undefined && !reads && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return refusal(
      403,
      `requests that change something are not taken from the origin ${origin.slice(0, 200)}`,
    );
  }
  if (!isDecodable(request.url)) {
    return refusal(400, 'the address has percent-encoding that cannot be read as UTF-8');
  }
  return null;
}

/** `localhost`, 127.0.0.0/8 or `[::1]`, with or without a port. */
function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i.test(host);
}

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}

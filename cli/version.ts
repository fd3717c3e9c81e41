/** The version of Warden, from its package.json: two folders up when compiled, one when not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function wardenVersion(): string {
  for (const up of ['..', '../..']) {
    const version = versionIn(join(import.meta.dirname, up, 'package.json'));
    if (version !== null) return version;
  }
  return 'unknown';
}

function versionIn(file: string): string | null {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  if (typeof content !== 'object' || content === null || !('version' in content)) return null;
  return typeof content.version === 'string' ? content.version : null;
}

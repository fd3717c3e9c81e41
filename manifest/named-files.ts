/**
 * The files that a manifest names: found under their root and nowhere else, regular, of bounded size, UTF-8.
 * Each is read once, so that every step which names it gets the same text.
 */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { messageOf } from '../expression/error.ts';
import { shown } from './problem.ts';
import type { Complaint } from './problem.ts';
import { readText } from './scalar.ts';
import { complain } from './tree.ts';
import type { At, Source } from './tree.ts';

export interface Roots {
  prompts: string;
  policies: string;
  schemas: string;
  compensations: string;
}

export interface NamedFiles {
  /** The file that the text at `at` names; null when it names none that may be read, which is reported. */
  open(at: At, root: keyof Roots, defaultExtension?: string): Source | null;
}

const VARIABLES: Readonly<Record<keyof Roots, string>> = {
  prompts: 'PROMPTS_ROOT',
  policies: 'POLICIES_ROOT',
  schemas: 'SCHEMAS_ROOT',
  compensations: 'COMPENSATIONS_ROOT',
};
const MAX_FILE = 1024 * 1024;
/** All namings together: each becomes a part of the one definition, also those of the same file. */
const MAX_FROZEN = 8 * 1024 * 1024;

type Reading = { kind: 'text'; text: string } | { kind: 'refused'; complaint: Complaint };

export function createNamedFiles(roots: Roots): NamedFiles {
  const known = new Map<string, Reading>();
  let frozen = 0;
  return {
    open: (at, root, defaultExtension = '') => {
      const name = readText(at, { expected: `the path of a file under ${VARIABLES[root]}`, max: 1000 });
      if (name === null) return null;
      const wrong = wrongName(name);
      if (wrong !== null) {
        complain(at, {
          expected: `a relative path inside ${VARIABLES[root]}`,
          found: shown(name),
          hint: wrong,
        });
        return null;
      }
      const path = /\.[^./]+$/.test(name) ? name : `${name}${defaultExtension}`;
      const file = join(roots[root], path);
      const reading = known.get(file) ?? readNamed(roots[root], path, VARIABLES[root]);
      known.set(file, reading);
      if (reading.kind === 'refused') {
        complain(at, reading.complaint);
        return null;
      }
      frozen += reading.text.length;
      if (frozen > MAX_FROZEN) {
        complain(at, { expected: `named files of at most ${MAX_FROZEN} characters together`, found: 'more' });
        return null;
      }
      return { file, text: reading.text, report: at.source.report };
    },
  };
}

function wrongName(name: string): string | null {
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) return 'absolute paths are not read';
  if (name.includes('\\')) return 'write "/" between names';
  if (name.split('/').includes('..')) return '".." is not followed';
  return /[\0-\x1f\x7f]/.test(name) ? 'control characters are not part of a name' : null;
}

function readNamed(root: string, path: string, variable: string): Reading {
  const refuse = (expected: string, found: string): Reading => ({
    kind: 'refused',
    complaint: { expected, found },
  });
  const wanted = `the file ${shown(path)} under ${variable}`;
  try {
    const realRoot = realpathSync(root);
    const real = realpathSync(join(root, path));
    const inside = relative(realRoot, real);
    if (inside === '..' || inside.startsWith(`..${sep}`)) {
      return refuse(wanted, 'a symbolic link that leaves it');
    }
    if (!statSync(real).isFile()) return refuse(`${wanted} to be a regular file`, 'something else');
    return readWhole(real, wanted);
  } catch (error) {
    return refuse(wanted, reasonOf(error));
  }
}

/** What was checked may be replaced meanwhile: never waits on a pipe, never follows a link, never reads on. */
function readWhole(real: string, wanted: string): Reading {
  const handle = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(handle).isFile()) {
      return {
        kind: 'refused',
        complaint: { expected: `${wanted} to be a regular file`, found: 'something else' },
      };
    }
    const buffer = Buffer.alloc(MAX_FILE + 1);
    let length = 0;
    for (let read = 1; read > 0 && length < buffer.length; length += read) {
      read = readSync(handle, buffer, length, buffer.length - length, length);
    }
    if (length > MAX_FILE) {
      return {
        kind: 'refused',
        complaint: { expected: `${wanted} to have at most ${MAX_FILE} bytes`, found: 'more' },
      };
    }
    return decode(buffer.subarray(0, length), wanted);
  } finally {
    closeSync(handle);
  }
}

function decode(bytes: Uint8Array, wanted: string): Reading {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return { kind: 'text', text };
  } catch {
    // Answered below, with the NUL character that UTF-8 allows and no store does.
  }
  return { kind: 'refused', complaint: { expected: `${wanted} to be text in UTF-8`, found: 'other bytes' } };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'a file that this process may not read';
  if (code === 'ELOOP') return 'symbolic links without an end';
  return typeof code === 'string' ? `an error (${code})` : messageOf(error);
}

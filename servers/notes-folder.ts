/**
 * The folder of a notes server: reading and writing notes without ever leaving it. A note's path is relative,
 * with `/` between names; names that begin with a dot are reserved, and no part of it may be a symbolic link.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The answer with a note must stay below what a client takes as one message. */
export const NOTE_LIMIT_BYTES = 4 * 1024 * 1024;

/** A call that cannot be done as asked; the message is for whoever called. Nothing took effect. */
export class NoteRefused extends Error {
  override name = 'NoteRefused';
}

export interface NotesFolder {
  /** Notes directly in `folder` ('' is the top), by name. */
  list(folder: string): { path: string; bytes: number }[];
  /** Contents, or null when there is no such note. Throws `NoteRefused` for what is no text. */
  read(path: string): string | null;
  /** Creates or replaces, in one step on the disk. */
  write(path: string, content: string): void;
  remove(path: string): void;
}

/** Opens (and creates) the folder. */
export function openFolder(root: string): NotesFolder {
  mkdirSync(root, { recursive: true });

  function list(folder: string): { path: string; bytes: number }[] {
    const directory = folder === '' ? root : locate(root, folder);
    if (kindOf(directory) !== 'directory') throw new NoteRefused(`expected a folder, "${folder}" is none`);
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => ({
        path: folder === '' ? entry.name : `${folder}/${entry.name}`,
        bytes: lstatSync(join(directory, entry.name)).size,
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  return {
    list,
    read: (path) => {
      const file = locate(root, path);
      const kind = kindOf(file);
      if (kind === null) return null;
      if (kind !== 'file') throw new NoteRefused(`expected a note, "${path}" is a ${kind}`);
      return readText(file, path);
    },
    write: (path, content) => {
      const file = locate(root, path);
      const kind = kindOf(file);
      if (kind !== null && kind !== 'file') throw new NoteRefused(`expected a note, "${path}" is a ${kind}`);
      refuseLarge(Buffer.byteLength(content), path);
      mkdirSync(dirname(file), { recursive: true });
      const temporary = join(dirname(file), `.${process.pid}.tmp`);
      writeFileSync(temporary, content);
      renameSync(temporary, file);
    },
    remove: (path) => rmSync(locate(root, path), { force: true }),
  };
}

/** Puts back what a note held before; null: there was none. */
export function restore(folder: NotesFolder, path: string, earlier: string | null): void {
  if (earlier === null) folder.remove(path);
  else folder.write(path, earlier);
}

/** Anything but text would not come back as it was when a write over it is undone. */
function readText(file: string, path: string): string {
  refuseLarge(lstatSync(file).size, path);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch {
    throw new NoteRefused(`expected a note, "${path}" is not UTF-8 text`);
  }
}

function refuseLarge(bytes: number, path: string): void {
  if (bytes <= NOTE_LIMIT_BYTES) return;
  throw new NoteRefused(
    `expected at most ${NOTE_LIMIT_BYTES} bytes in a note, "${path}" would have ${bytes}`,
  );
}

/** The file of a note. Throws `NoteRefused` for a path that is not plainly inside the folder. */
function locate(root: string, path: string): string {
  const names = path.split('/');
  const plain = names.every((name) => name !== '' && !name.startsWith('.') && !/[\\\0]/.test(name));
  if (!plain) {
    throw new NoteRefused(
      `expected a relative path inside the notes folder, such as "drafts/today.md", got ${JSON.stringify(path)}; ` +
        'no leading "/", no "..", no name that begins with a dot',
    );
  }
  let location = root;
  names.forEach((name, index) => {
    location = join(location, name);
    const kind = kindOf(location);
    const isLast = index === names.length - 1;
    if (kind === 'link')
      throw new NoteRefused(`"${path}" leads through a symbolic link, which is not followed`);
    if (!isLast && kind === 'file')
      throw new NoteRefused(`"${path}" leads through a note as if it were a folder`);
  });
  return location;
}

function kindOf(location: string): 'file' | 'directory' | 'link' | 'special' | null {
  const found = lstatSync(location, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (found.isSymbolicLink()) return 'link';
  if (found.isFile()) return 'file';
  return found.isDirectory() ? 'directory' : 'special';
}

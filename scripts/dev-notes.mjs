/** Settings of the bundled notes server in a stack, and the notes that its example starts from. */
import { cp, mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './dev-prepare.mjs';

/**
 * Allows the notes server, and names its folder and record unless the environment does.
 * @param {string} state folder of the stack
 * @param {Record<string, string | undefined>} env
 */
export function notesSettings(state, env) {
  const allowed = new Set((env.WARDEN_STDIO_ALLOW ?? '').split(',').map((name) => name.trim()));
  allowed.delete('');
  allowed.add('warden-notes');
  return {
    WARDEN_STDIO_ALLOW: [...allowed].join(','),
    WARDEN_NOTES_FOLDER: env.WARDEN_NOTES_FOLDER || join(state, 'notes'),
    WARDEN_NOTES_RECORD: env.WARDEN_NOTES_RECORD || join(state, 'notes-record.jsonl'),
  };
}

/** Puts the example's notes (config/notes) into a folder that does not exist yet; one that does is left alone. */
export async function seedNotes(folder) {
  if (existsSync(folder)) return;
  const examples = join(root, 'config', 'notes');
  if (existsSync(examples)) await cp(examples, folder, { recursive: true });
  else await mkdir(folder, { recursive: true });
}

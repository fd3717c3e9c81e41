/** Settings of the bundled notes server in a stack, and the notes that its example starts from. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Allows the notes server, and names its folder and record unless the environment does.
 * @param {string} state folder of the stack
 * @param {Record<string, string | undefined>} env
 */
export async function notesSettings(state, env) {
  const allowed = new Set((env.WARDEN_STDIO_ALLOW ?? '').split(',').map((name) => name.trim()));
  allowed.delete('');
  allowed.add('warden-notes');
  const folder = env.WARDEN_NOTES_FOLDER || join(state, 'notes');
  await mkdir(folder, { recursive: true });
  return {
    WARDEN_STDIO_ALLOW: [...allowed].join(','),
    WARDEN_NOTES_FOLDER: folder,
    WARDEN_NOTES_RECORD: env.WARDEN_NOTES_RECORD || join(state, 'notes-record.jsonl'),
  };
}

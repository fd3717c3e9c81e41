/** Settings of the bundled tool servers in a stack, and the notes and issues that its examples start from. */
import { copyFile, cp, mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './dev-prepare.mjs';

/**
 * Allows the bundled servers, and names their files unless the environment does.
 * @param {string} state folder of the stack
 * @param {Record<string, string | undefined>} env
 */
export function notesSettings(state, env) {
  const allowed = new Set((env.WARDEN_STDIO_ALLOW ?? '').split(',').map((name) => name.trim()));
  allowed.delete('');
  return {
    WARDEN_STDIO_ALLOW: [...allowed.add('warden-notes').add('warden-issues')].join(','),
    WARDEN_NOTES_FOLDER: env.WARDEN_NOTES_FOLDER || join(state, 'notes'),
    WARDEN_NOTES_RECORD: env.WARDEN_NOTES_RECORD || join(state, 'notes-record.jsonl'),
    WARDEN_ISSUES_FILE: env.WARDEN_ISSUES_FILE || join(state, 'issues.json'),
    WARDEN_ISSUES_RECORD: env.WARDEN_ISSUES_RECORD || join(state, 'issues-record.jsonl'),
  };
}

/**
 * Puts the examples' notes (config/notes) and issues (config/issues.json) where they are kept; what is there
 * already is left alone.
 * @param {ReturnType<typeof notesSettings>} settings
 */
export async function seedExamples({ WARDEN_NOTES_FOLDER: folder, WARDEN_ISSUES_FILE: issues }) {
  if (!existsSync(folder)) await seedNotes(folder);
  if (existsSync(issues)) return;
  await mkdir(dirname(issues), { recursive: true });
  await copyFile(join(root, 'config', 'issues.json'), issues);
}

async function seedNotes(folder) {
  const examples = join(root, 'config', 'notes');
  if (existsSync(examples)) await cp(examples, folder, { recursive: true });
  else await mkdir(folder, { recursive: true });
}

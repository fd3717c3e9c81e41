/** Writes docs/cli.md from the commands as they were built: `npm run build && node scripts/cli-reference.mjs`. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { createProgram } = await import(join(root, 'dist', 'cli', 'program.js'));
const { referenceOf } = await import(join(root, 'dist', 'cli', 'reference.js'));

const file = join(root, 'docs', 'cli.md');
// None of the commands runs, so nothing of what they are handed is needed.
const text = referenceOf(createProgram({}));
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'markdown' }));
